import type { PriorityClass } from '../runtime'
import { DatagramWord, type LinkSizes, SEND_CLASSES, linkOffsets } from './datagram-layout'
import { WORD_BYTES } from './layout'
import { type EncodedMeta, type OnFreed, SendRing } from './send-ring'

const WORD = WORD_BYTES / 4
const SETTLED = DatagramWord.sendSettled * WORD
const FLUSHES = DatagramWord.flushes * WORD
const EVICTIONS = [0, DatagramWord.evictionsNormal * WORD, DatagramWord.evictionsHigh * WORD] as const
/** Ring entries beside the limits, which newcomers take while those that they push out are still in the ring. */
export const SPARE_ENTRIES = 64

export interface SendLimits {
  maxQueuedPackets: number
  maxQueuedBytes: number
  reservedHighPackets: number
  /** Of both limits: below it a refused sender hears that there is room. */
  drainRatio: number
  evictLower: boolean
}

/**
 * The three send rings of a link, and who gets into them. `pending` is what was queued and not settled; the heads, which native code
 * moves, are read only when it looks as if there were no room.
 */
export class SendRings {
  readonly limits: SendLimits
  /** Somebody was refused, and has not heard yet that there is room. */
  needDrain = false
  readonly #words: Int32Array
  readonly #rings: readonly SendRing[]
  readonly #maxTokens: number
  #tokens = 0
  /** Datagrams since the last publish(). */
  #unpublished = 0
  #flushes = 0
  #flushAsked = false
  readonly #evictions = [0, 0, 0]
  #evictionsAsked = 0
  #evictionsDone = 0
  #moved = false
  // Of the last reserve().
  #class: PriorityClass = 1
  #place = 0
  #packets = 1

  constructor(link: Uint8Array, transmit: Uint8Array, sizes: LinkSizes, limits: SendLimits, onFreed: OnFreed) {
    this.limits = limits
    this.#words = new Int32Array(link.buffer, link.byteOffset, WORD * (DatagramWord.countersEpoch + 1))
    this.#maxTokens = sizes.completionEntries
    const size = Math.floor(transmit.byteLength / SEND_CLASSES / 8) * 8
    this.#rings = linkOffsets(sizes).send.map(
      (at, sendClass) =>
        new SendRing(link, { at, entries: sizes.sendEntries, sendClass }, { start: sendClass * size, size }, onFreed),
    )
  }

  get pendingPackets(): number {
    const [low, normal, high] = this.#rings
    const settled = Atomics.load(this.#words, SETTLED)
    return Math.max(0, low.packets + normal.packets + high.packets - settled)
  }

  get pendingBytes(): number {
    const [low, normal, high] = this.#rings
    return low.payloadBytes + normal.payloadBytes + high.payloadBytes
  }

  get queuedPackets(): number {
    return this.#rings.reduce((sum, ring) => sum + ring.queuedPackets, 0)
  }

  get queuedBytes(): number {
    return this.#rings.reduce((sum, ring) => sum + ring.queuedBytes, 0)
  }

  /** Not passed by the heads that were seen last. */
  pendingOf(sendClass: PriorityClass): number {
    return this.#rings[sendClass].packets
  }

  /** Datagrams that native code has not been told of. */
  get unpublished(): number {
    return this.#unpublished
  }

  /** A place in the transmit memory for one commit(), or -1: refused. */
  reserve(bytes: number, sendClass: PriorityClass, packets: number): number {
    const ring = this.#rings[sendClass]
    let place = this.#admits(bytes, sendClass, packets) ? ring.place(bytes) : -1
    if (place < 0) {
      this.refresh()
      if (this.#admits(bytes, sendClass, packets)) place = ring.place(bytes)
      else if (this.#mayEvict(bytes, sendClass, packets)) {
        place = ring.place(bytes)
        if (place >= 0) this.#evict(sendClass)
      }
      if (place < 0) return this.#refuse()
    }
    this.#class = sendClass
    this.#place = place
    this.#packets = packets
    return place
  }

  commit(bytes: number, to: number, segmentBytes: number, meta: EncodedMeta | null, token: number): void {
    const ring = this.#rings[this.#class]
    ring.pushCopied(this.#place, bytes, this.#packets, to, segmentBytes, token)
    if (meta !== null) ring.markMeta(meta)
    if (token !== 0) this.#tokens++
    this.#unpublished += this.#packets
  }

  /** An entry whose bytes lie elsewhere: in a received slot, or in a stage. False = refused. */
  queueElsewhere(
    from: { slot: number; area: number },
    entry: { offset: number; bytes: number; packets: number; to: number; segmentBytes: number },
    sendClass: PriorityClass,
    meta: EncodedMeta | null,
  ): boolean {
    const { offset, bytes, packets, to, segmentBytes } = entry
    const ring = this.#rings[sendClass]
    if (!(this.#admits(bytes, sendClass, packets) && ring.hasEntry)) {
      this.refresh()
      if (!ring.hasEntry) return this.#refuse() > 0
      if (!this.#admits(bytes, sendClass, packets)) {
        if (!this.#mayEvict(bytes, sendClass, packets)) return this.#refuse() > 0
        this.#evict(sendClass)
      }
    }
    ring.push(offset, bytes, packets, to, segmentBytes, 0)
    if (from.slot >= 0) ring.markSlot(from.slot)
    else ring.markArea(from.area)
    if (meta !== null) ring.markMeta(meta)
    this.#unpublished += packets
    return true
  }

  flush(): void {
    this.#flushAsked = true
  }

  /** A token was answered. */
  tokenDone(): void {
    this.#tokens--
  }

  /** Makes all visible. True = there is something native code should look at. */
  publish(): boolean {
    let any = false
    for (const ring of this.#rings) any = ring.publish() || any
    this.#unpublished = 0
    if (this.#flushAsked) {
      this.#flushAsked = false
      this.#flushes = (this.#flushes + 1) | 0
      Atomics.store(this.#words, FLUSHES, this.#flushes)
      any = true
    }
    if (this.#evictionsAsked !== this.#evictionsDone) {
      // After the tails: the newcomer is in the ring when somebody else leaves for it.
      this.#evictionsDone = this.#evictionsAsked
      for (const sendClass of [1, 2] as const) {
        Atomics.store(this.#words, EVICTIONS[sendClass], this.#evictions[sendClass])
      }
      any = true
    }
    return any
  }

  /** Takes back what native code has passed. True = there was some. */
  refresh(): boolean {
    let any = false
    for (const ring of this.#rings) any = ring.refresh() || any
    if (any) this.#moved = true
    return any
  }

  /** Whether a refused sender may try again. */
  readonly hasRoom = (): boolean => {
    this.refresh()
    const packets = this.pendingPackets
    // Where nothing has moved since the refusal it would only be refused again.
    if (!this.#moved && packets > 0) return false
    const { maxQueuedPackets, maxQueuedBytes, drainRatio } = this.limits
    return packets <= maxQueuedPackets * drainRatio && this.pendingBytes <= maxQueuedBytes * drainRatio
  }

  #admits(bytes: number, sendClass: PriorityClass, packets: number): boolean {
    const { maxQueuedPackets, maxQueuedBytes, reservedHighPackets } = this.limits
    const most = sendClass === 2 ? maxQueuedPackets + reservedHighPackets : maxQueuedPackets
    const pending = this.pendingPackets
    // A run counts as its datagrams; one that is larger than the limit has the queue for itself.
    if (pending + packets > most && (pending > 0 || most === 0)) return false
    return this.pendingBytes + bytes <= maxQueuedBytes && this.#tokens < this.#maxTokens
  }

  #mayEvict(bytes: number, sendClass: PriorityClass, packets: number): boolean {
    if (!this.limits.evictLower || sendClass === 0 || packets > 1 || this.#tokens >= this.#maxTokens) return false
    if (this.pendingBytes + bytes > this.limits.maxQueuedBytes) return false
    const lower = this.#rings.slice(0, sendClass).reduce((sum, ring) => sum + ring.packets, 0)
    const under = this.pendingPackets - this.limits.maxQueuedPackets
    return lower > 0 && under < SPARE_ENTRIES
  }

  #evict(sendClass: PriorityClass): void {
    this.#evictions[sendClass] = (this.#evictions[sendClass] + 1) | 0
    this.#evictionsAsked++
  }

  #refuse(): -1 {
    this.needDrain = true
    this.#moved = false
    return -1
  }
}
