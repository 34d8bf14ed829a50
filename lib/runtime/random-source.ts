/** Randomness as an argument: a seeded source makes a whole run repeatable. */
export interface RandomSource {
  /** Fit for keys. False for every seeded source. */
  readonly cryptographic: boolean
  /** 32-bit words taken so far, forks not counted. */
  readonly draws: number
  /** Uniform in [0, 2^32). One draw. */
  u32(): number
  /** Uniform in [0, 1) with 53 bits. Two draws. */
  float(): number
  /** Uniform integer in [lo, hi), free of modulo bias; both safe integers, lo < hi, hi - lo <= 2^53. */
  int(lo: number, hi: number): number
  /** True with probability `p` (below 0 counts as 0, above 1 as 1). Always draws one float, so that changing `p` shifts no later draw. */
  bool(p: number): boolean
  /** `n` fresh bytes. */
  bytes(n: number): Uint8Array
  /** An element of `a`, which must not be empty. */
  pick<T>(a: readonly T[]): T
  /** Shuffles in place, returns `a`. */
  shuffle<T>(a: T[]): T[]
  /** Exponentially distributed with the given mean. */
  exponential(mean: number): number
  /** Normally distributed with the given mean and standard deviation. */
  normal(mean: number, sd: number): number
  /** A source of its own: what it draws never shifts the draws of this one. Equal labels of a seeded source give equal streams. */
  fork(label: string): RandomSource
}
