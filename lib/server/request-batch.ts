import { ErrorCode, NetvolleyError } from '../errors'
import type { RequestLink } from '../native'
import type { ReplyWriter } from './reply-writer'
import { ServerRequest, replyTwice } from './server-request'
import type { Reply, ReplyOptions } from './types'

/**
 * The requests of one burst, as columns: request `i`, for `first <= i < end`, lies at `slab[offset[i]]`, its body `headerBytes[i]`
 * behind that. One object is used again for every burst: it is valid until the handler returns, unless `retain()` was called.
 */
export class RequestBatch {
  first = 0
  end = 0
  /** All requests of the server live in here. */
  readonly slab: Buffer
  offset: Uint32Array
  headerBytes: Uint32Array
  bodyBytes: Uint32Array
  /** 0xffffffff for a datagram. */
  connectionId: Uint32Array
  /** The sender: equal numbers are equal senders, within a batch. */
  peerId: Uint32Array
  /** 1 = a datagram. */
  flags: Uint8Array
  readonly #link: RequestLink
  readonly #writer: ReplyWriter
  #requestId: Int32Array
  /** 1 = answered, or taken by requestOf(). */
  #answered: Uint8Array
  #open = 0
  #retained = false

  /** @internal */
  constructor(link: RequestLink, writer: ReplyWriter) {
    this.#link = link
    this.#writer = writer
    this.slab = link.slab
    this.offset = link.offset
    this.headerBytes = link.headerBytes
    this.bodyBytes = link.bodyBytes
    this.connectionId = link.connectionId
    this.peerId = link.peerId
    this.flags = link.flags
    this.#requestId = link.requestId
    this.#answered = new Uint8Array(link.entries)
  }

  get count(): number {
    return this.end - this.first
  }

  /** @internal */
  get retained(): boolean {
    return this.#retained
  }

  /** The batch is [first, end) of the ring from now on. @internal */
  begin(first: number, end: number): void {
    this.first = first
    this.end = end
    this.#open = end - first
    this.#answered.fill(0, first, end)
  }

  header(i: number): Buffer {
    return this.#link.view(this.offset[i], this.headerBytes[i])
  }

  body(i: number): Buffer {
    return this.#link.view(this.offset[i] + this.headerBytes[i], this.bodyBytes[i])
  }

  /** Request `i` as an object of its own, which answers it from then on, also after the batch. Not for a retained batch. */
  requestOf(i: number): ServerRequest {
    if (this.#retained) throw new NetvolleyError(ErrorCode.BATCH_STALE, 'requestOf() comes before retain()')
    this.#settle(i)
    return new ServerRequest(this.#link, this.#writer, i)
  }

  /** @throws ERR_NETVOLLEY_REPLY_TWICE, ERR_NETVOLLEY_REPLY_TOO_LARGE, ERR_NETVOLLEY_BATCH_STALE */
  reply(i: number, data: Reply, options?: ReplyOptions): void {
    this.#settle(i)
    try {
      this.#writer.write(this.#requestId[i], this.flags[i], data, options?.close === true)
    } catch (error) {
      this.#unsettle(i)
      throw error
    }
  }

  /** Answers with bytes of the request itself, from `offset` in header plus body: nothing is copied. @throws RangeError */
  replyInPlace(i: number, offset: number, length: number): void {
    this.#settle(i)
    const frameBytes = this.headerBytes[i] + this.bodyBytes[i]
    try {
      this.#writer.writeInPlace(this.#requestId[i], this.flags[i], this.offset[i], offset, length, frameBytes)
    } catch (error) {
      this.#unsettle(i)
      throw error
    }
  }

  noReply(i: number): void {
    this.#settle(i)
    this.#writer.finish(this.#requestId[i], false)
  }

  fail(i: number): void {
    this.#settle(i)
    this.#writer.finish(this.#requestId[i], true)
  }

  /** Keeps the batch, with the same indices, beyond the handler's return, until release(). A handler that returns a promise has
   *  retained it until that settles. */
  retain(): this {
    if (this.#retained) return this
    this.#retained = true
    const copy = <T extends Uint8Array | Uint32Array | Int32Array>(column: T): T => {
      const own = new (column.constructor as new (length: number) => T)(this.end)
      own.set(column.subarray(this.first, this.end), this.first)
      return own
    }
    this.offset = copy(this.offset)
    this.headerBytes = copy(this.headerBytes)
    this.bodyBytes = copy(this.bodyBytes)
    this.connectionId = copy(this.connectionId)
    this.peerId = copy(this.peerId)
    this.flags = copy(this.flags)
    this.#requestId = copy(this.#requestId)
    this.#answered = copy(this.#answered)
    return this
  }

  /** Fails what was not answered. Twice is no error. */
  release(): void {
    for (let i = this.first; this.#open > 0 && i < this.end; i++) {
      if (this.#answered[i] === 0) this.fail(i)
    }
    this.first = this.end = 0
  }

  [Symbol.dispose](): void {
    this.release()
  }

  #settle(i: number): void {
    // Written so that NaN is outside too.
    if (!(i >= this.first && i < this.end)) {
      const range = `from ${String(this.first)} to ${String(this.end - 1)}`
      throw new NetvolleyError(
        ErrorCode.BATCH_STALE,
        `the batch holds no request ${String(i)}: it has ${this.count === 0 ? 'none (any more)' : range}`,
      )
    }
    if (this.#answered[i] !== 0) throw replyTwice()
    this.#answered[i] = 1
    this.#open--
  }

  #unsettle(i: number): void {
    this.#answered[i] = 0
    this.#open++
  }
}
