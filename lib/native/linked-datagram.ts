import type {
  DatagramBackend,
  DatagramCapabilities,
  DatagramMemoryUse,
  DatagramSnapshot,
  Errno,
  HotDatagramOption,
  Literal,
  PriorityClass,
  RemoteAddress,
  SendMeta,
  SendStage,
} from '../runtime'
import { addon } from './addon'
import { PAGE_GENERATIONS_AT, SendFlag } from './datagram-layout'
import type { DatagramLink } from './datagram-link'
import { PEER_BYTES, PeerField } from './layout'
import type { EncodedMeta } from './send-ring'

const NO_META = { flags: 0, trafficClass: 0, hopLimit: 0, localFamily: 0, interfaceIndex: 0, expiresMs: 0 }

/** Memory of a SendBatch; the link counts what was sent from it. */
class Stage implements SendStage {
  readonly id: number
  readonly bytes: Uint8Array
  readonly #link: DatagramLink

  constructor(id: number, bytes: Uint8Array, link: DatagramLink) {
    this.id = id
    this.bytes = bytes
    this.#link = link
  }

  get busy(): boolean {
    if (this.#link.staged[this.id] === 0) return false
    this.#link.sends.refresh()
    return this.#link.staged[this.id] !== 0
  }
}

/** What the owner of a socket and a thread that is attached to one have in common: all that goes by the link. */
export abstract class LinkedDatagram implements DatagramBackend {
  abstract readonly capabilities: DatagramCapabilities
  readonly #free: Stage[] = []
  readonly #meta = { ...NO_META, localAddress: new Uint8Array(16) }
  // Filled for each datagram and read at once: no object of its own for any of them, also where V8 does not see that.
  readonly #from = { slot: -1, area: 0 }
  readonly #entry = { offset: 0, bytes: 0, packets: 1, to: 0, segmentBytes: 0 }
  #source = ''
  #sourceFamily = 0
  #stageBytes = 0

  /** Made at the first use: a socket that does nothing holds nothing. */
  protected abstract get link(): DatagramLink
  /** The remote end of a connected socket. */
  protected abstract get connectedTo(): RemoteAddress | null
  /** Another area for stages: its number, or -1. */
  protected abstract makeArea(bytes: number): { id: number; bytes: Uint8Array } | null
  protected abstract cancelNow(token: number): void
  protected abstract get page(): Uint8Array

  abstract bind(at: Literal): void
  abstract connect(to: Literal | null): void
  abstract set(option: HotDatagramOption, value: number | boolean | string): Errno
  abstract membership(group: string, source: string, interfaceName: string, join: boolean): Errno
  abstract steer(count: number): Errno
  abstract share(receive: boolean): unknown
  abstract snapshot(): DatagramSnapshot
  abstract memory(): DatagramMemoryUse
  abstract ref(on: boolean): void
  abstract close(): void
  abstract abort(): void
  abstract setReading(on: boolean): void

  protected get stageBytes(): number {
    return this.#stageBytes
  }

  peer(to: Literal): number {
    return this.link.destinations.intern(to)
  }

  releasePeer(id: number): void {
    this.link.destinations.release(id)
  }

  remote(peer: number): RemoteAddress {
    return peer === 0 && this.connectedTo !== null ? this.connectedTo : this.link.remote(peer)
  }

  get tx(): Uint8Array {
    return this.link.transmit
  }

  get pendingPackets(): number {
    const { sends } = this.link
    sends.refresh()
    return sends.pendingPackets
  }

  get pendingBytes(): number {
    const { sends } = this.link
    sends.refresh()
    return sends.pendingBytes
  }

  reserve(bytes: number, priority: PriorityClass, packets: number): number {
    return this.link.reserve(bytes, priority, packets)
  }

  commit(bytes: number, peer: number, segmentBytes: number, meta: SendMeta | null, token: number): void {
    this.link.commit(bytes, peer, segmentBytes, meta === null ? null : this.#encode(meta), token)
  }

  sendSlot(
    slot: number,
    offset: number,
    bytes: number,
    peer: number,
    segmentBytes: number,
    priority: PriorityClass,
    meta: SendMeta | null,
  ): boolean {
    this.#from.slot = slot
    this.#from.area = 0
    return this.#sendElsewhere(offset, bytes, peer, segmentBytes, priority, meta)
  }

  stage(bytes: number): SendStage | null {
    // One may have been let go while its datagrams were still queued.
    const fits = this.#free.findIndex((stage) => stage.bytes.length >= bytes && !stage.busy)
    if (fits >= 0) return this.#free.splice(fits, 1)[0]
    const area = this.makeArea(bytes)
    if (area === null) return null
    this.#stageBytes += area.bytes.length
    return new Stage(area.id, area.bytes, this.link)
  }

  releaseStage(stage: SendStage): void {
    if (stage instanceof Stage && !this.#free.includes(stage)) this.#free.push(stage)
  }

  sendStaged(
    stage: SendStage,
    offset: number,
    bytes: number,
    peer: number,
    segmentBytes: number,
    priority: PriorityClass,
    meta: SendMeta | null,
  ): boolean {
    this.#from.slot = -1
    this.#from.area = stage.id
    return this.#sendElsewhere(offset, bytes, peer, segmentBytes, priority, meta)
  }

  #sendElsewhere(
    offset: number,
    bytes: number,
    to: number,
    segmentBytes: number,
    priority: PriorityClass,
    meta: SendMeta | null,
  ): boolean {
    const entry = this.#entry
    entry.offset = offset
    entry.bytes = bytes
    entry.packets = segmentBytes === 0 ? 1 : Math.max(1, Math.ceil(bytes / segmentBytes))
    entry.to = to
    entry.segmentBytes = segmentBytes
    return this.link.sendElsewhere(this.#from, entry, priority, meta === null ? null : this.#encode(meta))
  }

  cancel(token: number): void {
    // Whatever was written before the call goes into the rings first, so that the reactor finds it there.
    this.link.sends.publish()
    this.cancelNow(token)
  }

  flush(): void {
    this.link.flush()
  }

  keep(first: number, end: number): boolean {
    return this.link.received.keep(first, end)
  }

  giveBack(slots: Uint32Array): void {
    this.link.giveBack(slots)
  }

  isCurrent(slot: number, generation: number): boolean {
    const { buffer, byteOffset } = this.page
    return new Uint32Array(buffer, byteOffset + PAGE_GENERATIONS_AT + slot * 4, 1)[0] === generation
  }

  /** Hot options that concern this link alone. False = not one of them. */
  protected setOwn(option: HotDatagramOption, value: number | boolean | string): boolean {
    const { limits } = this.link.sends
    if (option === 'maxQueuedPackets') limits.maxQueuedPackets = Number(value)
    else if (option === 'maxQueuedBytes') limits.maxQueuedBytes = Number(value)
    else if (option === 'drainRatio') limits.drainRatio = Number(value)
    else if (option === 'overflow') limits.evictLower = value === 'evictLower'
    else return false
    return true
  }

  /** One object for all: it is copied into the ring at once. */
  #encode(meta: SendMeta): EncodedMeta {
    const into = this.#meta
    let flags = 0
    if (meta.trafficClass !== undefined) {
      flags |= SendFlag.trafficClass
      into.trafficClass = meta.trafficClass
    }
    if (meta.hopLimit !== undefined) {
      flags |= SendFlag.hopLimit
      into.hopLimit = meta.hopLimit
    }
    if (meta.expiresMs !== undefined) {
      flags |= SendFlag.expires
      into.expiresMs = meta.expiresMs
    }
    if (meta.localAddress !== undefined || meta.interfaceIndex !== undefined) {
      flags |= SendFlag.source
      into.interfaceIndex = meta.interfaceIndex ?? 0
      into.localFamily = meta.localAddress === undefined ? 0 : this.#encodeSource(meta.localAddress)
    }
    into.flags = flags
    return into
  }

  #encodeSource(address: string): number {
    if (address === this.#source) return this.#sourceFamily
    const record = new Uint8Array(PEER_BYTES)
    const known = addon().parseAddress(record, address, 0) === 0
    this.#source = address
    this.#sourceFamily = known ? record[PeerField.family] : 0
    this.#meta.localAddress.set(record.subarray(PeerField.host, PeerField.host + 16))
    return this.#sourceFamily
  }
}
