/**
 * Validators for options and arguments, used by every folder: they throw `ERR_NETVOLLEY_OPTION_INVALID` at once, with what was
 * given and what is allowed. NaN is refused everywhere. `undefined` stands for "not given"; `null` does not.
 */
import { ErrorCode, NetvolleyError, optionInvalid } from '../errors'

/** The limits of a number, kept as data in the `options.ts` of each folder, beside `unit` and `reason`. */
export interface NumberLimits {
  readonly min: number
  /** `Infinity` makes Infinity itself legal. */
  readonly max: number
  /** Taken when the option is not given; without it the option is required. */
  readonly default?: number
  readonly unit?: string
  /** Where the default comes from. */
  readonly reason?: string
}

function allowedNumbers(noun: string, limits: NumberLimits): string {
  const { min, max } = limits
  if (max !== Infinity) return `${noun} from ${String(min)} to ${String(max)}`
  return min === -Infinity ? `${noun} or Infinity` : `${noun} of at least ${String(min)}, or Infinity`
}

function checkRange(
  option: string,
  value: unknown,
  limits: NumberLimits,
  noun: string,
  fits: (n: number) => boolean,
): number {
  const given = value === undefined && limits.default !== undefined ? limits.default : value
  if (typeof given === 'number' && fits(given) && given >= limits.min && given <= limits.max) return given
  throw optionInvalid(option, given, allowedNumbers(noun, limits))
}

/** @returns the value, or `limits.default` when it is undefined */
export function checkInteger(option: string, value: unknown, limits: NumberLimits): number {
  return checkRange(option, value, limits, 'an integer', (n) => Number.isSafeInteger(n) || n === Infinity)
}

/** @returns the value, or `limits.default` when it is undefined */
export function checkNumber(option: string, value: unknown, limits: NumberLimits): number {
  return checkRange(option, value, limits, 'a number', (n) => !Number.isNaN(n))
}

/** @returns the value, or `fallback` when it is undefined and a fallback was given */
export function checkOneOf<T extends string | number>(
  option: string,
  value: unknown,
  allowed: readonly T[],
  fallback?: T,
): T {
  const given = value === undefined ? fallback : value
  const found = allowed.find((one) => one === given)
  if (found !== undefined) return found
  throw optionInvalid(option, given, `one of ${allowed.map((one) => JSON.stringify(one)).join(', ')}`)
}

/** @returns the value, or `fallback` when it is undefined and a fallback was given */
export function checkBoolean(option: string, value: unknown, fallback?: boolean): boolean {
  const given = value === undefined ? fallback : value
  if (typeof given === 'boolean') return given
  throw optionInvalid(option, given, 'true or false')
}

/** @returns the value, or `fallback` when it is undefined and a fallback was given */
export function checkString(option: string, value: unknown, fallback?: string): string {
  const given = value === undefined ? fallback : value
  if (typeof given === 'string') return given
  throw optionInvalid(option, given, 'a string')
}

/** Type parameter F is the caller's word: only "is a function" can be checked. */
export function checkFunction<F extends (...args: never[]) => unknown>(option: string, value: unknown): F {
  if (typeof value === 'function') return value as F
  throw optionInvalid(option, value, 'a function')
}

/** Refuses null, arrays and functions, which are objects to JavaScript and never an options object. */
export function checkObject(option: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw optionInvalid(option, value, 'an object')
}

/**
 * A misspelt option would otherwise be ignored in silence.
 *
 * @param path of the object inside the options, without a final dot: `framing`; '' for the options themselves
 */
export function checkKnownKeys(options: object, known: readonly string[], path = ''): void {
  const prefix = path === '' ? '' : `${path}.`
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const near = nearestName(key, known)
    const hint = near === undefined ? '' : `; did you mean "${prefix}${near}"?`
    throw new NetvolleyError(
      ErrorCode.OPTION_INVALID,
      `"${prefix}${key}" is not an option${hint}${hint === '' ? ';' : ''} allowed: ${known.join(', ')}`,
    )
  }
}

/** @returns the name of least edit distance, if that is at most a third of the longer word: beyond it a hint would mislead */
function nearestName(word: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Infinity
  for (const name of names) {
    const distance = editDistance(word.toLowerCase(), name.toLowerCase())
    if (distance >= bestDistance || distance > Math.max(word.length, name.length) / 3) continue
    best = name
    bestDistance = distance
  }
  return best
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      next[j] = Math.min(replace, row[j] + 1, next[j - 1] + 1)
    }
    row = next
  }
  return row[b.length]
}
