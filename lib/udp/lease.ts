import { ErrorCode, NetvolleyError } from '../errors'
import type { DatagramBackend, DatagramBatch, RemoteAddress, TimerHandle } from '../runtime'
import type { BatchContext } from './batch-context'
import type { Destination } from './peers'
import { ReceivedBatch } from './received-batch'
import type { LeaseWarning, SendOptions, UdpPeer } from './types'

/** What is left of a lease when the garbage collector has taken it: no way back to the lease itself. */
interface Held {
  readonly book: LeaseBook
  readonly slots: Uint32Array
  readonly entries: number
  timer: TimerHandle | null
}

const collected = new FinalizationRegistry<Held>((held) => {
  held.book.collected(held)
})

/** The leases of one socket. */
export class LeaseBook {
  active = 0
  /** Leases whose payloads were copied, because too many slots were held. */
  copied = 0
  readonly #backend: DatagramBackend
  readonly #warnMs: number
  readonly #warn: (warning: LeaseWarning) => void
  #closed = false

  constructor(backend: DatagramBackend, warnMs: number, warn: (warning: LeaseWarning) => void) {
    this.#backend = backend
    this.#warnMs = warnMs
    this.#warn = warn
  }

  make(context: BatchContext, columns: DatagramBatch, first: number, end: number, datagrams: number): ReceivedBatch {
    const keeps = this.#backend.keep(first, end)
    const lease = new Lease(context, columns, first, end, datagrams)
    if (!keeps) {
      lease.copyPayloads(columns, first)
      this.copied++
      return lease
    }
    const held: Held = { book: this, slots: columns.slot.slice(first, end), entries: end - first, timer: null }
    if (this.#warnMs > 0) {
      held.timer = context.clock.schedule(this.#warnMs, () => {
        this.#warn({ kind: 'held', entries: held.entries })
      })
    }
    lease.holds(held)
    collected.register(lease, held, held)
    this.active++
    return lease
  }

  /** @internal */
  release(held: Held): void {
    collected.unregister(held)
    this.#giveBack(held)
  }

  /** @internal */
  collected(held: Held): void {
    this.#giveBack(held)
    if (!this.#closed) this.#warn({ kind: 'collected', entries: held.entries })
  }

  #giveBack(held: Held): void {
    this.active--
    held.timer?.cancel()
    if (!this.#closed) this.#backend.giveBack(held.slots)
  }

  /** The slots are no longer the back end's: their memory lives as long as a lease sees it. */
  close(): void {
    this.#closed = true
  }
}

const column = <T extends Uint8Array | Uint16Array | Uint32Array>(whole: T, first: number, end: number): T =>
  whole.slice(first, end) as T

/** A burst that its user keeps: entries from 0. */
class Lease extends ReceivedBatch {
  #held: Held | null = null
  #released = false
  /** Of copied payloads, whose senders the back end may forget. */
  #senders: UdpPeer[] | null = null

  constructor(context: BatchContext, columns: DatagramBatch, first: number, end: number, datagrams: number) {
    super(context)
    const own = (name: keyof DatagramBatch): never => column(columns[name] as Uint32Array, first, end) as never
    this.use({
      first: 0,
      end: end - first,
      slab: columns.slab,
      offset: own('offset'),
      length: own('length'),
      fullLength: own('fullLength'),
      segmentBytes: own('segmentBytes'),
      segmentCount: own('segmentCount'),
      port: own('port'),
      family: own('family'),
      trafficClass: own('trafficClass'),
      hopLimit: own('hopLimit'),
      flags: own('flags'),
      peerId: own('peerId'),
      slot: own('slot'),
      ordinal: own('ordinal'),
      generation: own('generation'),
      interfaceIndex: own('interfaceIndex'),
      localAddress: column(columns.localAddress, first * 16, end * 16),
      timestampSeconds: own('timestampSeconds'),
      timestampNanoseconds: own('timestampNanoseconds'),
    })
    this.end = end - first
    this.datagrams = datagrams
  }

  holds(held: Held): void {
    this.#held = held
  }

  copyPayloads(from: DatagramBatch, first: number): void {
    const { length, offset } = this
    let size = 0
    for (let i = 0; i < this.end; i++) size += this.capacityOf(i)
    // As long as the slots: an answer in place may be longer than the question. What is never touched costs nothing.
    const own = Buffer.alloc(size)
    const senders: UdpPeer[] = []
    let at = 0
    for (let i = 0; i < this.end; i++) {
      own.set(from.slab.subarray(offset[i], offset[i] + length[i]), at)
      offset[i] = at
      at += this.capacityOf(i)
      senders.push(this.context.peers.ofReceived(from.peerId[first + i]))
    }
    this.#senders = senders
    this.use({ ...(this.columns as DatagramBatch), slab: own })
  }

  override retain(): ReceivedBatch {
    if (this.#released) throw this.gone('retain')
    return this
  }

  override release(): void {
    if (this.#released) return
    this.#released = true
    this.first = this.end = this.datagrams = 0
    const held = this.#held
    this.#held = null
    held?.book.release(held)
    if (this.context.debug) this.seal()
  }

  override peerOf(i: number): UdpPeer {
    this.at(i)
    return this.#senders?.[i] ?? super.peerOf(i)
  }

  override replyInPlace(i: number, length: number, options?: SendOptions): boolean {
    // A copy is in no slot that could be sent.
    if (this.#senders === null) return super.replyInPlace(i, length, options)
    const { slab, offset } = this.at(i)
    const to = this.sourceOf(i)
    const segment = this.segmentOf(i, length, to)
    const data = slab.subarray(offset[i], offset[i] + length)
    if (segment === 0) return this.reply(i, data, options)
    return this.context.sender.segmentsTo(data, segment, to, this.replyOptions(i, options))
  }

  protected override sourceOf(i: number): Destination {
    const source = super.sourceOf(i)
    if (this.#senders === null || source.id === 0) return source
    const { address, port } = this.#senders[i] as RemoteAddress
    return this.context.peers.find({ address, port })
  }

  protected override checkCurrent(columns: DatagramBatch, i: number): void {
    if (this.#senders === null) super.checkCurrent(columns, i)
  }

  protected override gone(what: string | number): NetvolleyError {
    if (!this.#released) return super.gone(what)
    return new NetvolleyError(ErrorCode.LEASE_RELEASED, `${String(what)}: the lease was released`)
  }
}
