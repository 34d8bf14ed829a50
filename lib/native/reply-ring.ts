import { LinkWord, REPLY_COLUMNS, WORD_BYTES, replyColumnOffset } from './layout'

const TAIL = (LinkWord.replyTail * WORD_BYTES) / 4
const HEAD = (LinkWord.replyHead * WORD_BYTES) / 4

/**
 * JavaScript's end of a reply ring, with the transmit memory behind it: bytes are written one reply after the other, and are free
 * again once native code has passed their entry. Refusal is a value: the caller keeps the reply and comes again.
 */
export class ReplyRing {
  /** Reply bytes; write at what reserve() gave. */
  readonly transmit: Buffer
  readonly #words: Int32Array
  readonly #mask: number
  readonly #requestId: Int32Array
  readonly #offset: Uint32Array
  readonly #bytes: Uint32Array
  readonly #flags: Uint8Array
  /** Where the transmit memory ends that the entry of this place, and those before it, use. */
  readonly #ends: Int32Array
  readonly #size: number
  // These count on for ever, as signed 32-bit numbers: V8 keeps those in registers. Only differences of them mean something.
  #tail = 0
  #published = 0
  #head = 0
  /** Bytes written and freed in all since it was last empty, and where the next ones go. */
  #written = 0
  #freed = 0
  #at = 0

  constructor(link: Uint8Array, transmit: Uint8Array, entries: number) {
    const at = (index: number): number => link.byteOffset + replyColumnOffset(entries, index)
    this.transmit = Buffer.from(transmit.buffer, transmit.byteOffset, transmit.byteLength)
    this.#size = transmit.byteLength
    this.#words = new Int32Array(link.buffer, link.byteOffset, (WORD_BYTES / 4) * 8)
    this.#mask = entries - 1
    this.#requestId = new Int32Array(link.buffer, at(column('requestId')), entries)
    this.#offset = new Uint32Array(link.buffer, at(column('offset')), entries)
    this.#bytes = new Uint32Array(link.buffer, at(column('bytes')), entries)
    this.#flags = new Uint8Array(link.buffer, at(column('flags')), entries)
    this.#ends = new Int32Array(entries)
  }

  /** The largest piece that always finds room when nothing else is there; longer replies go in pieces. */
  get maxPieceBytes(): number {
    return this.transmit.length >>> 1
  }

  /** Place for `bytes` in one run, or -1: no room for them, or none for another entry. */
  reserve(bytes: number): number {
    for (let again = false; ; again = true) {
      const skip = this.#at + bytes > this.#size ? this.#size - this.#at : 0
      const fits = ((this.#written + skip + bytes - this.#freed) | 0) <= this.#size
      if (fits && ((this.#tail - this.#head) | 0) <= this.#mask) {
        const at = skip === 0 ? this.#at : 0
        this.#written = (this.#written + skip + bytes) | 0
        this.#at = at + bytes
        return at
      }
      if (again) return -1
      this.refresh()
    }
  }

  /** Adds an entry; reserve() has said that there is room. */
  push(requestId: number, offset: number, bytes: number, flags: number): void {
    const at = this.#tail & this.#mask
    this.#requestId[at] = requestId
    this.#offset[at] = offset
    this.#bytes[at] = bytes
    this.#flags[at] = flags
    this.#ends[at] = this.#written
    this.#tail = (this.#tail + 1) | 0
  }

  /** Adds an entry without bytes in the transmit memory. False = there is no room for it. */
  pushEntry(requestId: number, offset: number, bytes: number, flags: number): boolean {
    if (((this.#tail - this.#head) | 0) > this.#mask) {
      this.refresh()
      if (((this.#tail - this.#head) | 0) > this.#mask) return false
    }
    this.push(requestId, offset, bytes, flags)
    return true
  }

  /** Makes the entries visible. True = there were some. */
  publish(): boolean {
    if (this.#published === this.#tail) return false
    this.#published = this.#tail
    Atomics.store(this.#words, TAIL, this.#tail)
    return true
  }

  /** Takes back what native code has passed. True = there was some. */
  refresh(): boolean {
    const head = Atomics.load(this.#words, HEAD)
    if (head === this.#head) return false
    this.#head = head
    if (head === this.#tail) {
      // All is free: the next burst uses the same lines again, which are still in the cache.
      this.#written = this.#freed = this.#at = 0
    } else {
      this.#freed = this.#ends[(head - 1) & this.#mask]
    }
    return true
  }
}

function column(name: (typeof REPLY_COLUMNS)[number]['name']): number {
  return REPLY_COLUMNS.findIndex((one) => one.name === name)
}
