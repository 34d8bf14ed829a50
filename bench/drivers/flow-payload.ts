// What the datagrams of a flow hold: as bench/native/flow_payload.h says it.

export const headerBytes = 8
const maxBytes = 65507
/** A prime, so that not always the same place of a run is looked at. */
const comparedEvery = 61

function pseudoRandom(): Buffer {
  const bytes = Buffer.alloc(maxBytes + 1)
  let state = 0x9e3779b9
  for (let i = 0; i < bytes.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[i] = state
  }
  return bytes
}

const pattern = pseudoRandom()
/** The same from its first byte and from its second, in words. */
const patternWords = [0, 1].map((parity) => {
  const bytes = new Uint8Array(pattern.subarray(parity, parity + (maxBytes & ~3)))
  return new Uint32Array(bytes.buffer)
})

function sameBytes(bytes: Buffer, offset: number, length: number, parity: number): boolean {
  const end = parity + length - headerBytes
  return bytes.compare(pattern, parity, end, offset + headerBytes, offset + length) === 0
}

function sameWords(words: Uint32Array, at: number, count: number, parity: number): boolean {
  const wanted = patternWords[parity]
  for (let i = headerBytes >> 2; i < count; i++) if (words[at + i] !== wanted[i - (headerBytes >> 2)]) return false
  return true
}

export function writeNumbers(into: Buffer, offset: number, flow: number, sequence: number): void {
  into.writeUInt32LE(sequence, offset)
  into.writeUInt32LE(flow, offset + 4)
}

/** `count` datagrams behind one another, numbered from 0; `count` is even or 1. */
export function makeDatagrams(flow: number, size: number, count: number): Buffer {
  const bytes = Buffer.alloc(size * count)
  for (let i = 0; i < count; i++) {
    const parity = i & 1
    writeNumbers(bytes, i * size, flow, i)
    pattern.copy(bytes, i * size + headerBytes, parity, parity + size - headerBytes)
  }
  return bytes
}

/** The largest even number of datagrams that one message with segments may hold. */
export function segmentsOf(payload: number): number {
  return Math.max(2, Math.min(64, Math.floor(65507 / payload)) & ~1)
}

/** What a receiver counts. Order and loss go by the numbers of every datagram; the bytes of some are compared. */
export class FlowTally {
  received = 0
  #bytes = 0
  #bad = 0
  #lost = 0
  #reordered = 0
  #flow = 0
  #next = 0

  take(bytes: Buffer, offset: number, length: number): void {
    this.#bytes += length
    this.received++
    if (length < headerBytes) {
      this.#bad++
      return
    }
    const sequence = bytes.readUInt32LE(offset)
    this.#number(sequence, bytes.readUInt32LE(offset + 4))
    if (this.received % comparedEvery === 0 && !sameBytes(bytes, offset, length, sequence & 1)) this.#bad++
  }

  /** The same of `count` words from `at` on: without a call for each number. */
  takeWords(words: Uint32Array, at: number, count: number): void {
    this.#bytes += count * 4
    this.received++
    const sequence = words[at]
    this.#number(sequence, words[at + 1])
    if (this.received % comparedEvery === 0 && !sameWords(words, at, count, sequence & 1)) this.#bad++
  }

  #number(sequence: number, flow: number): void {
    if (flow !== this.#flow) {
      this.#flow = flow
      this.#next = 0
    }
    if (sequence >= this.#next) {
      this.#lost += sequence - this.#next
      this.#next = sequence + 1
    } else {
      this.#reordered++
      if (this.#lost > 0) this.#lost-- // it was counted as lost when a later one came first
    }
  }

  snapshot(): object {
    const { received } = this
    const counts = { bytes: this.#bytes, bad: this.#bad, lost: this.#lost, reordered: this.#reordered }
    return { received, ...counts, atMs: performance.now() }
  }
}
