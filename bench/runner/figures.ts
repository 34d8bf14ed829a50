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

/** One value of each round in which both ran; none where the value below is 0. */
function perPair(above: string, below: string, value: (of: Measurement) => number): Figure {
  return (result) =>
    result.rounds.flatMap((round) => {
      const first = round.find((one) => one.competitor === above)
      const second = round.find((one) => one.competitor === below)
      if (first === undefined || second === undefined) return []
      const divisor = value(second)
      return divisor > 0 ? [value(first) / divisor] : []
    })
}

export function p50Ratio(above: string, below: string): Figure {
  return perPair(above, below, (one) => one.load.p50Us)
}

/** CPU time of the sending end for each datagram that its kernel took. */
export function senderCpuRatio(above: string, below: string): Figure {
  return perPair(above, below, (one) => (one.load.sent > 0 ? one.load.cpuSeconds / one.load.sent : 0))
}

/** By how many percentage points `competitor` loses more than `reference`. */
export function lossPoints(competitor: string, reference: string): Figure {
  const loss = ({ load }: Measurement): number => (load.sent > 0 ? (100 * load.lost) / load.sent : 0)
  return (result) =>
    result.rounds.flatMap((round) => {
      const first = round.find((one) => one.competitor === competitor)
      const second = round.find((one) => one.competitor === reference)
      return first === undefined || second === undefined ? [] : [loss(first) - loss(second)]
    })
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
