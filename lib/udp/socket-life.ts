import { type SystemError, systemError } from '../errors'
import type { Clock, DatagramBackend, Errno, Literal, RemoteAddress, TimerHandle } from '../runtime'
import { socketClosed, socketState } from './checks'
import type { UdpAddress, UdpSocketState } from './types'

export interface LifeHost {
  readonly backend: DatagramBackend
  readonly clock: Clock
  readonly closeTimeoutMs: number
  /** The state, or what keeps the process alive, is another. */
  changed(): void
  /** From now on nothing is taken, and nothing but `'error'` and `'close'` told. */
  closing(): void
  /** The back end has gone. */
  ended(): void
  emit(event: 'listening' | 'connect' | 'close'): void
  fail(error: Error, event: 'fatal' | 'given'): void
}

interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (reason: unknown) => void
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  // Whoever waits gets the reason; a promise that nobody has asked for must not end the process.
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}

/** The states of a socket and the promises of its changes: idle, binding, bound, connecting, connected, closing, closed. */
export class SocketLife {
  state: UdpSocketState = 'idle'
  local: UdpAddress | null = null
  remote: UdpAddress | null = null
  readonly #host: LifeHost
  /** Where it was bound to; `local` is more exact while it is connected. */
  #bound: RemoteAddress | null = null
  #binding: Deferred<UdpAddress> | null = null
  /** Somebody waits for the bind: then its failure is no `'error'` event. */
  #bindAwaited = false
  #connecting: { readonly done: Deferred<void>; readonly to: Literal } | null = null
  #closing: Deferred<void> | null = null
  #deadline: TimerHandle | null = null
  #forgetCloseSignal: () => void = () => undefined
  #given: Error | null = null
  /** Why promises of this socket are rejected; null: because it is closed. */
  #reason: unknown = null
  #bindAt: Literal | null = null

  constructor(host: LifeHost) {
    this.#host = host
  }

  get isOpen(): boolean {
    return this.state === 'bound' || this.state === 'connecting' || this.state === 'connected'
  }

  get isEnding(): boolean {
    return this.state === 'closing' || this.state === 'closed'
  }

  /** Of another thread's socket, which is bound already. */
  adopt(local: RemoteAddress, remote: RemoteAddress | null): void {
    this.local = local
    this.remote = remote
    this.state = remote === null ? 'bound' : 'connected'
  }

  async bind(at: Literal, signal: AbortSignal | undefined): Promise<UdpAddress> {
    signal?.throwIfAborted()
    if (this.isEnding) throw socketClosed('bind()')
    if (this.state !== 'idle') throw socketState(`bind() on a socket that is ${this.state}: it is bound once`)
    this.#bindAwaited = true
    return this.#watch(this.#startBind(at), signal)
  }

  /** Before the first send: nobody waits for it. */
  bindImplicitly(at: Literal): void {
    if (this.state === 'idle') void this.#startBind(at)
  }

  #startBind(at: Literal): Promise<UdpAddress> {
    this.#binding = deferred()
    this.#bindAt = at
    this.#set('binding')
    this.#host.backend.bind(at)
    return this.#binding.promise
  }

  /** @param at where to bind to, if it is not bound yet */
  async connect(to: Literal, at: Literal, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (this.state === 'idle') await this.bind(at, signal)
    else if (this.#binding !== null) {
      this.#bindAwaited = true
      await this.#watch(this.#binding.promise, signal)
    }
    if (this.isEnding) throw socketClosed('connect()')
    if (this.state !== 'bound') throw socketState(`connect() on a socket that is ${this.state}`)
    const done = deferred<void>()
    this.#connecting = { done, to }
    this.#set('connecting')
    // What was sent before goes where it was addressed.
    this.#host.backend.flush()
    this.#host.backend.connect(to)
    await this.#watch(done.promise, signal)
  }

  disconnect(): void {
    if (this.isEnding) throw socketClosed('disconnect()')
    if (this.state !== 'connected') throw socketState(`disconnect() on a socket that is ${this.state}`)
    this.#host.backend.flush()
    this.#host.backend.connect(null)
    this.remote = null
    this.local = this.#bound
    this.#set('bound')
  }

  /** An abort ends the socket: what it was about to become is not known. */
  #watch<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (signal === undefined) return promise
    const onAbort = (): void => {
      this.destroy(null, signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    return promise.finally(() => {
      signal.removeEventListener('abort', onAbort)
    })
  }

  close(signal: AbortSignal | undefined): Promise<void> {
    if (this.#closing !== null) return this.#closing.promise
    const { clock, closeTimeoutMs, backend } = this.#host
    const closing = this.#begin()
    const abort = (): void => {
      backend.abort()
    }
    backend.close()
    this.#deadline = clock.schedule(closeTimeoutMs, abort, { ref: true })
    if (signal?.aborted === true) abort()
    else if (signal !== undefined) {
      signal.addEventListener('abort', abort, { once: true })
      this.#forgetCloseSignal = () => {
        signal.removeEventListener('abort', abort)
      }
    }
    return closing.promise
  }

  /** @param reason what its open promises are rejected with; null: that the socket is closed */
  destroy(error: Error | null, reason: unknown = null): void {
    if (this.state === 'closed') return
    this.#given ??= error
    this.#reason ??= reason ?? error
    if (this.#closing === null) this.#begin()
    this.#rejectOpen()
    this.#host.backend.abort()
  }

  #begin(): Deferred<void> {
    this.#closing = deferred()
    this.#set('closing')
    this.#host.closing()
    return this.#closing
  }

  #rejectOpen(error?: Error): void {
    const reason = this.#reason ?? error ?? socketClosed('the socket was closed meanwhile')
    this.#binding?.reject(reason)
    this.#connecting?.done.reject(reason)
    this.#binding = this.#connecting = null
  }

  #set(state: UdpSocketState): void {
    this.state = state
    this.#host.changed()
  }

  // From here on: what the back end tells.

  opened(local: RemoteAddress): void {
    this.local = this.#bound = local
    // What is still open is rejected when it has ended.
    if (this.isEnding) return
    const binding = this.#binding
    this.#binding = null
    this.#set('bound')
    binding?.resolve(local)
    this.#host.emit('listening')
  }

  connected(remote: RemoteAddress | null, local: RemoteAddress): void {
    // `disconnect()` has done its part already.
    if (remote === null || this.isEnding) return
    const connecting = this.#connecting
    this.#connecting = null
    this.remote = remote
    this.local = local
    this.#set('connected')
    connecting?.done.resolve()
    this.#host.emit('connect')
  }

  connectFailed(errno: Errno, syscall: string): void {
    const connecting = this.#connecting
    if (connecting === null || this.isEnding) return
    this.#connecting = null
    this.#set('bound')
    connecting.done.reject(systemError(errno, syscall, connecting.to.address, connecting.to.port))
  }

  ended(errno: Errno, syscall: string): void {
    if (this.state === 'closed') return
    const error = errno === 0 ? null : this.#errorOf(errno, syscall)
    const wasBinding = this.#binding !== null && this.#bindAwaited
    if (this.#closing === null) this.#begin()
    this.#deadline?.cancel()
    this.#forgetCloseSignal()
    this.#rejectOpen(error ?? undefined)
    this.local = this.remote = null
    this.#set('closed')
    this.#host.ended()
    if (error !== null && !wasBinding) this.#host.fail(error, 'fatal')
    if (this.#given !== null) this.#host.fail(this.#given, 'given')
    this.#closing?.resolve()
    this.#host.emit('close')
  }

  #errorOf(errno: Errno, syscall: string): SystemError {
    const at = syscall === 'bind' ? this.#bindAt : this.local
    return systemError(errno, syscall, at?.address, at?.port)
  }
}
