import { DatagramWord, RingColumns, SEND_COLUMNS, SendFlag } from './datagram-layout'
import { WORD_BYTES } from './layout'

const WORD = WORD_BYTES / 4
/** Copies into shared memory go in whole words only where both ends are aligned: a misaligned place is four times slower. */
const ALIGN = 8

/** What one datagram carries beside its payload, as its ring holds it. */
export interface EncodedMeta {
  readonly flags: number
  readonly trafficClass: number
  readonly hopLimit: number
  readonly localFamily: number
  readonly interfaceIndex: number
  /** 16 bytes. */
  readonly localAddress: Uint8Array
  readonly expiresMs: number
}

/** Told of every entry that native code has passed: whom it was for and which stage it lay in (0 = none). */
export type OnFreed = (to: number, area: number) => void

/**
 * JavaScript's end of the send ring of one class, with its part of the transmit memory: bytes are written one datagram after the
 * other, and are free again once native code has passed their entry.
 */
export class SendRing {
  readonly #words: Int32Array
  readonly #tailWord: number
  readonly #headWord: number
  readonly #mask: number
  readonly #offset: Uint32Array
  readonly #bytes: Uint32Array
  readonly #to: Uint32Array
  readonly #segmentBytes: Uint16Array
  readonly #flags: Uint8Array
  readonly #area: Uint8Array
  readonly #token: Uint32Array
  readonly #slot: Uint32Array
  readonly #trafficClass: Uint8Array
  readonly #hopLimit: Uint8Array
  readonly #localFamily: Uint8Array
  readonly #interfaceIndex: Uint32Array
  readonly #localAddress: Uint8Array
  readonly #expiresMs: Float64Array
  /** Where the transmit memory, the datagrams and the payload bytes end that this entry, and those before it, use. */
  readonly #ends: Float64Array
  readonly #packetEnds: Float64Array
  readonly #byteEnds: Float64Array
  readonly #onFreed: OnFreed
  readonly #start: number
  readonly #size: number
  // Free-running signed numbers of 32 bits, which V8 keeps in registers.
  #tail = 0
  #published = 0
  #head = 0
  /** Bytes of the transmit memory written and freed in all since it was last empty, and where the next ones go. */
  #written = 0
  #freed = 0
  #at = 0
  /** Queued and settled in all. */
  #packets = 0
  #packetsFreed = 0
  #payload = 0
  #payloadFreed = 0

  /** @param start where its part of the transmit memory begins, of `size` bytes; both multiples of 8 */
  constructor(
    link: Uint8Array,
    ring: { at: number; entries: number; sendClass: number },
    transmit: { start: number; size: number },
    onFreed: OnFreed,
  ) {
    const { entries } = ring
    const columns = new RingColumns(link, ring.at, SEND_COLUMNS, entries)
    this.#words = new Int32Array(link.buffer, link.byteOffset, WORD * (DatagramWord.countersEpoch + 1))
    this.#tailWord = (DatagramWord.sendTail + ring.sendClass) * WORD
    this.#headWord = (DatagramWord.sendHead + ring.sendClass) * WORD
    this.#mask = entries - 1
    this.#offset = columns.u32('offset')
    this.#bytes = columns.u32('bytes')
    this.#to = columns.u32('to')
    this.#segmentBytes = columns.u16('segmentBytes')
    this.#flags = columns.u8('flags')
    this.#area = columns.u8('area')
    this.#token = columns.u32('token')
    this.#slot = columns.u32('slot')
    this.#trafficClass = columns.u8('trafficClass')
    this.#hopLimit = columns.u8('hopLimit')
    this.#localFamily = columns.u8('localFamily')
    this.#interfaceIndex = columns.u32('interfaceIndex')
    this.#localAddress = columns.u8('localAddress')
    this.#expiresMs = columns.f64('expiresMs')
    this.#ends = new Float64Array(entries)
    this.#packetEnds = new Float64Array(entries)
    this.#byteEnds = new Float64Array(entries)
    this.#onFreed = onFreed
    this.#start = transmit.start
    this.#size = transmit.size
  }

  /** Datagrams that native code has not passed; some of them may be settled out of order. */
  get packets(): number {
    return this.#packets - this.#packetsFreed
  }

  get payloadBytes(): number {
    return this.#payload - this.#payloadFreed
  }

  /** In all. */
  get queuedPackets(): number {
    return this.#packets
  }

  get queuedBytes(): number {
    return this.#payload
  }

  get hasEntry(): boolean {
    return ((this.#tail - this.#head) | 0) <= this.#mask
  }

  /** Offset in the transmit memory for `bytes` in one run, or -1. Nothing is taken before push(). */
  place(bytes: number): number {
    if (!this.hasEntry) return -1
    if (this.#at + bytes <= this.#size) {
      return this.#written + bytes - this.#freed <= this.#size ? this.#start + this.#at : -1
    }
    // The rest at the end stays unused: a datagram is one run.
    return this.#written + (this.#size - this.#at) + bytes - this.#freed <= this.#size ? this.#start : -1
  }

  /** An entry for what was written at the last place(). */
  pushCopied(offset: number, bytes: number, packets: number, to: number, segmentBytes: number, token: number): void {
    const used = (bytes + ALIGN - 1) & -ALIGN
    if (offset === this.#start && this.#at !== 0) {
      this.#written += this.#size - this.#at
      this.#at = 0
    }
    this.#written += used
    this.#at += used
    this.push(offset, bytes, packets, to, segmentBytes, token)
  }

  /** An entry; `hasEntry` has said that there is room. */
  push(offset: number, bytes: number, packets: number, to: number, segmentBytes: number, token: number): void {
    const at = this.#tail & this.#mask
    this.#offset[at] = offset
    this.#bytes[at] = bytes
    this.#to[at] = to
    this.#segmentBytes[at] = segmentBytes
    this.#area[at] = 0
    if (token === 0) this.#flags[at] = 0
    else {
      this.#flags[at] = SendFlag.token
      this.#token[at] = token
    }
    this.#ends[at] = this.#written
    this.#packetEnds[at] = this.#packets += packets
    this.#byteEnds[at] = this.#payload += bytes
    this.#tail = (this.#tail + 1) | 0
  }

  // What follows changes the last entry, which is not published.

  markSlot(slot: number): void {
    const at = (this.#tail - 1) & this.#mask
    this.#flags[at] |= SendFlag.inPlace
    this.#slot[at] = slot
  }

  markArea(area: number): void {
    const at = (this.#tail - 1) & this.#mask
    this.#flags[at] |= SendFlag.area
    this.#area[at] = area
  }

  markMeta(meta: EncodedMeta): void {
    const at = (this.#tail - 1) & this.#mask
    const { flags } = meta
    this.#flags[at] |= flags
    if ((flags & SendFlag.trafficClass) !== 0) this.#trafficClass[at] = meta.trafficClass
    if ((flags & SendFlag.hopLimit) !== 0) this.#hopLimit[at] = meta.hopLimit
    if ((flags & SendFlag.source) !== 0) {
      this.#localFamily[at] = meta.localFamily
      this.#interfaceIndex[at] = meta.interfaceIndex
      this.#localAddress.set(meta.localAddress, at * 16)
    }
    if ((flags & SendFlag.expires) !== 0) this.#expiresMs[at] = meta.expiresMs
  }

  /** Makes the entries visible. True = there were some. */
  publish(): boolean {
    if (this.#published === this.#tail) return false
    this.#published = this.#tail
    Atomics.store(this.#words, this.#tailWord, this.#tail)
    return true
  }

  /** Takes back what native code has passed. True = there was some. */
  refresh(): boolean {
    const head = Atomics.load(this.#words, this.#headWord)
    if (head === this.#head) return false
    for (let entry = this.#head; entry !== head; entry = (entry + 1) | 0) {
      const at = entry & this.#mask
      const to = this.#to[at]
      if (to !== 0 || this.#area[at] !== 0) this.#onFreed(to, this.#area[at])
    }
    this.#head = head
    const last = (head - 1) & this.#mask
    this.#packetsFreed = this.#packetEnds[last]
    this.#payloadFreed = this.#byteEnds[last]
    // All is free: the next burst uses the same lines again, which are still in the cache.
    if (head === this.#tail) this.#written = this.#freed = this.#at = 0
    else this.#freed = this.#ends[last]
    return true
  }
}
