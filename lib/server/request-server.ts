import { AsyncResource } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import { inspect } from 'node:util'
import { ErrorCode, NetvolleyError, optionInvalid, systemError } from '../errors'
import { type Engine, RequestLink, SERVER_COUNTERS, type ServerCounters, isIpLiteral } from '../native'
import { checkInteger, checkKnownKeys, checkNumber, checkObject, checkString, defaultRuntime } from '../runtime'
import { BatchDispatcher, type Dispatcher, HandlerDispatcher } from './dispatcher'
import { type CheckedOptions, type RequestServerOptions, TRANSMIT_BYTES, checkOptions } from './options'
import { ReplyWriter } from './reply-writer'
import type { ServerRequest } from './server-request'
import { type RequestServerStats, serverStats } from './stats'
import type { CloseOptions, DrainReport, ListenOptions, ServerAddress, ServerState } from './types'

/** Requests of one call of a handler; a batch handler gets as many as a burst has, up to the second. */
const HANDLER_ENTRIES = 64
const BATCH_ENTRIES = 1024
/** Then other work of the event loop gets its turn (udp sockets have the same bound). */
const MAX_BATCH_MS = 1

/**
 * TCP and UDP on one port: native code cuts the bytes into requests, a handler answers them.
 *
 * Events: `listening`, `requestError` (a handler threw or rejected: the error, and the request or null), `error` (it listened and could not
 * be served: the system is out of memory for it), `close`.
 */
export class RequestServer extends EventEmitter {
  readonly #options: CheckedOptions
  #state: ServerState = 'idle'
  #address: ServerAddress | null = null
  #engine: Engine | undefined
  #engineOwned = false
  #counters: ServerCounters = noCounters()
  #link: RequestLink | undefined
  #writer: ReplyWriter | undefined
  #refs = true
  #refCounted = false
  #closeStartedMs = 0
  #closing: { promise: Promise<DrainReport>; resolve: (report: DrainReport) => void } | undefined
  #warned = false
  #forgetSignal: () => void = () => undefined
  /** Handlers run in the async context of whoever made the server, not of whoever made the engine. */
  readonly #resource = new AsyncResource('netvolley.RequestServer')

  /** @throws ERR_NETVOLLEY_OPTION_INVALID, ERR_NETVOLLEY_OPTION_UNSUPPORTED, ERR_NETVOLLEY_BACKEND_UNAVAILABLE: at once, and nothing is open */
  constructor(options: RequestServerOptions) {
    super()
    this.#options = checkOptions(options)
  }

  get state(): ServerState {
    return this.#state
  }

  /** Where it listens, or null before `listen()` has resolved and after the end. */
  address(): ServerAddress | null {
    return this.#address
  }

  /**
   * @throws ERR_NETVOLLEY_SERVER_STATE when it has listened before
   * @throws the system's own error (EADDRINUSE, EACCES, ...) with `syscall`, `address` and `port`; it may then listen again
   */

  async listen(options: ListenOptions = {}): Promise<ServerAddress> {
    const { host, port, signal } = checkListen(options)
    signal?.throwIfAborted()
    if (this.#state !== 'idle' || this.#link !== undefined) {
      throw new NetvolleyError(ErrorCode.SERVER_STATE, `listen() on a server that is ${this.#state}: it listens once`)
    }
    const engine = this.#openEngine()
    const link = this.#openLink(engine)
    const { tcp, udp } = this.#options
    const result = link.listen(host, port, tcp, udp)
    if ('errno' in result) {
      this.#abandonListen(link)
      throw systemError(result.errno, result.syscall, result.address, result.port)
    }
    this.#state = 'listening'
    this.#address = Object.freeze(result)
    this.#countRef()
    if (signal !== undefined) {
      const onAbort = (): void => {
        this.destroy()
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#forgetSignal = () => {
        signal.removeEventListener('abort', onAbort)
      }
    }
    process.nextTick(() => {
      if (this.#state === 'listening') this.emit('listening')
    })
    return result
  }

  /** Takes no new work, answers what is there, then lets everything go. A second call gives the same promise. */
  close(options: CloseOptions = {}): Promise<DrainReport> {
    checkKnownKeys(checkObject('options', options), ['graceMs'])
    const graceMs = checkNumber('graceMs', options.graceMs, {
      min: 0,
      max: 2 ** 31 - 1,
      default: this.#options.closeGraceMs,
    })
    if (this.#closing !== undefined) return this.#closing.promise
    const closing = this.#beginClose()
    if (this.#link === undefined) this.#finish()
    else {
      this.#state = 'draining'
      this.#link.drainServer(graceMs)
    }
    return closing
  }

  /** Cuts every connection off, at once. */
  destroy(): void {
    if (this.#state === 'closed') return
    void this.#beginClose()
    if (this.#link === undefined) this.#finish()
    else {
      this.#state = 'draining'
      this.#link.destroyServer()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Counters, read without a native call. */
  stats(): RequestServerStats {
    return serverStats(this.#link?.counters() ?? this.#counters, this.#engine?.stats(), this.#writer?.held ?? 0)
  }

  /** While it listens the process stays alive (default). */
  ref(): this {
    this.#refs = true
    this.#countRef()
    return this
  }

  unref(): this {
    this.#refs = false
    this.#countRef()
    return this
  }

  #openEngine(): Engine {
    if (this.#engine === undefined || (this.#engine.closed && !this.#engineOwned)) {
      const { engine, owned } = this.#options.openEngine()
      this.#engine = engine
      this.#engineOwned = owned
    }
    return this.#engine
  }

  #openLink(engine: Engine): RequestLink {
    const { config, handler, batchHandler, prefix, maxReplyBytes } = this.#options
    const link: RequestLink = new RequestLink(engine, {
      config,
      transmitBytes: TRANSMIT_BYTES,
      maxBatchEntries: handler === undefined ? BATCH_ENTRIES : HANDLER_ENTRIES,
      maxBatchMs: MAX_BATCH_MS,
      onRequests: (first, end) => {
        this.#resource.runInAsyncScope(run, dispatcher, first, end)
      },
      onRoom: () => writer.resume(),
      onRetired: () => {
        this.#finish()
      },
    })
    const writer: ReplyWriter = new ReplyWriter(link, prefix, maxReplyBytes)
    const report = this.#reportFailure.bind(this)
    const dispatcher: Dispatcher =
      handler !== undefined
        ? new HandlerDispatcher(link, writer, handler, report)
        : new BatchDispatcher(link, writer, batchHandler as NonNullable<typeof batchHandler>, report)
    this.#link = link
    this.#writer = writer
    return link
  }

  /** Nothing was opened: the server is as before, and may try another port. */
  #abandonListen(link: RequestLink): void {
    this.#link = undefined
    this.#writer = undefined
    link.discard()
    this.#releaseEngine()
  }

  #releaseEngine(): void {
    const engine = this.#engine
    this.#engine = undefined
    if (this.#engineOwned) engine?.close()
    this.#engineOwned = false
  }

  #beginClose(): Promise<DrainReport> {
    if (this.#closing === undefined) {
      let resolve: (report: DrainReport) => void = () => undefined
      const promise = new Promise<DrainReport>((done) => {
        resolve = done
      })
      this.#closing = { promise, resolve }
      this.#closeStartedMs = defaultRuntime().clock.now()
      // Whoever awaits the promise must get it, also after unref().
      this.#refs = true
      this.#countRef()
    }
    return this.#closing.promise
  }

  /** The native server has let everything go. */
  #finish(): void {
    if (this.#state === 'closed') return
    this.#counters = this.#link?.counters() ?? this.#counters
    void this.#beginClose()
    this.#state = 'closed'
    this.#address = null
    this.#writer?.clear()
    this.#forgetSignal()
    this.#countRef()
    this.#link = this.#writer = undefined
    const c = this.#counters
    this.#closing?.resolve({
      served: c.drainServed,
      aborted: c.drainAborted,
      idleClosed: c.drainIdleClosed,
      destroyed: c.drainDestroyed,
      durationMs: defaultRuntime().clock.now() - this.#closeStartedMs,
    })
    if (this.#engineOwned) this.#engine?.close()
    const { startErrno } = this.#counters
    process.nextTick(() => {
      if (startErrno !== 0) this.emit('error', systemError(-startErrno, 'epoll_ctl'))
      this.emit('close')
    })
  }

  #countRef(): void {
    const wanted = this.#refs && (this.#state === 'listening' || this.#state === 'draining') && this.#link !== undefined
    if (wanted === this.#refCounted) return
    this.#refCounted = wanted
    this.#engine?.ref(wanted)
  }

  #reportFailure(error: unknown, request: ServerRequest | null): void {
    if (this.listenerCount('requestError') > 0) {
      try {
        this.emit('requestError', error, request)
      } catch (thrown) {
        // As from any other listener, but not in the middle of a burst, whose other requests it would cost.
        queueMicrotask(() => {
          throw thrown
        })
      }
      return
    }
    if (this.#warned) return
    this.#warned = true
    process.emitWarning(
      `a request handler failed; listen to 'requestError' to see every failure: ${describe(error)}`,
      'NetvolleyWarning',
    )
  }
}

function run(this: Dispatcher, first: number, end: number): void {
  this.run(first, end)
}

/** Whatever it is that was thrown: its own text may throw too. */
function describe(error: unknown): string {
  try {
    return inspect(error)
  } catch {
    return 'a value that cannot be shown'
  }
}

function noCounters(): ServerCounters {
  return Object.fromEntries(SERVER_COUNTERS.map((name) => [name, 0])) as ServerCounters
}

function checkListen(options: unknown): { host: string; port: number; signal: AbortSignal | undefined } {
  const given = checkObject('options', options)
  checkKnownKeys(given, ['port', 'host', 'signal'])
  const host = checkString('host', given.host, '0.0.0.0')
  if (!isIpLiteral(host)) throw optionInvalid('host', host, 'an IPv4 or IPv6 literal')
  const port = checkInteger('port', given.port, { min: 0, max: 65535, default: 0 })
  const { signal } = given
  // By its shape: one of another realm is as good.
  if (signal !== undefined && typeof (signal as AbortSignal | null)?.throwIfAborted !== 'function') {
    throw optionInvalid('signal', signal, 'an AbortSignal')
  }
  return { host, port, signal: signal as AbortSignal | undefined }
}
