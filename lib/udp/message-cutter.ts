import { type DatagramBatch, ReceiveFlag, bufferView } from '../runtime'
import type { LocalAddresses } from './batch-address'
import type { Peer, PeerBook } from './peers'
import type { UdpMessageInfo } from './types'

/** A kept message keeps at most that much alive, unless one entry alone is larger. */
const CHUNK_BYTES = 16384
/** Copies that begin on such a boundary are cheap; others out of shared memory cost four times as much. */
const ALIGN = 64

const aligned = (bytes: number): number => (bytes + ALIGN - 1) & -ALIGN

/** What the socket was asked to receive beside the payload. */
export interface Metadata {
  readonly ecn: boolean
  readonly packetInfo: boolean
  readonly hopLimit: boolean
  readonly timestamps: boolean
}

/** Makes messages of a burst: each has a Buffer of its own, though several lie in one piece of memory. */
export class MessageCutter {
  readonly #peers: PeerBook
  readonly #addresses: LocalAddresses
  readonly #metadata: Metadata
  readonly #plain: boolean

  constructor(peers: PeerBook, addresses: LocalAddresses, metadata: Metadata) {
    this.#peers = peers
    this.#addresses = addresses
    this.#metadata = metadata
    this.#plain = !Object.values(metadata).includes(true)
  }

  cut(batch: DatagramBatch, take: (data: Buffer, info: UdpMessageInfo) => void): void {
    const { end, length } = batch
    let from = batch.first
    while (from < end) {
      let bytes = aligned(length[from])
      let to = from + 1
      while (to < end && bytes + aligned(length[to]) <= CHUNK_BYTES) bytes += aligned(length[to++])
      this.#cutChunk(batch, from, to, bytes, take)
      from = to
    }
  }

  #cutChunk(
    batch: DatagramBatch,
    from: number,
    to: number,
    bytes: number,
    take: (data: Buffer, info: UdpMessageInfo) => void,
  ): void {
    const { slab, offset, length } = batch
    const chunk = Buffer.allocUnsafeSlow(bytes)
    const { buffer } = chunk
    // All copies come first: a listener may let the burst go.
    for (let i = from, at = 0; i < to; at += aligned(length[i++])) {
      if (length[i] > 0) chunk.set(slab.subarray(offset[i], offset[i] + length[i]), at)
    }
    for (let i = from, at = 0; i < to; at += aligned(length[i++])) {
      const all = length[i]
      const step = batch.segmentBytes[i]
      const peer = this.#peers.ofReceived(batch.peerId[i])
      if (step === 0) take(bufferView(buffer, at, all), this.#infoOf(batch, i, peer, batch.fullLength[i]))
      else {
        for (let done = 0; done < all; done += step) {
          const size = Math.min(step, all - done)
          take(bufferView(buffer, at + done, size), this.#infoOf(batch, i, peer, size))
        }
      }
    }
  }

  #infoOf(batch: DatagramBatch, i: number, peer: Peer, size: number): UdpMessageInfo {
    if (this.#plain && peer.info?.size === size) return peer.info
    const { address, port, family } = peer
    const info: { -readonly [Name in keyof UdpMessageInfo]: UdpMessageInfo[Name] } = {
      address,
      port,
      family,
      size,
      peer,
    }
    if (this.#plain) return (peer.info = Object.freeze(info))
    const { ecn, packetInfo, hopLimit, timestamps } = this.#metadata
    if (ecn) info.ecn = batch.trafficClass[i] & 3
    if (hopLimit) info.hopLimit = batch.hopLimit[i]
    if (packetInfo && (batch.flags[i] & ReceiveFlag.packetInfo) !== 0) {
      info.localAddress = this.#addresses.text(batch.localAddress, i * 16, batch.family[i])
      info.interfaceIndex = batch.interfaceIndex[i]
    }
    if (timestamps && (batch.flags[i] & ReceiveFlag.timestamp) !== 0) {
      info.timestampMs = batch.timestampSeconds[i] * 1000 + batch.timestampNanoseconds[i] / 1e6
    }
    return Object.freeze(info)
  }
}
