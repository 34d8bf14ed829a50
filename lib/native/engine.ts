import { availableParallelism } from 'node:os'
import { inspect } from 'node:util'
import { ErrorCode, NetvolleyError, backendUnavailable, optionUnsupported, systemError } from '../errors'
import { checkInteger, checkKnownKeys, checkObject, checkOneOf } from '../runtime'
import { addon, type EngineHandle } from './addon'
import { BACKENDS, ENGINE_COUNTERS, type EngineCounters, WORD_BYTES } from './layout'
import { type EngineLink, LinkHost } from './link-host'
import { sharedMemory } from './shared-memory'

export type Drive = 'auto' | 'thread' | 'inline'
export type Backend = 'auto' | (typeof BACKENDS)[number]

export interface EngineOptions {
  /**
   * `'thread'`: a native thread runs the sockets, so that JavaScript pauses lose no packet. `'inline'`: the JavaScript thread runs
   * them from its own event loop, without a hand-over: the lowest latency. `'auto'` (default): thread where
   * `os.availableParallelism()` is above 2, or where the back end cannot be watched by an event loop (`'poll'`); else inline.
   */
  readonly drive?: Drive
  /**
   * System calls to use. `'auto'` (default) is the best one available; another name must be available, else it throws. `'mmsg'`:
   * epoll, many datagrams a call. `'single'`: epoll, one datagram a call. `'poll'`: poll(2), one datagram a call.
   */
  readonly backend?: Backend
  /** The reactor polls this long (us) after work before it sleeps: lower latency for a whole CPU. 0 (default) = not at all. */
  readonly spinUs?: number
}

const MAX_SPIN_US = 1e6

let shared: Engine | undefined

/**
 * One reactor, its memory and its drive. Every class that opens sockets takes one; without it, a JavaScript thread's sockets share
 * one engine that is made on first use and closed with the last of them.
 */
export class Engine extends LinkHost {
  readonly drive: 'thread' | 'inline'
  readonly backend: (typeof BACKENDS)[number]
  protected readonly sleeps: Int32Array
  readonly #page: Uint8Array
  readonly #handle: EngineHandle
  readonly #counters: Float64Array
  #closed = false

  constructor(options: EngineOptions = {}) {
    super()
    const { drive, backend, spinUs } = checkEngineOptions(options)
    this.drive = drive
    this.backend = backend
    this.#page = sharedMemory(WORD_BYTES + ENGINE_COUNTERS.length * 8)
    const { buffer, byteOffset } = this.#page
    this.sleeps = new Int32Array(buffer, byteOffset, 1)
    this.#counters = new Float64Array(buffer, byteOffset + WORD_BYTES, ENGINE_COUNTERS.length)
    this.#handle = openHandle(drive === 'thread', BACKENDS.indexOf(backend), spinUs, this.#page, () => {
      this.deliver()
    })
  }

  /** The engine of this JavaScript thread, for sockets that were given none. @internal */
  static shared(): Engine {
    if (shared === undefined || shared.closed) shared = new Engine()
    return shared
  }

  get closed(): boolean {
    return this.#closed
  }

  /** What the reactor has done so far; `...Calls` are system calls. Read from shared memory, without a native call. */
  stats(): EngineCounters {
    const result: Partial<EngineCounters> = {}
    ENGINE_COUNTERS.forEach((name, index) => {
      result[name] = this.#counters[index]
    })
    return result as EngineCounters
  }

  /** Closes every socket of the engine at once. Their owners report it. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#handle.close()
    for (const link of [...this.links]) link.drain()
  }

  /** @internal */
  get handle(): EngineHandle {
    if (this.#closed) throw new NetvolleyError(ErrorCode.SOCKET_CLOSED, 'the engine is closed')
    return this.#handle
  }

  /** Its shared memory: the word that says that the reactor sleeps, then the counters. @internal */
  get page(): Uint8Array {
    return this.#page
  }

  /** The last link of the shared engine takes it along. @internal */
  override detach(link: EngineLink): void {
    super.detach(link)
    if (this.links.size === 0 && this === shared) this.close()
  }

  protected settle(): void {
    this.#handle.settle()
  }

  protected setRef(on: boolean): void {
    this.#handle.setRef(on)
  }
}

function openHandle(
  thread: boolean,
  backend: number,
  spinUs: number,
  page: Uint8Array,
  deliver: () => void,
): EngineHandle {
  try {
    return new (addon().EngineHandle)(thread, backend, spinUs, page, deliver)
  } catch (error) {
    const errno = (error as { errno?: unknown }).errno
    throw typeof errno === 'number' ? systemError(errno, 'epoll_create1') : error
  }
}

/**
 * @throws ERR_NETVOLLEY_OPTION_INVALID, ERR_NETVOLLEY_OPTION_UNSUPPORTED, ERR_NETVOLLEY_BACKEND_UNAVAILABLE
 * @internal
 */
export function checkEngineOptions(options: EngineOptions): {
  drive: 'thread' | 'inline'
  backend: (typeof BACKENDS)[number]
  spinUs: number
} {
  checkKnownKeys(checkObject('options', options), ['drive', 'backend', 'spinUs'])
  const backend = checkBackend(options.backend)
  const spinUs = checkInteger('spinUs', options.spinUs, { min: 0, max: MAX_SPIN_US, default: 0, unit: 'us' })
  return { drive: chooseDrive(options.drive, backend), backend, spinUs }
}

function chooseDrive(drive: unknown, backend: string): 'thread' | 'inline' {
  if (drive === 'split') throw optionUnsupported('drive', 'this build has no split drive', ['auto', 'thread', 'inline'])
  const chosen = checkOneOf('drive', drive, ['auto', 'thread', 'inline'], 'auto')
  // An event loop can only watch a descriptor, and poll(2) has none.
  if (backend === 'poll') {
    if (chosen === 'inline')
      throw optionUnsupported('drive', 'the back end "poll" needs a thread of its own', ['thread'])
    return 'thread'
  }
  if (chosen !== 'auto') return chosen
  return availableParallelism() > 2 ? 'thread' : 'inline'
}

function checkBackend(backend: unknown): (typeof BACKENDS)[number] {
  if (backend === undefined || backend === 'auto') return BACKENDS[0]
  const known = BACKENDS.find((name) => name === backend)
  if (known !== undefined) return known
  throw backendUnavailable(typeof backend === 'string' ? backend : inspect(backend), BACKENDS)
}
