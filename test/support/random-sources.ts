/** Random sources for tests: one from a seed, one from a script. */
import { createHash } from 'node:crypto'
import { RandomBase, type RandomSource } from '../../lib/runtime'

/** xoshiro128** (Blackman and Vigna, 2018) with keyed streams, in the scheme of the simulator. */
export class SeededRandom extends RandomBase {
  readonly cryptographic = false
  private readonly seed: number
  private readonly label: string
  private readonly state: Uint32Array

  constructor(seed: number, label: string, state = seededState(seed, label)) {
    super()
    this.seed = seed
    this.label = label
    this.state = Uint32Array.from(state)
  }

  get currentState(): readonly number[] {
    return [...this.state]
  }

  override fork(label: string): RandomSource {
    return new SeededRandom(this.seed, this.label === '' ? label : `${this.label}/${label}`)
  }

  protected override word(): number {
    const s = this.state
    const out = Math.imul(rotl(Math.imul(s[1], 5), 7), 9) >>> 0
    const t = s[1] << 9
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= t
    s[3] = rotl(s[3], 11)
    return out
  }
}

function rotl(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits))
}

function seededState(seed: number, label: string): readonly number[] {
  const digest = createHash('sha256')
    .update(`netvolley-sim-v1\0${String(seed)}\0${label}`)
    .digest()
  const state = [0, 4, 8, 12].map((at) => digest.readUInt32LE(at))
  return state.every((word) => word === 0) ? [1, 0, 0, 0] : state
}

/** Gives the words of a script; throws at its end. */
export class ScriptedRandom extends RandomBase {
  readonly cryptographic = false
  private readonly words: number[]

  constructor(words: readonly number[]) {
    super()
    this.words = [...words]
  }

  override fork(): RandomSource {
    throw new Error('a scripted source has no forks')
  }

  protected override word(): number {
    const word = this.words.shift()
    if (word === undefined) throw new Error('the script has no more words')
    return word
  }
}

/** A source whose floats are the given ones, each in [0, 1), exact to 2^-53. */
export function floats(...values: readonly number[]): ScriptedRandom {
  return new ScriptedRandom(
    values.flatMap((u) => {
      const bits = Math.round(u * 2 ** 53)
      return [Math.floor(bits / 2 ** 26) * 32, (bits % 2 ** 26) * 64]
    }),
  )
}
