import { ErrorCode, NetvolleyError } from '../errors'
import { type RemoteAddress, RequestFlag, type RequestLink } from '../native'
import type { ReplyWriter } from './reply-writer'
import type { Reply, ReplyOptions } from './types'

const UDP = RequestFlag.udp

/** @returns the error of a second answer; the first one stands */
export function replyTwice(): NetvolleyError {
  return new NetvolleyError(ErrorCode.REPLY_TWICE, 'this request was answered already; the first answer stands')
}

/**
 * One request. `header` and `body` are views of memory that is used again once the request is answered: copy what must live longer
 * (`Buffer.from(request.body)`).
 */
export class ServerRequest {
  /** Its connection, or 0xffffffff for a datagram. A number is used again by a later connection, an `id` is not. */
  readonly connectionId: number
  /** When its last byte was read: ms since the process began, as `defaultRuntime().clock.now()`. */
  readonly receivedAtMs: number
  readonly #link: RequestLink
  readonly #writer: ReplyWriter
  readonly #requestId: number
  readonly #generation: number
  readonly #peerId: number
  readonly #offset: number
  readonly #headerBytes: number
  readonly #bodyBytes: number
  readonly #flags: number
  #answered = false
  #header: Buffer | undefined = undefined
  #body: Buffer | undefined = undefined

  /** @internal */
  constructor(link: RequestLink, writer: ReplyWriter, at: number) {
    this.#link = link
    this.#writer = writer
    this.connectionId = link.connectionId[at]
    this.receivedAtMs = link.receivedAtMs[at]
    this.#requestId = link.requestId[at]
    this.#generation = link.connectionGeneration[at]
    this.#peerId = link.peerId[at]
    this.#offset = link.offset[at]
    this.#headerBytes = link.headerBytes[at]
    this.#bodyBytes = link.bodyBytes[at]
    this.#flags = link.flags[at]
  }

  /** Unique among all requests of the server for as long as it matters: connection generation, connection and request number. */
  get id(): bigint {
    return (BigInt(this.#generation) << 64n) | (BigInt(this.connectionId) << 32n) | BigInt(this.#requestId >>> 0)
  }

  get transport(): 'tcp' | 'udp' {
    return (this.#flags & UDP) !== 0 ? 'udp' : 'tcp'
  }

  /** One object for each peer, made when it is first asked for. */
  get remote(): RemoteAddress {
    return this.#link.peers.address(this.#peerId)
  }

  /** The bytes before the body; empty for a datagram with `datagramFraming: 'whole'`. */
  get header(): Buffer {
    return (this.#header ??= this.#link.view(this.#offset, this.#headerBytes))
  }

  get body(): Buffer {
    return (this.#body ??= this.#link.view(this.#offset + this.#headerBytes, this.#bodyBytes))
  }

  /** True once it was answered, in whichever way. */
  get answered(): boolean {
    return this.#answered
  }

  /**
   * Sends an answer. The bytes are copied before this returns, except those of the request itself: `reply(request.body)` and
   * `reply([request.header, request.body])` send them from where they are. @throws ERR_NETVOLLEY_REPLY_TWICE, ERR_NETVOLLEY_REPLY_TOO_LARGE
   */
  reply(data: Reply, options?: ReplyOptions): void {
    const own = options === undefined ? this.#ownOffset(data) : -1
    if (own >= 0) {
      this.replyInPlace(own, this.#headerBytes + this.#bodyBytes - own)
      return
    }
    this.#settle()
    try {
      this.#writer.write(this.#requestId, this.#flags, data, options?.close === true)
    } catch (error) {
      this.#answered = false
      throw error
    }
  }

  /** Answers with `length` bytes of the request itself, from `offset` in header plus body: nothing is copied. @throws RangeError */
  replyInPlace(offset: number, length: number): void {
    this.#settle()
    const frameBytes = this.#headerBytes + this.#bodyBytes
    try {
      this.#writer.writeInPlace(this.#requestId, this.#flags, this.#offset, offset, length, frameBytes)
    } catch (error) {
      this.#answered = false
      throw error
    }
  }

  /** A one-way message: there is no answer, and the next one of its connection may go out. */
  noReply(): void {
    this.#settle()
    this.#writer.finish(this.#requestId, false)
  }

  /** There is no answer to be had: TCP closes the connection after the answers before it, UDP stays silent. */
  fail(): void {
    this.#settle()
    this.#writer.finish(this.#requestId, true)
  }

  /** Where `data` begins in the request, if it is the request's own bytes up to their end and can be sent from there; else -1. */
  #ownOffset(data: Reply): number {
    if (this.#body !== undefined && data === this.#body) {
      return this.#writer.gap(this.#flags) <= this.#headerBytes ? this.#headerBytes : -1
    }
    if (!Array.isArray(data) || this.#header === undefined || this.#writer.gap(this.#flags) !== 0) return -1
    const pieces = data as readonly unknown[]
    return pieces.length === 2 && pieces[0] === this.#header && pieces[1] === this.#body ? 0 : -1
  }

  #settle(): void {
    if (this.#answered) throw replyTwice()
    this.#answered = true
  }
}
