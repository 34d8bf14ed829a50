/** What the reactor does with the send rings of a link, in a few lines of TypeScript. */
import {
  DatagramWord,
  type LinkSizes,
  RingColumns,
  SEND_COLUMNS,
  datagramLinkBytes,
  linkOffsets,
} from '../../../lib/native/datagram-layout'
import { WORD_BYTES } from '../../../lib/native/layout'
import { type SendLimits, SendRings } from '../../../lib/native/send-rings'

export interface TakenSend {
  readonly data: Buffer
  readonly to: number
  readonly segmentBytes: number
  readonly flags: number
  readonly area: number
  readonly token: number
  readonly slot: number
}

export const LIMITS: SendLimits = {
  maxQueuedPackets: 16,
  maxQueuedBytes: 4096,
  reservedHighPackets: 4,
  drainRatio: 0.5,
  evictLower: false,
}

export class SendModel {
  readonly rings: SendRings
  readonly transmit: Uint8Array
  readonly link: Uint8Array
  /** [to, area] of every entry that came back. */
  readonly freed: [number, number][] = []
  readonly words: Int32Array
  readonly #sizes: LinkSizes
  readonly #heads = [0, 0, 0]

  constructor(limits: Partial<SendLimits> = {}, entries = 128, transmitBytes = 3 * 8192) {
    this.#sizes = { receiveEntries: 1, returnEntries: 1, sendEntries: entries, completionEntries: 4 * entries }
    this.link = new Uint8Array(new SharedArrayBuffer(datagramLinkBytes(this.#sizes)))
    this.transmit = new Uint8Array(new SharedArrayBuffer(transmitBytes))
    this.words = new Int32Array(this.link.buffer)
    this.rings = new SendRings(this.link, this.transmit, this.#sizes, { ...LIMITS, ...limits }, (to, area) => {
      this.freed.push([to, area])
    })
  }

  word(index: number): number {
    return Atomics.load(this.words, (index * WORD_BYTES) / 4)
  }

  setWord(index: number, value: number): void {
    Atomics.store(this.words, (index * WORD_BYTES) / 4, value)
  }

  published(sendClass: number): number {
    return (this.word(DatagramWord.sendTail + sendClass) - this.#heads[sendClass]) | 0
  }

  /** The oldest entry of a class, settled at once. */
  take(sendClass: number): TakenSend {
    if (this.published(sendClass) === 0) throw new Error('nothing is published')
    const entries = this.#sizes.sendEntries
    const columns = new RingColumns(this.link, linkOffsets(this.#sizes).send[sendClass], SEND_COLUMNS, entries)
    const at = this.#heads[sendClass] & (entries - 1)
    const offset = columns.u32('offset')[at]
    const taken = {
      data: Buffer.from(this.transmit.slice(offset, offset + columns.u32('bytes')[at])),
      to: columns.u32('to')[at],
      segmentBytes: columns.u16('segmentBytes')[at],
      flags: columns.u8('flags')[at],
      area: columns.u8('area')[at],
      token: columns.u32('token')[at],
      slot: columns.u32('slot')[at],
    }
    this.#heads[sendClass] = (this.#heads[sendClass] + 1) | 0
    this.setWord(DatagramWord.sendHead + sendClass, this.#heads[sendClass])
    return taken
  }

  takeAll(): void {
    for (const sendClass of [0, 1, 2]) while (this.published(sendClass) !== 0) this.take(sendClass)
  }

  /** JavaScript's side: false = refused. */
  put(data: Uint8Array, sendClass: 0 | 1 | 2 = 1, to = 1, token = 0, packets = 1): boolean {
    const at = this.rings.reserve(data.length, sendClass, packets)
    if (at < 0) return false
    this.transmit.set(data, at)
    this.rings.commit(data.length, to, packets === 1 ? 0 : Math.ceil(data.length / packets), null, token)
    return true
  }
}
