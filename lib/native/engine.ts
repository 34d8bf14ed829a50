import { availableParallelism } from 'node:os'
import { inspect } from 'node:util'
import { ErrorCode, NetvolleyError, backendUnavailable, systemError } from '../errors'
import { checkKnownKeys, checkObject, checkOneOf } from '../runtime'
import { addon, type EngineHandle } from './addon'
import { ENGINE_COUNTERS, type EngineCounters, WORD_BYTES } from './layout'
import { sharedMemory } from './shared-memory'

export type Drive = 'auto' | 'thread' | 'inline'
export type Backend = 'auto' | 'mmsg'

/** Back ends of this build, in the order of preference. */
const BACKENDS: readonly string[] = ['mmsg']

export interface EngineOptions {
  /**
   * `'thread'`: a native thread runs the sockets, so that JavaScript pauses lose no packet. `'inline'`: the JavaScript thread runs
   * them from its own event loop, without a hand-over: the lowest latency. `'auto'` (default): thread where
   * `os.availableParallelism()` is above 2, else inline.
   */
  readonly drive?: Drive
  /** System calls to use. `'auto'` (default) is the best one available; another name must be available, else it throws. */
  readonly backend?: Backend
}

/** What an engine needs from a link: native code calls the engine once a burst, the engine asks each of its links. */
export interface EngineLink {
  /** Takes what native code has published. */
  drain(): void
  /** Makes what JavaScript has answered visible. True = there is something native code should look at. */
  publish(): boolean
}

// Taken now: a test that replaces the timers of its program must not stop the sockets.
const nextTick = process.nextTick.bind(process)

let shared: Engine | undefined

/**
 * One reactor, its memory and its drive. Every class that opens sockets takes one; without it, a JavaScript thread's sockets share
 * one engine that is made on first use and closed with the last of them.
 */
export class Engine {
  readonly drive: 'thread' | 'inline'
  readonly backend = 'mmsg'
  readonly #handle: EngineHandle
  readonly #sleeps: Int32Array
  readonly #counters: Float64Array
  readonly #links = new Set<EngineLink>()
  #refs = 0
  #delivering = false
  #flushArmed = false
  #closed = false

  constructor(options: EngineOptions = {}) {
    this.drive = checkEngineOptions(options).drive
    const page = sharedMemory(WORD_BYTES + ENGINE_COUNTERS.length * 8)
    this.#sleeps = new Int32Array(page.buffer, page.byteOffset, 1)
    this.#counters = new Float64Array(page.buffer, page.byteOffset + WORD_BYTES, ENGINE_COUNTERS.length)
    this.#handle = openHandle(this.drive === 'thread', page, () => {
      this.#deliver()
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
    for (const link of [...this.#links]) link.drain()
  }

  /** @internal */
  get handle(): EngineHandle {
    if (this.#closed) throw new NetvolleyError(ErrorCode.SOCKET_CLOSED, 'the engine is closed')
    return this.#handle
  }

  /** @internal */
  attach(link: EngineLink): void {
    this.#links.add(link)
  }

  /** The last link of the shared engine takes it along. @internal */
  detach(link: EngineLink): void {
    this.#links.delete(link)
    if (this.#links.size === 0 && this === shared) this.close()
  }

  /** Counted: the process stays alive while anything of this engine wants it to. @internal */
  ref(on: boolean): void {
    this.#refs += on ? 1 : -1
    if (!this.#closed && this.#refs === (on ? 1 : 0)) this.#handle.setRef(on)
  }

  /**
   * A link has answers that native code has not seen. Within a burst that is settled at its end; otherwise once at the end of the
   * present job. @internal
   */
  scheduleFlush(): void {
    if (this.#delivering || this.#flushArmed || this.#closed) return
    this.#flushArmed = true
    nextTick(() => {
      this.#flushArmed = false
      this.flush()
    })
  }

  /** Native code takes all answers now. Inline it has done so when this returns. @internal */
  flush(): void {
    if (this.#closed) return
    let any = false
    for (const link of this.#links) any = link.publish() || any
    if (!any) return
    if (this.drive === 'inline') this.#handle.settle()
    // Only a sleeping reactor is rung, and only by whoever takes its word back.
    else if (Atomics.load(this.#sleeps, 0) !== 0 && Atomics.exchange(this.#sleeps, 0, 0) === 1) this.#handle.settle()
  }

  /** Runs `work`, whose answers go out together. @internal */
  burst(work: () => void): void {
    const outer = this.#delivering
    this.#delivering = true
    try {
      work()
    } finally {
      this.#delivering = outer
      if (!outer) this.flush()
    }
  }

  #deliver(): void {
    const errors: unknown[] = []
    this.#delivering = true
    for (const link of this.#links) {
      try {
        link.drain()
      } catch (error) {
        // The ring was for all links: the others must be asked too, or nobody ever would.
        errors.push(error)
      }
    }
    this.#delivering = false
    // Inline, the turn that called takes the answers by itself.
    if (this.drive === 'inline') this.#publishAll()
    else this.flush()
    if (errors.length > 0) throw errors[0]
  }

  #publishAll(): void {
    for (const link of this.#links) link.publish()
  }
}

function openHandle(thread: boolean, page: Uint8Array, deliver: () => void): EngineHandle {
  try {
    return new (addon().EngineHandle)(thread, page, deliver)
  } catch (error) {
    const errno = (error as { errno?: unknown }).errno
    throw typeof errno === 'number' ? systemError(errno, 'epoll_create1') : error
  }
}

/** @throws ERR_NETVOLLEY_OPTION_INVALID, ERR_NETVOLLEY_BACKEND_UNAVAILABLE @internal */
export function checkEngineOptions(options: EngineOptions): { drive: 'thread' | 'inline' } {
  checkKnownKeys(checkObject('options', options), ['drive', 'backend'])
  checkBackend(options.backend)
  return { drive: chooseDrive(options.drive) }
}

function chooseDrive(drive: unknown): 'thread' | 'inline' {
  const chosen = checkOneOf('drive', drive, ['auto', 'thread', 'inline'], 'auto')
  if (chosen !== 'auto') return chosen
  return availableParallelism() > 2 ? 'thread' : 'inline'
}

function checkBackend(backend: unknown): void {
  if (backend === undefined || backend === 'auto') return
  if (typeof backend !== 'string' || !BACKENDS.includes(backend))
    throw backendUnavailable(typeof backend === 'string' ? backend : inspect(backend), BACKENDS)
}
