import { constants } from 'node:os'
import { ErrorCode, NetvolleyError, systemError } from '../errors'
import type { Errno, PriorityClass, SendMeta } from '../runtime'
import { checkFits, checkSendOptions, checkSignal, payloadBytes, socketClosed } from './checks'
import type { Destination } from './peers'
import type { Sender } from './sender'
import type { SendOptions, UdpPeer, UdpTarget, WaitOptions } from './types'

const { ECANCELED, ETIME } = constants.errno
const MAX_TOKEN = 2 ** 31 - 1

interface Waiter {
  readonly data: Uint8Array
  readonly to: UdpPeer | UdpTarget | undefined
  readonly priority: PriorityClass
  readonly meta: SendMeta | null
  readonly settle: (error: Error | null) => void
  readonly signal: AbortSignal | undefined
  /** 0 while it waits for room. */
  token: number
  forgetSignal: () => void
}

const nothing = (): void => undefined

/** The calls of `sendAsync()`: those that wait for room, in order, and those whose datagram the kernel has not taken yet. */
export class SendWaiters {
  readonly #sender: Sender
  readonly #max: number
  readonly #onChange: () => void
  readonly #waiting = new Set<Waiter>()
  readonly #sent = new Map<number, Waiter>()
  #lastToken = 0

  /** @param onChange there are promises to keep the process alive for, or no longer */
  constructor(sender: Sender, max: number, onChange: () => void) {
    this.#sender = sender
    this.#max = max
    this.#onChange = onChange
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Promises that are open. */
  get open(): number {
    return this.#waiting.size + this.#sent.size
  }

  send(
    data: Uint8Array | string,
    to: UdpPeer | UdpTarget | undefined,
    options: SendOptions & WaitOptions,
  ): Promise<void> {
    checkSendOptions(options)
    const sender = this.#sender
    const destination = sender.destination(to)
    const bytes = payloadBytes(data)
    checkFits(bytes, destination.family)
    const priority = sender.classOf(options)
    const meta = sender.metaOf(options)
    const signal = checkSignal(options.signal)
    signal?.throwIfAborted()
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null): void => {
        waiter.forgetSignal()
        if (error === null) resolve()
        else reject(error)
        this.#onChange()
      }
      // Its own copy: the caller may use the buffer again as soon as this returns.
      const copy = typeof data === 'string' ? Buffer.from(data) : data
      const waiter: Waiter = { data: copy, to, priority, meta, settle, signal, token: 0, forgetSignal: nothing }
      if (this.#waiting.size > 0 || !this.#put(waiter, destination)) {
        if (this.#waiting.size >= this.#max) {
          reject(queueFull(this.#max))
          return
        }
        this.#waiting.add(typeof data === 'string' ? waiter : Object.assign(waiter, { data: Uint8Array.from(data) }))
      }
      this.#watch(waiter)
      this.#onChange()
    })
  }

  /** There is room again. @returns false: still not enough for all that wait */
  resume(): boolean {
    for (const waiter of this.#waiting) {
      let done: boolean
      try {
        done = this.#put(waiter, this.#sender.destination(waiter.to))
      } catch (error) {
        // The socket was connected, or its destination let go, since then.
        this.#waiting.delete(waiter)
        waiter.settle(error as Error)
        continue
      }
      if (!done) return false
      this.#waiting.delete(waiter)
    }
    return true
  }

  settled(token: number, errno: Errno): void {
    const waiter = this.#sent.get(token)
    if (waiter === undefined) return
    this.#sent.delete(token)
    waiter.settle(errno === 0 ? null : this.#errorOf(waiter, errno))
  }

  /** Nothing new is taken: what waits for room will not get it. */
  refuseWaiting(): void {
    for (const waiter of this.#waiting) {
      this.#waiting.delete(waiter)
      waiter.settle(socketClosed('sendAsync()'))
    }
  }

  /** The socket has ended. */
  refuseAll(): void {
    this.refuseWaiting()
    for (const token of [...this.#sent.keys()]) this.settled(token, -ECANCELED)
  }

  #put(waiter: Waiter, to: Destination): boolean {
    const token = this.#nextToken()
    const { data, priority, meta } = waiter
    if (!this.#sender.put(data, data.length, to.id, priority, meta, token)) return false
    waiter.token = token
    this.#sent.set(token, waiter)
    return true
  }

  #nextToken(): number {
    do this.#lastToken = (this.#lastToken % MAX_TOKEN) + 1
    while (this.#sent.has(this.#lastToken))
    return this.#lastToken
  }

  #watch(waiter: Waiter): void {
    const { signal } = waiter
    if (signal === undefined) return
    const onAbort = (): void => {
      // What is queued is asked for: the answer says whether the kernel had it already.
      if (waiter.token !== 0) this.#sender.backend.cancel(waiter.token)
      else if (this.#waiting.delete(waiter)) waiter.settle(signal.reason as Error)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    waiter.forgetSignal = () => {
      signal.removeEventListener('abort', onAbort)
    }
  }

  #errorOf({ to, signal }: Waiter, errno: Errno): Error {
    if (errno === -ECANCELED) return signal?.aborted === true ? (signal.reason as Error) : socketClosed('sendAsync()')
    if (errno === -ETIME) return new NetvolleyError(ErrorCode.TIMEOUT, 'the datagram was not sent in its expiresMs')
    return systemError(errno, 'send', to?.address, to?.port)
  }
}

function queueFull(max: number): NetvolleyError {
  return new NetvolleyError(ErrorCode.QUEUE_FULL, `${String(max)} calls of sendAsync() wait for room already`)
}
