import { checkInteger, checkKnownKeys, checkObject } from '../runtime'
import { checkSignal, socketClosed } from './checks'
import type { UdpMessage, WaitOptions } from './types'

export interface MessagesOptions extends WaitOptions {
  /** Messages that wait for the loop; above it the socket is not read until half of them were taken. Default 1,024. */
  readonly maxBuffered?: number
}

export interface StreamHost {
  begin(stream: MessageStream): void
  end(stream: MessageStream): void
  /** `full` or `ended` has changed. */
  changed(): void
}

interface Reader {
  readonly resolve: (result: IteratorResult<UdpMessage, undefined>) => void
  readonly reject: (reason: unknown) => void
}

const DONE = { done: true, value: undefined } as const

/** `for await (const { data, info } of socket.messages())`: receives from when the loop begins until it ends, or the socket does. */
export class MessageStream implements AsyncIterableIterator<UdpMessage> {
  /** Holds so much that the socket should not be read. */
  full = false
  readonly #host: StreamHost
  readonly #max: number
  readonly #signal: AbortSignal | undefined
  #held: UdpMessage[] = []
  readonly #readers: Reader[] = []
  #state: 'new' | 'open' | 'ending' | 'ended' = 'new'
  #reason: Error | undefined
  #aborted = false

  constructor(host: StreamHost, options: unknown) {
    const given = checkObject('options', options)
    checkKnownKeys(given, ['signal', 'maxBuffered'])
    this.#host = host
    this.#max = checkInteger('maxBuffered', given.maxBuffered, { min: 1, max: 2 ** 20, default: 1024 })
    this.#signal = checkSignal(given.signal)
  }

  [Symbol.asyncIterator](): this {
    if (this.#state !== 'new') return this
    this.#state = 'open'
    if (this.#signal?.aborted === true) this.#onAbort()
    else {
      this.#begin()
      // It has ended already where the socket has.
      if (!this.#hasEnded()) this.#signal?.addEventListener('abort', this.#onAbort, { once: true })
    }
    return this
  }

  #begin(): void {
    try {
      this.#host.begin(this)
    } catch (error) {
      // Refused: a later loop may try again.
      this.#state = 'new'
      throw error
    }
  }

  #hasEnded(): boolean {
    return this.#state === 'ended'
  }

  readonly #onAbort = (): void => {
    this.#aborted = true
    this.#reason = this.#signal?.reason as Error
    this.#held = []
    this.#finish()
  }

  /** @internal */
  push(message: UdpMessage): void {
    const reader = this.#readers.shift()
    if (reader !== undefined) {
      reader.resolve({ done: false, value: message })
      return
    }
    this.#held.push(message)
    if (this.#held.length >= this.#max) this.#setFull(true)
  }

  /** The socket is closed: what was received is still to be had. @internal */
  finish(): void {
    if (this.#held.length === 0) this.#finish()
    else if (this.#state === 'open') this.#state = 'ending'
  }

  next(): Promise<IteratorResult<UdpMessage, undefined>> {
    try {
      if (this.#state === 'new') this[Symbol.asyncIterator]()
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
    const message = this.#held.shift()
    if (message !== undefined) {
      if (this.#held.length <= this.#max >> 1) this.#setFull(false)
      if (this.#state === 'ending' && this.#held.length === 0) this.#finish()
      return Promise.resolve({ done: false, value: message })
    }
    if (this.#state === 'ended') {
      if (!this.#aborted) return Promise.resolve(DONE)
      this.#aborted = false
      return Promise.reject(this.#reason ?? socketClosed('messages()'))
    }
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject })
    })
  }

  return(): Promise<IteratorResult<UdpMessage, undefined>> {
    this.#held = []
    this.#finish()
    return Promise.resolve(DONE)
  }

  #setFull(full: boolean): void {
    if (this.full === full) return
    this.full = full
    this.#host.changed()
  }

  #finish(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.full = false
    for (const reader of this.#readers.splice(0)) {
      if (!this.#aborted) reader.resolve(DONE)
      else {
        this.#aborted = false
        reader.reject(this.#reason)
      }
    }
    this.#host.end(this)
  }
}
