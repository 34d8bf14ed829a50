import fc from 'fast-check'
import { type BackoffOptions, ExponentialBackoff } from '../../../lib/connect/backoff'
import { JITTERS } from '../../../lib/connect/options'
import { createRuntime, RealClock } from '../../../lib/runtime'
import { ManualTime } from '../../support/manual-time'
import { SeededRandom } from '../../support/random-sources'
import { SEED } from '../../support/seed'

const CLIENTS = 1_000
const BIN_MS = 10

/** When 1,000 clients that failed together at 0 begin their nth retry, each with a random stream of its own. */
function retryTimes(seed: number, failures: number, options: BackoffOptions): number[] {
  const clock = new RealClock(new ManualTime())
  const root = new SeededRandom(seed, '')
  return Array.from({ length: CLIENTS }, (_, i) => {
    const runtime = createRuntime({ clock, random: root.fork(`client:${String(i)}`) })
    const backoff = new ExponentialBackoff({ ...options, runtime })
    let atMs = 0
    for (let n = 0; n < failures; n++) atMs += backoff.next() ?? NaN
    return atMs
  })
}

/** @returns the share of the fullest bin */
function fullestBin(times: readonly number[]): number {
  const bins = new Map<number, number>()
  for (const time of times) bins.set(Math.floor(time / BIN_MS), (bins.get(Math.floor(time / BIN_MS)) ?? 0) + 1)
  return Math.max(...bins.values()) / times.length
}

const SEEDS = Array.from({ length: 10 }, (_, i) => SEED + i)

it(`[C12] of 1,000 clients that fail together no 10 ms of a 1 s range sees more than 3 % (seeds from ${String(SEED)})`, () => {
  for (const seed of SEEDS) expect(fullestBin(retryTimes(seed, 1, { initialDelayMs: 1_000 }))).toBeLessThanOrEqual(0.03)
})

it(`[C11] after three failures no 10 ms sees more than 5 % of the clients (seeds from ${String(SEED)})`, () => {
  for (const seed of SEEDS) expect(fullestBin(retryTimes(seed, 3, {}))).toBeLessThanOrEqual(0.05)
})

it('[C12] without jitter they all come at once, which the same measure shows', () => {
  expect(fullestBin(retryTimes(SEED, 3, { jitter: 'none' }))).toBe(1)
})

it(`[C12] every delay lies in [0, max * (1 + ratio)], with 'full' above the least one (seed ${String(SEED)})`, () => {
  const arbitrary = fc.record({
    initialDelayMs: fc.double({ min: 0.001, max: 5_000, noNaN: true }),
    maxDelayMs: fc.double({ min: 5_000, max: 200_000, noNaN: true }),
    multiplier: fc.double({ min: 1, max: 50, noNaN: true }),
    jitter: fc.constantFrom(...JITTERS),
    jitterRatio: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  const clock = new RealClock(new ManualTime())
  fc.assert(
    fc.property(arbitrary, fc.nat(), (options, seed) => {
      const runtime = createRuntime({ clock, random: new SeededRandom(seed, '') })
      const backoff = new ExponentialBackoff({ ...options, runtime })
      for (let n = 0; n < 60; n++) {
        const delay = backoff.next()
        const b = Math.min(options.maxDelayMs, options.initialDelayMs * options.multiplier ** n)
        const least = { full: options.initialDelayMs / 10, equal: b / 2, none: b, proportional: 0, decorrelated: options.initialDelayMs } // prettier-ignore
        const most = { full: b, equal: b, none: b, proportional: b * (1 + options.jitterRatio), decorrelated: options.maxDelayMs } // prettier-ignore
        // A part in 10^12 for the rounding of products.
        expect(delay).toBeGreaterThanOrEqual(least[options.jitter] * (1 - 1e-12))
        expect(delay).toBeLessThanOrEqual(most[options.jitter] * (1 + 1e-12))
      }
    }),
    { seed: SEED, numRuns: 200 },
  )
})
