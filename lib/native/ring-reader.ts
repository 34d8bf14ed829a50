import { performance } from 'node:perf_hooks'
import { setImmediate } from 'node:timers'
import type { LinkHost } from './link-host'

export interface RingReaderOptions {
  /** Where the words begin, in Int32s. */
  readonly tail: number
  readonly head: number
  readonly sleeps: number
  readonly entries: number
  /** Handed over at most in one call of `deliver`. */
  readonly maxBatchEntries: number
  /** ms after which other work of the event loop gets its turn. */
  readonly maxBatchMs: number
  /** Entries [first, end), indices into the columns; never wraps. */
  readonly deliver: (first: number, end: number) => void
  /** Entries may be handed over now; else they stay where they are, and whoever changes that has to `drain`. */
  readonly ready: () => boolean
  /** Right before the head moves: what has to be visible sooner than that. */
  readonly beforeHead?: () => void
  /** Takes what else native code has published. */
  readonly takeOther?: () => void
  readonly hasOther?: () => boolean
  /** Comes in a later turn of the event loop, within a burst of the host: it has to call `drain`. */
  readonly again: () => void
}

/**
 * The consumer's end of a ring that native code fills: steps C0 to C4 of the hand-over. ARCHITECTURE.md has the proof that no
 * wake-up is lost.
 */
export class RingReader {
  maxBatchEntries: number
  maxBatchMs: number
  readonly #words: Int32Array
  readonly #options: RingReaderOptions
  readonly #hasWork = (): boolean => this.hasEntries() || this.#options.hasOther?.() === true
  #head = 0
  #released = 0
  #againArmed = false

  constructor(words: Int32Array, options: RingReaderOptions) {
    this.#words = words
    this.#options = options
    this.maxBatchEntries = options.maxBatchEntries
    this.maxBatchMs = options.maxBatchMs
    Atomics.store(words, options.sleeps, 1)
  }

  /** Free-running: entries that native code sees as let go of. Behind what was handed over while a callback runs. */
  get released(): number {
    return this.#released
  }

  hasEntries(): boolean {
    return this.#options.ready() && Atomics.load(this.#words, this.#options.tail) >>> 0 !== this.#head
  }

  /** True = all was taken, and native code will ring for what comes next. False = it comes again by itself. */
  drain(host: LinkHost): boolean {
    const { sleeps, takeOther } = this.#options
    const until = performance.now() + this.maxBatchMs
    Atomics.store(this.#words, sleeps, 0)
    try {
      do {
        takeOther?.()
        while (this.#deliver()) {
          // The reactor's thread can send while the next run is handled.
          if (host.drive === 'thread') host.flush()
          if (performance.now() >= until && this.hasEntries()) {
            this.drainLater(host)
            return false
          }
        }
      } while (!this.fallAsleep(sleeps, this.#hasWork))
    } catch (error) {
      // Leaving with nothing scheduled while the word says "awake" would lose the wake-up for ever.
      this.drainLater(host)
      throw error
    }
    return true
  }

  /** Says that this side sleeps, then looks once more. False = there is work, and nobody will ring: go on. */
  fallAsleep(word: number, hasWork: () => boolean): boolean {
    Atomics.store(this.#words, word, 1)
    return !(hasWork() && Atomics.exchange(this.#words, word, 0) === 1)
  }

  drainLater(host: LinkHost): void {
    if (this.#againArmed) return
    this.#againArmed = true
    setImmediate(() => {
      this.#againArmed = false
      host.burst(this.#options.again)
    })
  }

  /** Hands over one run. False = there was none. */
  #deliver(): boolean {
    const { ready, tail, entries, deliver, beforeHead, head } = this.#options
    if (!ready()) return false
    const used = ((Atomics.load(this.#words, tail) >>> 0) - this.#head) >>> 0
    if (used === 0) return false
    const first = this.#head & (entries - 1)
    const count = Math.min(used, this.maxBatchEntries, entries - first)
    this.#head = (this.#head + count) >>> 0
    try {
      deliver(first, first + count)
    } finally {
      beforeHead?.()
      Atomics.store(this.#words, head, this.#head | 0)
      this.#released = this.#head
    }
    return true
  }
}
