import { randomFillSync } from 'node:crypto'
import { checkString } from './check-options'
import { checkLength, RandomBase } from './random-base'
import type { RandomSource } from './random-source'

/** One call into the generator costs about as much for 4 KiB as for 4 bytes. */
const POOL_BYTES = 4096
const POOL_WORDS = POOL_BYTES / 4

export type FillRandom = (target: Uint8Array) => void

/** The system's cryptographic generator, drawn through a pool. */
export class RealRandom extends RandomBase {
  readonly cryptographic = true
  private readonly fill: FillRandom
  private readonly pool = new Uint32Array(POOL_WORDS)
  private taken = POOL_WORDS

  /** @param fill only tests pass one */
  constructor(fill: FillRandom = (target) => void randomFillSync(target)) {
    super()
    this.fill = fill
  }

  override bytes(n: number): Uint8Array {
    checkLength(n)
    if (n <= POOL_BYTES) return super.bytes(n)
    const out = new Uint8Array(n)
    this.fill(out)
    this.countDraws(Math.ceil(n / 4))
    return out
  }

  /** With a pool of its own; the label only names it. */
  override fork(label: string): RandomSource {
    checkString('label', label)
    return new RealRandom(this.fill)
  }

  protected override word(): number {
    if (this.taken === POOL_WORDS) {
      this.fill(new Uint8Array(this.pool.buffer))
      this.taken = 0
    }
    const word = this.pool[this.taken]
    // Keys are made of these words: what was given out must not be read here again.
    this.pool[this.taken++] = 0
    return word
  }
}
