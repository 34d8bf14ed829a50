import { ErrorCode, NetvolleyError, optionInvalid } from '../errors'
import { type DatagramBackend, type PriorityClass, type SendMeta, checkInteger } from '../runtime'
import { checkFits, checkSendOptions, classOf, metaOf, payloadBytes, socketClosed } from './checks'
import type { CheckedUdpOptions } from './options'
import type { Destination, PeerBook } from './peers'
import type { SendOptions, UdpPeer, UdpTarget } from './types'

const CONNECTED = { IPv4: { id: 0, family: 'IPv4' }, IPv6: { id: 0, family: 'IPv6' } } as const
const NO_OPTIONS: SendOptions = Object.freeze({})

/** Checks what is to be sent, and puts it into the back end's memory. Keeps nothing. */
export class Sender {
  /** Something was refused and `'drain'` has not followed yet. */
  needDrain = false
  /** Datagrams. */
  refused = 0
  /** Of the connected peer, or null. */
  connectedFamily: 'IPv4' | 'IPv6' | null = null
  /** The one IPv4 address that the socket is bound to, or null. */
  boundTo: string | null = null
  /** Of the socket: hot. */
  trafficClass: number
  maxQueuedPackets: number
  maxQueuedBytes: number
  overflow: 'refuse' | 'evictLower'
  /** From `close()` on. */
  closed = false
  readonly peers: PeerBook
  readonly backend: DatagramBackend
  readonly #priorities: boolean
  readonly #leastRun: number
  readonly #open: () => void
  #tx: Buffer | null = null

  /** @param open binds a socket that is not bound yet, before its memory is touched */
  constructor(backend: DatagramBackend, peers: PeerBook, options: CheckedUdpOptions, open: () => void) {
    this.backend = backend
    this.peers = peers
    this.trafficClass = options.datagram.trafficClass
    this.maxQueuedPackets = options.datagram.maxQueuedPackets
    this.maxQueuedBytes = options.datagram.maxQueuedBytes
    this.overflow = options.datagram.overflow
    this.#leastRun = options.datagram.gsoMinSegments
    this.#priorities = options.priorities
    this.#open = open
  }

  /** @throws ERR_NETVOLLEY_DESTINATION_REQUIRED, ERR_NETVOLLEY_DESTINATION_FORBIDDEN and what `PeerBook.find()` throws */
  destination(to: UdpPeer | UdpTarget | null | undefined): Destination {
    const connected = this.connectedFamily
    if (connected === null) {
      if (to !== undefined && to !== null) return this.peers.find(to)
      throw new NetvolleyError(ErrorCode.DESTINATION_REQUIRED, 'the socket is not connected: a destination is needed')
    }
    if (to === undefined || to === null) return CONNECTED[connected]
    throw new NetvolleyError(ErrorCode.DESTINATION_FORBIDDEN, 'the socket is connected: it takes no other destination')
  }

  /** Neighbours that are worth one entry of the queue. Infinity: each has its own, since one may have to make room for another. */
  get leastRun(): number {
    return this.overflow === 'evictLower' ? Infinity : this.#leastRun
  }

  /** The class of `options.priority`. */
  classOf(options: SendOptions): PriorityClass {
    return classOf(options.priority, this.#priorities)
  }

  metaOf(options: SendOptions): SendMeta | null {
    const meta = metaOf(options, this.trafficClass)
    if (meta?.interfaceIndex === undefined || meta.localAddress !== undefined || this.boundTo === null) return meta
    // The system takes both or none: an interface alone would replace the address that the socket is bound to.
    return { ...meta, localAddress: this.boundTo }
  }

  send(data: Uint8Array | string, to: UdpPeer | UdpTarget | undefined, options?: SendOptions): boolean {
    return this.sendTo(data, this.destination(to), options)
  }

  sendTo(data: Uint8Array | string, to: Destination, options?: SendOptions): boolean {
    const bytes = payloadBytes(data)
    checkFits(bytes, to.family)
    let priority: PriorityClass = 1
    let meta: SendMeta | null = null
    if (options !== undefined) {
      checkSendOptions(options)
      priority = this.classOf(options)
      meta = this.metaOf(options)
    }
    return this.put(data, bytes, to.id, priority, meta, 0) || this.refuse(1)
  }

  /** All is checked. @returns false: no room, nothing kept */
  put(
    data: Uint8Array | string,
    bytes: number,
    peer: number,
    priority: PriorityClass,
    meta: SendMeta | null,
    token: number,
  ): boolean {
    const tx = this.tx()
    const at = this.backend.reserve(bytes, priority, 1)
    if (at < 0) return false
    if (typeof data === 'string') tx.write(data, at, bytes, 'utf8')
    else tx.set(data, at)
    this.backend.commit(bytes, peer, 0, meta, token)
    return true
  }

  /** One buffer as many datagrams of `segmentBytes`; the last may be shorter. Taken whole, or not at all. */
  sendSegments(
    data: unknown,
    segmentBytes: number,
    to: UdpPeer | UdpTarget | undefined,
    options?: SendOptions,
  ): boolean {
    const destination = this.destination(to)
    const bytes = payloadBytes(data)
    if (!(data instanceof Uint8Array)) throw optionInvalid('data', data, 'a Uint8Array')
    checkInteger('segmentBytes', segmentBytes, { min: 1, max: 65535 })
    checkFits(Math.min(segmentBytes, bytes), destination.family)
    this.#checkEverFits(bytes, packetsOf(bytes, segmentBytes))
    return this.segmentsTo(data, segmentBytes, destination, options)
  }

  segmentsTo(data: Uint8Array, segmentBytes: number, to: Destination, options?: SendOptions): boolean {
    const bytes = data.length
    const { priority, meta } = this.#checked(options)
    const packets = packetsOf(bytes, segmentBytes)
    const tx = this.tx()
    const at = this.backend.reserve(bytes, priority, packets)
    if (at < 0) return this.refuse(packets)
    tx.set(data, at)
    this.backend.commit(bytes, to.id, packets === 1 ? 0 : segmentBytes, meta, 0)
    return true
  }

  /** The first bytes of a received slot, from where they lie.  @param segmentBytes 0 = one datagram */
  slotTo(
    slot: number,
    offset: number,
    bytes: number,
    segmentBytes: number,
    to: Destination,
    options?: SendOptions,
  ): boolean {
    let priority: PriorityClass = 1
    let meta: SendMeta | null = null
    if (options !== undefined) {
      checkSendOptions(options)
      priority = this.classOf(options)
      meta = this.metaOf(options)
    }
    const packets = segmentBytes === 0 ? 1 : packetsOf(bytes, segmentBytes)
    this.tx()
    const sent = this.backend.sendSlot(slot, offset, bytes, to.id, segmentBytes, priority, meta)
    return sent || this.refuse(packets)
  }

  #checked(options: SendOptions = NO_OPTIONS): { priority: PriorityClass; meta: SendMeta | null } {
    checkSendOptions(options)
    return { priority: this.classOf(options), meta: this.metaOf(options) }
  }

  /** Those would wait for `'drain'` for ever. Not asked of answers: what came joined must not throw, and has the queue for itself. */
  #checkEverFits(bytes: number, packets: number): void {
    if (packets <= this.maxQueuedPackets && bytes <= this.maxQueuedBytes) return
    throw new NetvolleyError(
      ErrorCode.MESSAGE_TOO_LARGE,
      `${String(packets)} datagrams of together ${String(bytes)} bytes at once: the queue holds ` +
        `${String(this.maxQueuedPackets)} packets and ${String(this.maxQueuedBytes)} bytes`,
    )
  }

  /** Always false, for the caller to return. */
  refuse(datagrams: number): false {
    this.refused += datagrams
    this.needDrain = true
    return false
  }

  /** Made at the first send: a socket that is never used has no memory. */
  tx(): Buffer {
    if (this.closed) throw socketClosed('send()')
    if (this.#tx === null) {
      this.#open()
      const { buffer, byteOffset, length } = this.backend.tx
      this.#tx = Buffer.from(buffer as ArrayBuffer, byteOffset, length)
    }
    return this.#tx
  }
}

const packetsOf = (bytes: number, segmentBytes: number): number => Math.max(1, Math.ceil(bytes / segmentBytes))
