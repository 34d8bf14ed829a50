import { optionInvalid } from '../errors'
import { checkInteger, checkKnownKeys, checkNumber, checkObject, checkOneOf, type Runtime } from '../runtime'
import {
  backoffLimits,
  type BackoffPreset,
  backoffPresets,
  DEFAULT_MEASURE_FROM,
  type Jitter,
  JITTERS,
  MEASURE_FROM,
  type MeasureFrom,
  PRESETS,
} from './options'

export interface BackoffOptions {
  /** Defaults for the options below. Default `'default'`. */
  preset?: BackoffPreset
  /** Step before the first retry, ms. Default 100. */
  initialDelayMs?: number
  /** From step to step, at least 1. Default 2. */
  multiplier?: number
  /** Largest step, ms. Default 30,000. */
  maxDelayMs?: number
  /** Least delay of the jitter `'full'`, ms. Default `initialDelayMs / 10`. */
  minDelayMs?: number
  /** How the delay is drawn from the step b. Default `'full'`: uniform from `minDelayMs` to b. */
  jitter?: Jitter
  /** r of the jitter `'proportional'`: uniform from b(1 - r) to b(1 + r). Default 0.2. */
  jitterRatio?: number
  /** A connection that was up for so long ends the series, ms. Default 10,000. */
  resetAfterMs?: number
  /** Retries in a series. Default Infinity. */
  maxAttempts?: number
  /** No retry begins later than this after the series began, ms. Default Infinity. */
  maxElapsedMs?: number
  /** What the delay is counted from, the start or the end of the failed attempt. Default `'start'`; see `started()`. */
  measureFrom?: MeasureFrom
}

/** The options after checks and defaults. */
type Settings = Readonly<Required<Omit<BackoffOptions, 'preset'>>>

const OPTION_NAMES: readonly (keyof (BackoffOptions & { runtime: Runtime }))[] = [
  'runtime',
  'preset',
  'initialDelayMs',
  'multiplier',
  'maxDelayMs',
  'minDelayMs',
  'jitter',
  'jitterRatio',
  'resetAfterMs',
  'maxAttempts',
  'maxElapsedMs',
  'measureFrom',
]

/**
 * When to try again: `b(n) = min(max, initial * multiplier^n)`, n = 0 for the first retry, spread by jitter so that clients which
 * failed together do not come back together. It sets no timer; the caller waits.
 *
 * ```ts
 * backoff.started()                     // an attempt begins
 * const waitMs = backoff.next()         // it failed: ms to wait from now, or null = give up
 * backoff.succeeded(connectedForMs)     // it had succeeded, and the connection has ended
 * ```
 */
export class ExponentialBackoff {
  private readonly clock: Runtime['clock']
  private readonly random: Runtime['random']
  private readonly settings: Settings
  private attempts = 0
  /** d of the retry before, for the jitter 'decorrelated'. */
  private previousDelayMs: number | null = null
  private seriesStartMs: number | null = null
  private attemptStartMs: number | null = null

  /** Throws `ERR_NETVOLLEY_OPTION_INVALID`. Of `runtime` it uses the clock and the random source. */
  constructor(options: BackoffOptions & { runtime: Pick<Runtime, 'clock' | 'random'> }) {
    checkObject('options', options)
    checkKnownKeys(options, OPTION_NAMES)
    checkObject('runtime', options.runtime)
    this.settings = parseSettings(options)
    this.clock = options.runtime.clock
    this.random = options.runtime.random
  }

  /** Retries granted in this series. */
  get attempt(): number {
    return this.attempts
  }

  /**
   * An attempt begins now. With `measureFrom: 'start'` the time that it takes counts towards the delay after it; an attempt that
   * was not announced is measured from its end.
   */
  started(): void {
    this.attemptStartMs = this.clock.now()
    this.seriesStartMs ??= this.attemptStartMs
  }

  /** @returns ms to wait from now, or null when the attempts or the time of the series are used up, until `reset()` */
  next(): number | null {
    const now = this.clock.now()
    this.seriesStartMs ??= now
    const { maxAttempts, maxElapsedMs, measureFrom } = this.settings
    const startMs = measureFrom === 'start' ? this.attemptStartMs : null
    this.attemptStartMs = null
    if (this.attempts >= maxAttempts) return null
    const delayMs = this.draw(this.stepMs())
    const waitMs = startMs === null ? delayMs : Math.max(0, startMs + delayMs - now)
    if (now + waitMs - this.seriesStartMs > maxElapsedMs) return null
    this.attempts++
    this.previousDelayMs = delayMs
    return waitMs
  }

  /**
   * A connection has ended after `stableMs`. Only a stable one ends the series. The delay that follows is measured from its
   * end: a connection that is lost is never dialed again at once.
   */
  succeeded(stableMs: number): void {
    if (!(typeof stableMs === 'number' && stableMs >= 0))
      throw optionInvalid('stableMs', stableMs, 'a number of at least 0')
    if (stableMs >= this.settings.resetAfterMs) this.reset()
    this.attemptStartMs = null
  }

  /** Begins a new series: the next retry waits b(0). */
  reset(): void {
    this.attempts = 0
    this.previousDelayMs = null
    this.seriesStartMs = null
    this.attemptStartMs = null
  }

  private stepMs(): number {
    const { initialDelayMs, multiplier, maxDelayMs } = this.settings
    // After very many attempts the power is Infinity, and the step still the maximum.
    return Math.min(maxDelayMs, initialDelayMs * multiplier ** this.attempts)
  }

  private draw(stepMs: number): number {
    const { jitter, jitterRatio, initialDelayMs, minDelayMs, maxDelayMs } = this.settings
    switch (jitter) {
      case 'none':
        return stepMs
      case 'full':
        // Not max(min, u * b): that would put a tenth of all clients on one instant.
        return minDelayMs + this.random.float() * (stepMs - minDelayMs)
      case 'equal':
        return stepMs / 2 + (this.random.float() * stepMs) / 2
      case 'proportional':
        return stepMs * (1 + jitterRatio * (2 * this.random.float() - 1))
      case 'decorrelated':
        if (this.previousDelayMs === null) return initialDelayMs
        return Math.min(maxDelayMs, initialDelayMs + this.random.float() * (3 * this.previousDelayMs - initialDelayMs))
    }
  }
}

function parseSettings(o: BackoffOptions): Settings {
  const preset = backoffPresets[checkOneOf('preset', o.preset, PRESETS, 'default')]
  const limits = backoffLimits
  const initialDelayMs = checkNumber('initialDelayMs', o.initialDelayMs, {
    ...limits.initialDelayMs,
    default: preset.initialDelayMs,
  })
  const maxDelayMs = checkNumber('maxDelayMs', o.maxDelayMs, { ...limits.maxDelayMs, default: preset.maxDelayMs })
  if (initialDelayMs > maxDelayMs) {
    throw optionInvalid('initialDelayMs', initialDelayMs, `at most maxDelayMs (${String(maxDelayMs)})`)
  }
  const minDelayMs = checkNumber('minDelayMs', o.minDelayMs, { ...limits.minDelayMs, default: initialDelayMs / 10 })
  if (minDelayMs > initialDelayMs) {
    throw optionInvalid('minDelayMs', minDelayMs, `at most initialDelayMs (${String(initialDelayMs)})`)
  }
  return {
    initialDelayMs,
    maxDelayMs,
    minDelayMs,
    multiplier: checkNumber('multiplier', o.multiplier, { ...limits.multiplier, default: preset.multiplier }),
    jitter: checkOneOf('jitter', o.jitter, JITTERS, preset.jitter),
    jitterRatio: checkNumber('jitterRatio', o.jitterRatio, { ...limits.jitterRatio, default: preset.jitterRatio }),
    resetAfterMs: checkNumber('resetAfterMs', o.resetAfterMs, limits.resetAfterMs),
    maxAttempts: checkInteger('maxAttempts', o.maxAttempts, { ...limits.maxAttempts, default: preset.maxAttempts }),
    maxElapsedMs: checkNumber('maxElapsedMs', o.maxElapsedMs, limits.maxElapsedMs),
    measureFrom: checkOneOf('measureFrom', o.measureFrom, MEASURE_FROM, DEFAULT_MEASURE_FROM),
  }
}
