import { ErrorCode, NetvolleyError, optionInvalid, optionUnsupported } from '../errors'
import { checkKnownKeys, checkObject, checkOneOf } from './check-options'
import type { Clock } from './clock'
import type { Network } from './network'
import type { RandomSource } from './random-source'
import { RealClock } from './real-clock'
import { RealRandom } from './real-random'
import type { Runtime, RuntimeKind } from './runtime'

const PARTS: readonly (keyof Runtime)[] = ['kind', 'clock', 'random', 'network', 'buggify', 'knob']
const KINDS: readonly RuntimeKind[] = ['real', 'sim', 'chaos']
const CLOCK_METHODS: readonly (keyof Clock)[] = [
  'now',
  'coarseNow',
  'wallNow',
  'schedule',
  'defer',
  'sleep',
  'deadline',
]
const RANDOM_METHODS: readonly (keyof RandomSource)[] = ['u32', 'float', 'int', 'bool', 'bytes', 'fork']

/**
 * A runtime of the given parts. What is missing is real: `RealClock`, `RealRandom`, no buggify, no knobs. Without `network`,
 * reading `runtime.network` throws `ERR_NETVOLLEY_OPTION_UNSUPPORTED`.
 */
export function createRuntime(parts: Partial<Runtime> = {}): Runtime {
  checkObject('parts', parts)
  checkKnownKeys(parts, PARTS)
  return new ComposedRuntime(parts)
}

class ComposedRuntime implements Runtime {
  readonly kind: RuntimeKind
  readonly clock: Clock
  readonly random: RandomSource
  // Read late and kept out of sight: `{ ...runtime, clock }` and `createRuntime(runtime)` must work without a network.
  readonly #parts: Partial<Runtime>

  constructor(parts: Partial<Runtime>) {
    this.kind = checkOneOf('kind', parts.kind, KINDS, 'real')
    this.clock = parts.clock === undefined ? new RealClock() : checkPart('clock', parts.clock, CLOCK_METHODS)
    this.random = parts.random === undefined ? new RealRandom() : checkPart('random', parts.random, RANDOM_METHODS)
    for (const method of ['buggify', 'knob'] as const) {
      if (parts[method] !== undefined && typeof parts[method] !== 'function') {
        throw optionInvalid(method, parts[method], 'a function')
      }
    }
    this.#parts = parts
  }

  get network(): Network {
    const network = this.#parts.network
    if (network !== undefined) return network
    throw optionUnsupported('runtime.network', 'this runtime was created without a network')
  }

  buggify(site: string, options?: { probability?: number }): boolean {
    return this.#parts.buggify?.(site, options) ?? false
  }

  knob(site: string, normal: number, lo: number, hi: number): number {
    return this.#parts.knob?.(site, normal, lo, hi) ?? normal
  }
}

function checkPart<T extends object>(name: string, part: T, methods: readonly (keyof T & string)[]): T {
  checkObject(name, part)
  const missing = methods.filter((method) => typeof part[method] !== 'function')
  if (missing.length === 0) return part
  throw optionInvalid(name, part, `an object with the methods ${methods.join(', ')} (missing: ${missing.join(', ')})`)
}

let makeDefault: (() => Runtime) | null = null
let current: Runtime | null = null

/**
 * Says how `defaultRuntime()` is made; `make` is called on first use. The package's main entry point does this; the simulator's
 * does not, so that a forgotten `runtime` option throws there instead of opening a real socket.
 */
export function registerDefaultRuntime(make: () => Runtime): void {
  if (typeof make !== 'function') throw optionInvalid('make', make, 'a function')
  makeDefault = make
  current = null
}

/** @returns the one real runtime of this JavaScript thread. Throws `ERR_NETVOLLEY_NO_RUNTIME` where none was registered. */
export function defaultRuntime(): Runtime {
  if (current !== null) return current
  if (makeDefault === null) {
    throw new NetvolleyError(
      ErrorCode.NO_RUNTIME,
      'no default runtime here: pass the option "runtime", or import "netvolley" itself, which registers the real one',
    )
  }
  current = makeDefault()
  return current
}
