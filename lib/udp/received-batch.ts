import { ErrorCode, NetvolleyError } from '../errors'
import { type DatagramBatch, ReceiveFlag, bufferView, checkInteger } from '../runtime'
import type { BatchContext } from './batch-context'
import { payloadBytes } from './checks'
import type { Destination } from './peers'
import type { SendOptions, UdpPeer } from './types'

const LARGE_SLOT_BYTES = 65536
const NO_COLUMN_32 = new Uint32Array(0)
const NO_COLUMN_16 = new Uint16Array(0)
const NO_COLUMN_8 = new Uint8Array(0)
const NO_SLAB = Buffer.alloc(0)

/** The columns that users see; a batch that is over has none of them in debug mode. */
const VISIBLE = [
  'slab',
  'offset',
  'length',
  'segmentBytes',
  'segmentCount',
  'port',
  'family',
  'trafficClass',
  'hopLimit',
  'flags',
  'peerId',
] as const

/**
 * One burst of datagrams as columns: entry `i`, for `first <= i < end`, lies at `slab[offset[i]]`. ONE object is used again for every
 * burst of a socket: it is valid until the callback returns. What must live longer is `retain()`ed.
 */
export class ReceivedBatch {
  first = 0
  end = 0
  /** GRO unfolded: at least `count`. */
  datagrams = 0
  /** All that the socket receives lies in here. */
  slab: Buffer = NO_SLAB
  offset: Uint32Array = NO_COLUMN_32
  length: Uint32Array = NO_COLUMN_32
  /** GRO: `segmentCount` datagrams of `segmentBytes` each, the last of which may be shorter. 0: one datagram. */
  segmentBytes: Uint16Array = NO_COLUMN_16
  segmentCount: Uint16Array = NO_COLUMN_16
  port: Uint16Array = NO_COLUMN_16
  /** 4 or 6. */
  family: Uint8Array = NO_COLUMN_8
  /** DSCP and ECN; with the option `ecn`. */
  trafficClass: Uint8Array = NO_COLUMN_8
  /** With the option `receiveHopLimit`. */
  hopLimit: Uint8Array = NO_COLUMN_8
  /** `ReceiveFlag`s. */
  flags: Uint8Array = NO_COLUMN_8
  /** Equal numbers are equal senders, within a batch. */
  peerId: Uint32Array = NO_COLUMN_32
  /** The columns that only methods read. @internal */
  columns: DatagramBatch | null = null
  /** @internal */
  readonly context: BatchContext
  readonly #source: { id: number; family: 'IPv4' | 'IPv6' } = { id: 0, family: 'IPv4' }
  #lease: ReceivedBatch | null = null
  #isOver = false

  /** @internal */
  constructor(context: BatchContext) {
    this.context = context
    Object.defineProperties(this, { context: { enumerable: false }, columns: { enumerable: false } })
  }

  get count(): number {
    return this.end - this.first
  }

  get bytes(): number {
    let sum = 0
    for (let i = this.first; i < this.end; i++) sum += this.length[i]
    return sum
  }

  /** The batch is this burst from now on. @internal */
  begin(columns: DatagramBatch, datagrams: number): void {
    if (this.columns !== columns) this.use(columns)
    this.first = columns.first
    this.end = columns.end
    this.datagrams = datagrams
    this.#lease = null
    this.#isOver = false
  }

  /** The callback has returned. @internal */
  finish(): void {
    this.first = this.end = this.datagrams = 0
    this.#lease = null
    this.#isOver = true
    if (this.context.debug) this.seal()
  }

  /** @internal */
  protected use(columns: DatagramBatch): void {
    const { slab } = columns
    this.columns = columns
    this.slab = bufferView(slab.buffer, slab.byteOffset, slab.length)
    this.offset = columns.offset
    this.length = columns.length
    this.segmentBytes = columns.segmentBytes
    this.segmentCount = columns.segmentCount
    this.port = columns.port
    this.family = columns.family
    this.trafficClass = columns.trafficClass
    this.hopLimit = columns.hopLimit
    this.flags = columns.flags
    this.peerId = columns.peerId
  }

  /** Debug: a column that somebody still looks at throws. @internal */
  protected seal(): void {
    for (const name of VISIBLE) {
      Object.defineProperty(this, name, {
        get: () => {
          throw this.gone(name)
        },
      })
    }
  }

  /** @internal */
  protected gone(what: string | number): NetvolleyError {
    const range = this.count === 0 ? 'none (any more)' : `from ${String(this.first)} to ${String(this.end - 1)}`
    const message =
      typeof what === 'string'
        ? `"${what}" of a batch whose callback has returned: retain() keeps what is needed longer`
        : `the batch holds no entry ${String(what)}: it has ${range}`
    return new NetvolleyError(ErrorCode.BATCH_STALE, message)
  }

  /** @returns the columns that `i` is an entry of @internal */
  protected at(i: number): DatagramBatch {
    // Written so that NaN is outside too.
    if (!(i >= this.first && i < this.end) || this.columns === null) throw this.gone(i)
    if (this.context.debug) this.checkCurrent(this.columns, i)
    return this.columns
  }

  /** @internal */
  protected checkCurrent({ slot, generation }: DatagramBatch, i: number): void {
    if (this.context.backend.isCurrent(slot[i], generation[i])) return
    throw new NetvolleyError(ErrorCode.BATCH_STALE, `the slot of entry ${String(i)} was used again: released too early`)
  }

  /** The bytes where they lie: valid as long as the batch is. */
  view(i: number): Buffer {
    const { slab, offset, length } = this.at(i)
    return bufferView(slab.buffer, slab.byteOffset + offset[i], length[i])
  }

  /** The bytes in memory of their own. */
  copy(i: number): Buffer {
    return Buffer.from(this.view(i))
  }

  addressOf(i: number): string {
    return this.peerOf(i).address
  }

  peerOf(i: number): UdpPeer {
    return this.context.peers.ofReceived(this.at(i).peerId[i])
  }

  /** Where it was sent to; null without the option `packetInfo`. */
  localAddressOf(i: number): string | null {
    const { flags, family, localAddress } = this.at(i)
    if ((flags[i] & ReceiveFlag.packetInfo) === 0) return null
    return this.context.addresses.text(localAddress, i * 16, family[i])
  }

  /** ms since the epoch, with a fraction; NaN without the option `timestamps`. */
  timestampMsOf(i: number): number {
    const { flags, timestampSeconds, timestampNanoseconds } = this.at(i)
    if ((flags[i] & ReceiveFlag.timestamp) === 0) return NaN
    return timestampSeconds[i] * 1000 + timestampNanoseconds[i] / 1e6
  }

  /** Each datagram by itself, where the system joined some. `offset` is one of the slab. */
  forEachDatagram(fn: (offset: number, length: number, index: number) => void): void {
    for (let i = this.first; i < this.end; i++) {
      const { offset, length, segmentBytes } = this.at(i)
      const step = segmentBytes[i]
      const start = offset[i]
      const bytes = length[i]
      if (step === 0) fn(start, bytes, i)
      else for (let at = 0; at < bytes; at += step) fn(start + at, Math.min(step, bytes - at), i)
    }
  }

  /** Answers entry `i`, from the address that it was sent to where `packetInfo` tells. @returns as `UdpSocket.send()` */
  reply(i: number, data: Uint8Array, options?: SendOptions): boolean {
    payloadBytes(data)
    return this.context.sender.sendTo(data, this.sourceOf(i), this.replyOptions(i, options))
  }

  /**
   * Answers with the first `length` bytes of the received slot, where they lie: write the answer there. Datagrams that the system
   * joined are answered by datagrams of the same size, the last of which may be shorter.
   */
  replyInPlace(i: number, length: number, options?: SendOptions): boolean {
    const { slot, offset } = this.at(i)
    const to = this.sourceOf(i)
    const segment = this.segmentOf(i, length, to)
    return this.context.sender.slotTo(slot[i], offset[i], length, segment, to, this.replyOptions(i, options))
  }

  /** What an answer in place of `length` bytes is cut into; 0 = one datagram. @internal */
  protected segmentOf(i: number, length: number, to: Destination): number {
    const max = Math.min(this.capacityOf(i), to.family === 'IPv4' ? 65507 : 65527)
    // Once a datagram: the limits become an object only where they are not met.
    if (!(Number.isInteger(length) && length >= 0 && length <= max)) checkInteger('length', length, { min: 0, max })
    const segment = this.segmentBytes[i]
    return length > segment ? segment : 0
  }

  /** Bytes of the slot of entry `i`. @internal */
  protected capacityOf(i: number): number {
    return (this.flags[i] & ReceiveFlag.large) === 0 ? this.context.slotBytes : LARGE_SLOT_BYTES
  }

  /** Valid until the next call. @internal */
  protected sourceOf(i: number): Destination {
    const { peerId, family, port } = this.at(i)
    if (port[i] === 0)
      throw new NetvolleyError(ErrorCode.PORT_INVALID, 'the datagram came from port 0: nothing can answer it')
    this.#source.id = this.context.sender.connectedFamily === null ? peerId[i] : 0
    this.#source.family = family[i] === 4 ? 'IPv4' : 'IPv6'
    return this.#source
  }

  /** @internal */
  protected replyOptions(i: number, options: SendOptions | undefined): SendOptions | undefined {
    const { flags, interfaceIndex } = this.at(i)
    // A group's address is none to send from.
    if ((flags[i] & (ReceiveFlag.packetInfo | ReceiveFlag.multicast)) !== ReceiveFlag.packetInfo) return options
    const localAddress = this.localAddressOf(i)
    if (localAddress === null) return options
    return { localAddress, interfaceIndex: interfaceIndex[i], ...options }
  }

  /**
   * What of this burst outlives the callback, until its `release()`: the same entries, from index 0. A second call gives the same one.
   * Never fails: while too much is held it copies the payloads.
   */
  retain(): ReceivedBatch {
    if (this.columns === null || this.#isOver) throw this.gone('retain')
    return (this.#lease ??= this.context.makeLease(this.columns, this.first, this.end, this.datagrams))
  }

  /** Of a retained one: gives the memory back; twice is no error. Else nothing: the callback's return does it. */
  release(): void {
    // The burst itself goes with its callback.
  }

  [Symbol.dispose](): void {
    this.release()
  }
}
