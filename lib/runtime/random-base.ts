import { optionInvalid } from '../errors'
import type { RandomSource } from './random-source'

const TWO_26 = 2 ** 26
const TWO_32 = 2 ** 32
const TWO_53 = 2 ** 53

/** Every method of a random source in terms of `word()`, so that real and seeded sources draw in the same way. */
export abstract class RandomBase implements RandomSource {
  abstract readonly cryptographic: boolean
  private drawCount = 0

  /** Uniform integer in [0, 2^32). */
  protected abstract word(): number
  abstract fork(label: string): RandomSource

  get draws(): number {
    return this.drawCount
  }

  u32(): number {
    this.drawCount++
    return this.word()
  }

  float(): number {
    return this.bits53() / TWO_53
  }

  int(lo: number, hi: number): number {
    if (!Number.isSafeInteger(lo)) throw optionInvalid('lo', lo, 'a safe integer')
    if (!Number.isSafeInteger(hi)) throw optionInvalid('hi', hi, 'a safe integer')
    const span = hi - lo
    if (!(span > 0 && span <= TWO_53)) throw optionInvalid('hi', hi, `above lo = ${String(lo)} by at most 2^53`)
    const wide = span > TWO_32
    const range = wide ? TWO_53 : TWO_32
    // Above the largest multiple of span, values are refused: a plain remainder would favour the small ones.
    const limit = range - (range % span)
    let value = wide ? this.bits53() : this.u32()
    while (value >= limit) value = wide ? this.bits53() : this.u32()
    return lo + (value % span)
  }

  bool(p: number): boolean {
    if (typeof p !== 'number' || Number.isNaN(p)) throw optionInvalid('p', p, 'a number')
    return this.float() < p
  }

  bytes(n: number): Uint8Array {
    checkLength(n)
    const out = new Uint8Array(n)
    for (let i = 0; i < n; i += 4) {
      const word = this.u32()
      for (let k = 0; k < 4 && i + k < n; k++) out[i + k] = word >>> (8 * k)
    }
    return out
  }

  pick<T>(a: readonly T[]): T {
    if (a.length === 0) throw optionInvalid('a', a, 'a list with at least one element')
    return a[this.int(0, a.length)]
  }

  /** Fisher and Yates, from the end. */
  shuffle<T>(a: T[]): T[] {
    for (let i = a.length - 1; i > 0; i--) {
      const j = this.int(0, i + 1)
      const moved = a[i]
      a[i] = a[j]
      a[j] = moved
    }
    return a
  }

  exponential(mean: number): number {
    checkFinite('mean', mean)
    // 1 - u lies in (0, 1]: its logarithm is finite. Subtracted, since a minus sign would make -0 of u = 0.
    return 0 - mean * Math.log(1 - this.float())
  }

  /** Box and Muller. The second value is thrown away: kept, it would make the number of draws depend on history. */
  normal(mean: number, sd: number): number {
    checkFinite('mean', mean)
    checkFinite('sd', sd)
    const radius = Math.sqrt(-2 * Math.log(1 - this.float()))
    return mean + sd * radius * Math.cos(2 * Math.PI * this.float())
  }

  /** For a source that fills bytes without drawing words. */
  protected countDraws(n: number): void {
    this.drawCount += n
  }

  private bits53(): number {
    const high = this.u32() >>> 5
    return high * TWO_26 + (this.u32() >>> 6)
  }
}

export function checkLength(n: number): void {
  if (!Number.isSafeInteger(n) || n < 0) throw optionInvalid('n', n, 'an integer of at least 0')
}

function checkFinite(name: string, value: number): void {
  if (!Number.isFinite(value)) throw optionInvalid(name, value, 'a finite number')
}
