import type { DatagramBatch } from '../runtime'
import { ReceiveFlag } from '../runtime'
import {
  DatagramWord,
  type LinkSizes,
  RECEIVE_COLUMNS,
  RETURN_COLUMNS,
  RingColumns,
  linkOffsets,
} from './datagram-layout'
import { WORD_BYTES } from './layout'

const RETURN_TAIL = (DatagramWord.returnTail * WORD_BYTES) / 4

/**
 * JavaScript's end of a receive ring. It is the batch itself: one object, whose `first` and `end` move. What is not kept is free
 * when the ring's head passes it; what is kept goes back by the return ring.
 */
export class ReceiveRing implements DatagramBatch {
  first = 0
  end = 0
  readonly slab: Uint8Array
  readonly offset: Uint32Array
  readonly length: Uint32Array
  readonly fullLength: Uint32Array
  readonly segmentBytes: Uint16Array
  readonly segmentCount: Uint16Array
  readonly port: Uint16Array
  readonly family: Uint8Array
  readonly trafficClass: Uint8Array
  readonly hopLimit: Uint8Array
  readonly flags: Uint8Array
  readonly peerId: Uint32Array
  readonly slot: Uint32Array
  readonly ordinal: Uint32Array
  readonly generation: Uint32Array
  readonly interfaceIndex: Uint32Array
  readonly localAddress: Uint8Array
  readonly timestampSeconds: Uint32Array
  readonly timestampNanoseconds: Uint32Array
  readonly #kept: Uint8Array
  readonly #words: Int32Array
  readonly #returned: Uint32Array
  readonly #returnMask: number
  readonly #slots: { readonly small: number; readonly large: number }
  #returnTail = 0
  #returnPublished = 0
  #keptSmall = 0
  #keptLarge = 0

  constructor(link: Uint8Array, slab: Uint8Array, sizes: LinkSizes, slots: { small: number; large: number }) {
    const at = linkOffsets(sizes)
    const columns = new RingColumns(link, at.receive, RECEIVE_COLUMNS, sizes.receiveEntries)
    this.slab = slab
    this.offset = columns.u32('offset')
    this.length = columns.u32('length')
    this.fullLength = columns.u32('fullLength')
    this.segmentBytes = columns.u16('segmentBytes')
    this.segmentCount = columns.u16('segmentCount')
    this.port = columns.u16('port')
    this.family = columns.u8('family')
    this.trafficClass = columns.u8('trafficClass')
    this.hopLimit = columns.u8('hopLimit')
    this.flags = columns.u8('flags')
    this.peerId = columns.u32('peerId')
    this.slot = columns.u32('slot')
    this.ordinal = columns.u32('ordinal')
    this.generation = columns.u32('generation')
    this.interfaceIndex = columns.u32('interfaceIndex')
    this.localAddress = columns.u8('localAddress')
    this.timestampSeconds = columns.u32('timestampSeconds')
    this.timestampNanoseconds = columns.u32('timestampNanoseconds')
    this.#kept = columns.u8('kept')
    this.#words = new Int32Array(link.buffer, link.byteOffset, RETURN_TAIL + 1)
    this.#returned = new RingColumns(link, at.returns, RETURN_COLUMNS, sizes.returnEntries).u32('slot')
    this.#returnMask = sizes.returnEntries - 1
    this.#slots = slots
  }

  /** Datagrams in [first, end), GRO unfolded. */
  datagrams(first: number, end: number): number {
    return (this.ordinal[end - 1] + this.segmentCount[end - 1] - this.ordinal[first]) >>> 0
  }

  /** At most half of each kind of slot can be kept: the rest has to go on receiving. */
  keep(first: number, end: number): boolean {
    let large = 0
    for (let at = first; at < end; at++) {
      if (this.#kept[at] !== 0) return false
      if ((this.flags[at] & ReceiveFlag.large) !== 0) large++
    }
    const small = end - first - large
    if (this.#keptSmall + small > this.#slots.small / 2 || this.#keptLarge + large > this.#slots.large / 2) return false
    this.#keptSmall += small
    this.#keptLarge += large
    this.#kept.fill(1, first, end)
    return true
  }

  /** Kept slots. Visible with publish(). */
  giveBack(slots: Uint32Array): void {
    for (const slot of slots) {
      this.#returned[this.#returnTail & this.#returnMask] = slot
      this.#returnTail = (this.#returnTail + 1) | 0
      if (slot >= this.#slots.small) this.#keptLarge--
      else this.#keptSmall--
    }
  }

  get hasReturned(): boolean {
    return this.#returnPublished !== this.#returnTail
  }

  /** True = there was something to give back. */
  publish(): boolean {
    if (this.#returnPublished === this.#returnTail) return false
    this.#returnPublished = this.#returnTail
    Atomics.store(this.#words, RETURN_TAIL, this.#returnTail)
    return true
  }
}
