import { type BackoffOptions, ExponentialBackoff } from '../../../lib/connect/backoff'
import { backoffPresets } from '../../../lib/connect/options'
import { ErrorCode } from '../../../lib/errors'
import { createRuntime, RealClock, type RandomSource, type Runtime } from '../../../lib/runtime'
import { ManualTime } from '../../support/manual-time'
import { floats, ScriptedRandom } from '../../support/random-sources'

function setUp(options: BackoffOptions = {}, random: RandomSource = new ScriptedRandom([])) {
  const time = new ManualTime()
  const runtime: Runtime = createRuntime({ clock: new RealClock(time), random })
  return { time, random, backoff: new ExponentialBackoff({ ...options, runtime }) }
}

function delays(n: number, options: BackoffOptions, ...us: readonly number[]): (number | null)[] {
  const { backoff } = setUp(options, floats(...us))
  return Array.from({ length: n }, () => backoff.next())
}

describe('the step', () => {
  it('[C12] of the default preset doubles from 100 to 30,000 ms', () => {
    const steps = delays(61, { jitter: 'none' })
    expect(steps.slice(0, 4)).toEqual([100, 200, 400, 800])
    expect([steps[8], steps[9], steps[60]]).toEqual([25_600, 30_000, 30_000])
  })

  it('[C12] of the grpc preset grows by 1.6 from 1,000 to 120,000 ms', () => {
    const steps = delays(12, { preset: 'grpc', jitter: 'none' }) as number[]
    for (const [n, b] of [[0, 1_000], [1, 1_600], [2, 2_560], [3, 4_096], [4, 6_553.6], [10, 109_951.16]]) expect(steps[n]).toBeCloseTo(b, 2) // prettier-ignore
    expect(steps[11]).toBe(120_000)
  })

  it('[C12] never overflows, however many attempts there were', () => {
    const { backoff } = setUp({ jitter: 'none', multiplier: 1_000 })
    for (let n = 0; n < 10_000; n++) expect(backoff.next()).toBeLessThanOrEqual(30_000)
    expect(backoff.attempt).toBe(10_000)
  })

  it('[C12] stays where it is with the multiplier 1', () => {
    expect(delays(3, { jitter: 'none', multiplier: 1 })).toEqual([100, 100, 100])
  })
})

describe('the jitter', () => {
  it("[C12] 'full' is uniform from the least delay to the step", () => {
    for (const [u, delay] of [[0, 10], [0.5, 55], [0.999, 99.91]]) expect(delays(1, { jitter: 'full' }, u)[0]).toBeCloseTo(delay, 9) // prettier-ignore
    expect(delays(1, { minDelayMs: 0 }, 0)).toEqual([0])
    expect(delays(1, { minDelayMs: 100 }, 0.3)).toEqual([100])
  })

  it("[C12] 'equal' keeps half of the step", () => {
    expect(delays(2, { jitter: 'equal' }, 0, 0.5)).toEqual([50, 150])
  })

  it("[C12] 'proportional' lies around the step and may exceed the maximum by its ratio", () => {
    expect(delays(1, { preset: 'grpc' }, 0.25)).toEqual([900])
    expect(delays(1, { initialDelayMs: 1_000, maxDelayMs: 1_000, jitter: 'proportional' }, 0.75)[0]).toBeCloseTo(
      1_100,
      9,
    )
    expect(delays(1, { preset: 'quick' }, 0)[0]).toBeCloseTo(90, 9)
  })

  it("[C12] 'decorrelated' grows from the delay before, and starts again after a reset", () => {
    const { backoff } = setUp({ jitter: 'decorrelated' }, floats(0.5, 0.5, 0.5, 0.5, 0.5, 0.5))
    expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([100, 200, 350, 575, 912.5, 1418.75])
    backoff.reset()
    expect([backoff.next(), backoff.next()]).toEqual([100, 200])
    expect(delays(2, { jitter: 'decorrelated', maxDelayMs: 150 }, 0.9)).toEqual([100, 150])
  })

  it("[C12] 'none' draws nothing, every other one float per delay", () => {
    const { backoff, random } = setUp({}, floats(0.1, 0.2))
    backoff.next()
    backoff.next()
    expect(random.draws).toBe(4)
    expect(delays(2, { jitter: 'none' })).toEqual([100, 200])
  })
})

describe('a series', () => {
  it('[C11] first waits the initial delay, never 0 and never double', () => {
    const { backoff } = setUp({ jitter: 'none' })
    expect(backoff.attempt).toBe(0)
    expect(backoff.next()).toBe(100)
    expect(backoff.attempt).toBe(1)
  })

  it('[C12] ends after maxAttempts and begins anew by reset', () => {
    const { backoff } = setUp({ jitter: 'none', maxAttempts: 2 })
    expect([backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([100, 200, null, null])
    expect(backoff.attempt).toBe(2)
    backoff.reset()
    expect([backoff.attempt, backoff.next()]).toEqual([0, 100])
    expect(delays(1, { maxAttempts: 0 })).toEqual([null])
  })

  it('[C12] ends when the next attempt would begin more than maxElapsedMs after its start', () => {
    const { backoff, time } = setUp({ jitter: 'none', maxElapsedMs: 500 })
    backoff.started()
    time.advance(50)
    for (const waitMs of [50, 200]) {
      expect(backoff.next()).toBe(waitMs)
      time.advance(waitMs)
    }
    // 300 ms are gone; the third retry would begin at 700.
    expect(backoff.next()).toBeNull()
    expect(backoff.attempt).toBe(2)
  })

  it('[C12] is ended by a connection that was up for resetAfterMs, and not by one that was accepted and closed', () => {
    const { backoff } = setUp({ jitter: 'none' })
    const waits = [0, 9_999, 9_999.9, 10_000, 0].map((stableMs) => {
      const wait = backoff.next()
      backoff.succeeded(stableMs)
      return wait
    })
    expect(waits).toEqual([100, 200, 400, 800, 100])
    expect(backoff.attempt).toBe(1)
  })

  it.each([NaN, -1, '1'])('[C12] refuses succeeded(%p)', (stableMs) => {
    expect(() => {
      setUp().backoff.succeeded(stableMs as number)
    }).toThrow(expect.objectContaining({ code: ErrorCode.OPTION_INVALID }) as Error)
  })
})

describe('measured from', () => {
  it('[C12] the start, the time that a failed attempt took counts towards its delay', () => {
    const { backoff, time } = setUp({ jitter: 'none' })
    const waitAfter = (attemptMs: number): number | null => {
      backoff.started()
      time.advance(attemptMs)
      return backoff.next()
    }
    expect([waitAfter(30), waitAfter(0), waitAfter(5_000)]).toEqual([70, 200, 0])
    // Not announced: measured from its end.
    expect(backoff.next()).toBe(800)
  })

  it('[C12] the end, it does not', () => {
    const { backoff, time } = setUp({ jitter: 'none', measureFrom: 'end' })
    backoff.started()
    time.advance(30)
    expect(backoff.next()).toBe(100)
  })

  it('[C11] a connection that is lost is never dialed again at once', () => {
    const { backoff, time } = setUp({ jitter: 'none' })
    backoff.started()
    time.advance(3_600_000)
    backoff.succeeded(3_599_990)
    expect(backoff.next()).toBe(100)
    backoff.started()
    time.advance(150)
    backoff.succeeded(120) // accepted and closed: the series goes on, measured from the close
    expect(backoff.next()).toBe(200)
  })
})

describe('presets and bad options', () => {
  it('[C12] the presets hold the values of their sources', () => {
    const row = (p: keyof typeof backoffPresets): unknown => Object.values(backoffPresets[p])
    expect(row('default')).toEqual([100, 2, 30_000, 'full', 0.2, Infinity])
    expect(row('validator')).toEqual([1_000, 2, 32_000, 'full', 0.2, 5])
    expect(row('quick')).toEqual([100, 2, 30_000, 'proportional', 0.1, 3])
    expect(row('grpc')).toEqual([1_000, 1.6, 120_000, 'proportional', 0.2, Infinity])
    expect(row('local')).toEqual([10, 2, 1_000, 'full', 0.2, 10])
    expect(row('wan')).toEqual([500, 2, 60_000, 'full', 0.2, Infinity])
  })

  it('[C12] an option beats its preset, and the least delay follows the initial one', () => {
    expect(delays(1, { preset: 'wan' }, 0)).toEqual([50])
    expect(delays(1, { preset: 'wan', initialDelayMs: 200 }, 0)).toEqual([20])
    expect(delays(2, { preset: 'quick', maxAttempts: 1, jitter: 'none' })).toEqual([100, null])
  })

  const bad: [string, unknown][] = [
    ...[
      'initialDelayMs',
      'multiplier',
      'maxDelayMs',
      'minDelayMs',
      'jitterRatio',
      'resetAfterMs',
      'maxAttempts',
      'maxElapsedMs',
    ].flatMap(
      (name): [string, unknown][] => [[name, NaN], [name, -1], [name, '1'], [name, null]], // prettier-ignore
    ),
    ['initialDelayMs', 0],
    ['initialDelayMs', 30_001],
    ['initialDelayMs', Infinity],
    ['maxDelayMs', 99],
    ['minDelayMs', 101],
    ['multiplier', 0.99],
    ['jitterRatio', 1.01],
    ['maxAttempts', 1.5],
    ['jitter', 'some'],
    ['preset', 'slow'],
    ['measureFrom', 'middle'],
    ['initialDelay', 100],
  ]
  it.each(bad)('[C12] %s = %p throws OPTION_INVALID', (name, value) => {
    expect(() => setUp({ [name]: value })).toThrow(expect.objectContaining({ code: ErrorCode.OPTION_INVALID }) as Error)
  })

  it('[C58] needs a runtime', () => {
    expect(() => new ExponentialBackoff({} as never)).toThrow(/"runtime" must be an object; got undefined/)
  })
})
