import { type Figure, type Measurement, type TrialResult } from './trial.js'

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Undefined without values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return { median, min: sorted[0], max: sorted[sorted.length - 1] }
}

export function perRound(result: TrialResult, competitor: string, value: (of: Measurement) => number): number[] {
  return result.rounds.flatMap((round) => round.filter((one) => one.competitor === competitor).map(value))
}

export function rateOf(competitor: string): Figure {
  return (result) => perRound(result, competitor, (one) => one.load.rate)
}

/** The ratio of the two rates of each round; rounds without both, or with a rate of 0 below, give none. */
export function rateRatio(above: string, below: string): Figure {
  return (result) =>
    result.rounds.flatMap((round) => {
      const numerator = round.find((one) => one.competitor === above)?.load.rate
      const denominator = round.find((one) => one.competitor === below)?.load.rate
      return numerator === undefined || !denominator ? [] : [numerator / denominator]
    })
}
