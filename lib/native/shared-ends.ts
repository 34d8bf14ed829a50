import type { SendCounts } from '../runtime'
import { DatagramWord, type LinkCounters } from './datagram-layout'
import { LinkCounterPage, countsOf, sumOf } from './datagram-snapshot'
import { LinkLife, WORD_BYTES } from './layout'

const LIFE = (DatagramWord.life * WORD_BYTES) / 4

interface End {
  readonly words: Int32Array
  readonly counters: LinkCounterPage
}

/**
 * The ends of a socket that other threads have. Of one that has gone only its figures stay: threads come and go, the socket does not.
 */
export class SharedEnds {
  readonly #open = new Map<number, End>()
  readonly #forget: (link: number) => void
  #made = 0
  #gone: SendCounts | null = null

  /** @param forget lets the memory of a link go */
  constructor(forget: (link: number) => void) {
    this.#forget = forget
  }

  /** @returns the number of its link: the owner's is 0 */
  add(link: Uint8Array): number {
    const words = new Int32Array(link.buffer, link.byteOffset, LIFE + 1)
    this.#made++
    this.#open.set(this.#made, { words, counters: new LinkCounterPage(link) })
    return this.#made
  }

  /** Those that have not ended. */
  read(): LinkCounters[] {
    return [...this.#open.values()].map(({ counters }) => counters.read())
  }

  /** What those that have ended have sent; lets go of them. */
  gone(): readonly SendCounts[] {
    for (const [link, { words, counters }] of this.#open) {
      // The last thing that native code writes there.
      if (Atomics.load(words, LIFE) !== LinkLife.retired) continue
      const counts = countsOf(counters.read())
      this.#gone = this.#gone === null ? counts : sumOf([this.#gone, counts])
      this.#open.delete(link)
      this.#forget(link)
    }
    return this.#gone === null ? [] : [this.#gone]
  }
}
