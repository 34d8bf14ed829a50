import { smallRandom } from '../../support/small-random'
import { SEED } from '../../support/seed'
import { LinkWord, REPLY_COLUMNS, WORD_BYTES, linkBytes, replyColumnOffset } from '../../../lib/native/layout'
import { ReplyRing } from '../../../lib/native/reply-ring'

/** The native end, in JavaScript: reads what was published, and gives room back. */
class Reader {
  readonly link: Uint8Array
  readonly transmit: Uint8Array
  readonly ring: ReplyRing
  readonly #entries: number
  #head = 0

  constructor(entries: number, transmitBytes: number) {
    this.#entries = entries
    this.link = new Uint8Array(new SharedArrayBuffer(linkBytes(entries)))
    this.transmit = new Uint8Array(new SharedArrayBuffer(transmitBytes))
    this.ring = new ReplyRing(this.link, this.transmit, entries)
  }

  get published(): number {
    return (this.#word(LinkWord.replyTail) - this.#head) >>> 0
  }

  #word(index: number): number {
    return Atomics.load(new Int32Array(this.link.buffer), (index * WORD_BYTES) / 4) >>> 0
  }

  #field(name: string, at: number): number {
    const index = REPLY_COLUMNS.findIndex((column) => column.name === name)
    const start = replyColumnOffset(this.#entries, index)
    const view = new DataView(this.link.buffer)
    return REPLY_COLUMNS[index].elementBytes === 1 ? view.getUint8(start + at) : view.getUint32(start + at * 4, true)
  }

  /** Takes the oldest entry. */
  take(): { requestId: number; data: Uint8Array; flags: number } {
    if (this.published === 0) throw new Error('nothing is published')
    const at = this.#head & (this.#entries - 1)
    const offset = this.#field('offset', at)
    const data = this.transmit.slice(offset, offset + this.#field('bytes', at))
    this.#head = (this.#head + 1) >>> 0
    Atomics.store(new Int32Array(this.link.buffer), (LinkWord.replyHead * WORD_BYTES) / 4, this.#head | 0)
    return { requestId: this.#field('requestId', at), data, flags: this.#field('flags', at) }
  }
}

function put(ring: ReplyRing, requestId: number, data: Uint8Array, flags = 0): boolean {
  const at = ring.reserve(data.length)
  if (at < 0) return false
  ring.transmit.set(data, at)
  ring.push(requestId, at, data.length, flags)
  return true
}

it('[SV32] entries become visible with publish(), all at once and once', () => {
  const reader = new Reader(8, 1024)
  const { ring } = reader
  expect(ring.publish()).toBe(false)
  put(ring, 7, Buffer.from('seven'), 8)
  put(ring, 8, Buffer.from('eight'))
  expect(reader.published).toBe(0)
  expect([ring.publish(), ring.publish(), reader.published]).toEqual([true, false, 2])
  expect(reader.take()).toEqual({ requestId: 7, data: Uint8Array.from(Buffer.from('seven')), flags: 8 })
  expect(reader.take()).toMatchObject({ requestId: 8, flags: 0 })
})

it('[SV33] a full ring refuses another entry, also one without bytes, until native code has passed one', () => {
  const reader = new Reader(4, 1024)
  for (let i = 0; i < 4; i++) expect(put(reader.ring, i, Buffer.alloc(1))).toBe(true)
  expect([put(reader.ring, 4, Buffer.alloc(1)), reader.ring.reserve(0)]).toEqual([false, -1])
  reader.ring.publish()
  expect(reader.ring.refresh()).toBe(false)
  reader.take()
  expect(put(reader.ring, 4, Buffer.alloc(1))).toBe(true)
  expect(reader.ring.reserve(0)).toBe(-1)
})

it('[SV33] full memory refuses; what does not fit before the end goes to the start, and never over what is unread', () => {
  const reader = new Reader(64, 100)
  const { ring } = reader
  expect(ring.maxPieceBytes).toBe(50)
  expect([put(ring, 1, Buffer.alloc(40, 1)), put(ring, 2, Buffer.alloc(40, 2))]).toEqual([true, true])
  expect(ring.reserve(21)).toBe(-1)
  ring.publish()
  reader.take()
  // 20 at the end are too few for 30; the 40 at the start are free again.
  expect(put(ring, 3, Buffer.alloc(30, 3))).toBe(true)
  expect(ring.reserve(11)).toBe(-1)
  ring.publish()
  expect(reader.take().data).toEqual(new Uint8Array(40).fill(2))
  expect(reader.take().data).toEqual(new Uint8Array(30).fill(3))
  expect(ring.refresh()).toBe(true)
  expect(ring.reserve(50)).toBeGreaterThanOrEqual(0)
})

it('[SV33] a piece of maxPieceBytes always finds room in an empty ring, wherever it stands', () => {
  const reader = new Reader(16, 64)
  for (let first = 0; first <= 32; first++) {
    for (const bytes of [first, 32]) {
      expect(put(reader.ring, 1, Buffer.alloc(bytes, bytes))).toBe(true)
      reader.ring.publish()
      expect(reader.take().data).toEqual(new Uint8Array(bytes).fill(bytes))
    }
  }
})

it(`[SV32] random writers and readers: every reply comes out whole and in order, over many wraps (seed ${String(SEED)})`, () => {
  const random = smallRandom(SEED)
  const reader = new Reader(16, 512)
  let written = 0
  let read = 0
  let refused = 0
  const bytesOf = (n: number): Uint8Array => new Uint8Array((n * 37) % 200).fill(n)
  for (let step = 0; step < 50_000; step++) {
    const choice = random()
    if (choice < 0.5) {
      if (put(reader.ring, written, bytesOf(written), written & 31)) written++
      else refused++
    } else if (choice < 0.7) reader.ring.publish()
    else if (reader.published > 0) {
      const { requestId, data, flags } = reader.take()
      const whole = requestId === read && flags === (read & 31) && Buffer.compare(data, bytesOf(read)) === 0
      if (!whole) throw new Error(`entry ${String(read)} came out as ${String(requestId)}`)
      read++
    }
  }
  expect(read).toBeGreaterThan(5000)
  expect(refused).toBeGreaterThan(100)
})
