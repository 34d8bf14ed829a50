import { type DatagramBatch, ReceiveFlag, bufferView } from '../runtime'
import type { LocalAddresses } from './batch-address'
import type { Peer, PeerBook } from './peers'
import type { UdpMessageInfo } from './types'

/** A kept message keeps at most that much alive, unless one entry alone is larger. */
const CHUNK_BYTES = 16384
/** Copies that begin on such a boundary are cheap; others out of shared memory cost four times as much. */
const ALIGN = 64

/** Up to that many bytes a loop over words is faster than the two views that a copy of a part needs. */
const SHORT_BYTES = 256
/** Looked up once: as an import it is a getter that each message would call. */
const view = bufferView
const aligned = (bytes: number): number => (bytes + ALIGN - 1) & -ALIGN

type Take = (data: Buffer, info: UdpMessageInfo) => void

function copyWords(from: Uint32Array, at: number, to: Uint32Array, start: number, count: number): void {
  for (let i = 0; i < count; i++) to[start + i] = from[at + i]
}

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
  #slab: Uint8Array | null = null
  #slabWords: Uint32Array = new Uint32Array(0)

  constructor(peers: PeerBook, addresses: LocalAddresses, metadata: Metadata) {
    this.#peers = peers
    this.#addresses = addresses
    this.#metadata = metadata
    this.#plain = !Object.values(metadata).includes(true)
  }

  cut(batch: DatagramBatch, take: Take): void {
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

  #cutChunk(batch: DatagramBatch, from: number, to: number, bytes: number, take: Take): void {
    const { slab, offset, length } = batch
    const chunk = Buffer.allocUnsafeSlow(bytes)
    const memory = chunk.buffer
    // All copies come first: a listener may let the burst go.
    const from32 = this.#wordsOf(slab)
    const to32 = new Uint32Array(memory)
    for (let i = from, at = 0; i < to; at += aligned(length[i++])) {
      const start = offset[i]
      const all = length[i]
      if (all <= SHORT_BYTES && start % 4 === 0 && start + all + 3 <= from32.byteLength) {
        copyWords(from32, start >> 2, to32, at >> 2, (all + 3) >> 2)
      } else chunk.set(slab.subarray(start, start + all), at)
    }
    let peerId = batch.peerId[from]
    let peer = this.#peers.ofReceived(peerId)
    for (let i = from, at = 0; i < to; at += aligned(length[i++])) {
      const all = length[i]
      if (batch.peerId[i] !== peerId) peer = this.#peers.ofReceived((peerId = batch.peerId[i]))
      if (batch.segmentBytes[i] === 0) take(view(memory, at, all), this.#infoOf(batch, i, peer, batch.fullLength[i]))
      else this.#cutRun(batch, i, peer, memory, at, take)
    }
  }

  /** The slab in words; none of them where it does not begin on one. */
  #wordsOf(slab: Uint8Array): Uint32Array {
    if (slab === this.#slab) return this.#slabWords
    const whole = slab.byteOffset % 4 === 0
    this.#slab = slab
    this.#slabWords = whole ? new Uint32Array(slab.buffer, slab.byteOffset, slab.length >> 2) : new Uint32Array(0)
    return this.#slabWords
  }

  /** Datagrams that the system joined: all but the last have one size, hence one info. */
  #cutRun(batch: DatagramBatch, i: number, peer: Peer, memory: ArrayBufferLike, at: number, take: Take): void {
    const step = batch.segmentBytes[i]
    const end = at + batch.length[i]
    let from = at
    if (this.#plain) {
      const info = this.#infoOf(batch, i, peer, step)
      for (; from + step <= end; from += step) take(view(memory, from, step), info)
    }
    for (; from < end; from += step) {
      const size = Math.min(step, end - from)
      take(view(memory, from, size), this.#infoOf(batch, i, peer, size))
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
