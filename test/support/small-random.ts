// Taken once: under jest every use of a global is a slow look-up.
const { imul } = Math

/** Floats in [0, 1) from a seed: mulberry32, for tests that must run without lib/ (there is one generator for the rest). */
export function smallRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let word = imul(state ^ (state >>> 15), state | 1)
    word ^= word + imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
  }
}
