import { isUint8Array } from 'node:util/types'
import { ErrorCode, NetvolleyError, optionInvalid } from '../errors'
import { ReplyFlag, RequestFlag, type RequestLink } from '../native'
import type { PrefixWriter } from './framing'
import type { Reply } from './types'

/** An answer that found no room: with our own copy of its bytes, or an entry that points into the request's slot. */
type HeldReply =
  | {
      readonly kind: 'bytes'
      readonly requestId: number
      readonly flags: number
      readonly data: Uint8Array
      written: number
    }
  | {
      readonly kind: 'entry'
      readonly requestId: number
      readonly flags: number
      readonly offset: number
      readonly bytes: number
    }

// Copied out of the module object: a load through it costs a call on the hot path.
const { inPlace: IN_PLACE, none: NONE, failed: FAILED, closeAfter: CLOSE_AFTER, more: MORE } = ReplyFlag
const UDP = RequestFlag.udp

/** The largest payload of an IPv4 datagram. */
const MAX_DATAGRAM_BYTES = 65507

/**
 * Puts replies into the ring. What does not fit waits here, in order: never lost, and bounded by the requests in flight.
 */
export class ReplyWriter {
  readonly #link: RequestLink
  readonly #prefix: PrefixWriter | null
  readonly #minReplyBytes: number
  readonly #maxReplyBytes: number
  readonly #maxDatagramBytes: number
  #held: HeldReply[] = []

  constructor(link: RequestLink, prefix: PrefixWriter | null, maxReplyBytes: number) {
    this.#link = link
    this.#prefix = prefix
    this.#minReplyBytes = prefix?.minReplyBytes ?? 0
    this.#maxReplyBytes = Math.min(maxReplyBytes, prefix?.maxReplyBytes ?? Infinity)
    this.#maxDatagramBytes = Math.min(MAX_DATAGRAM_BYTES, this.#maxReplyBytes)
  }

  /** Replies that wait for room. */
  get held(): number {
    return this.#held.length
  }

  /** Bytes that stand in front of a reply: its length prefix. */
  gap(requestFlags: number): number {
    return (requestFlags & UDP) !== 0 || this.#prefix === null ? 0 : this.#prefix.bytes
  }

  /** @throws ERR_NETVOLLEY_REPLY_TOO_LARGE, and nothing was sent */
  write(requestId: number, requestFlags: number, data: Reply, close: boolean): void {
    const udp = (requestFlags & UDP) !== 0
    const bytes = isUint8Array(data) ? data.length : totalBytes(data)
    this.#checkSize(bytes, udp)
    const gap = this.gap(requestFlags)
    const flags = close ? CLOSE_AFTER : 0
    const { replies } = this.#link
    if (this.#held.length === 0 && gap + bytes <= replies.maxPieceBytes) {
      const at = replies.reserve(gap + bytes)
      if (at >= 0) {
        this.#fill(replies.transmit, at, gap, data, bytes)
        replies.push(requestId, at, gap + bytes, flags)
        this.#link.engine.scheduleFlush()
        return
      }
    }
    const copy = new Uint8Array(gap + bytes)
    this.#fill(copy, 0, gap, data, bytes)
    this.#hold({ kind: 'bytes', requestId, data: copy, flags, written: 0 })
  }

  /** Sends `length` bytes of the request's own memory; `frameBytes` is what the request holds there. */
  writeInPlace(
    requestId: number,
    requestFlags: number,
    start: number,
    offset: number,
    length: number,
    frameBytes: number,
  ): void {
    const udp = (requestFlags & UDP) !== 0
    const gap = this.gap(requestFlags)
    // Written so that NaN and fractions are outside too.
    const fits =
      (offset | 0) === offset &&
      (length | 0) === length &&
      offset >= gap &&
      length >= 0 &&
      offset + length <= frameBytes
    if (!fits) throw notInPlace(offset, length, frameBytes, gap)
    this.#checkSize(length, udp)
    if (gap > 0) this.#prefix?.write(this.#link.slab, start + offset - gap, length)
    this.#entry(requestId, offset - gap, length + gap, IN_PLACE)
  }

  /** Gives the slot back without an answer, or with a failure. */
  finish(requestId: number, failed: boolean): void {
    this.#entry(requestId, 0, 0, failed ? FAILED : NONE)
  }

  /** Goes on with what waits. True = nothing waits any more. */
  resume(): boolean {
    let done = 0
    for (const held of this.#held) {
      if (!this.#send(held)) break
      done++
    }
    if (done > 0) this.#held = this.#held.slice(done)
    return this.#held.length === 0
  }

  /** The server has finished: what waits has nowhere to go. */
  clear(): void {
    this.#held = []
  }

  #entry(requestId: number, offset: number, bytes: number, flags: number): void {
    const { replies, engine } = this.#link
    if (this.#held.length === 0 && replies.pushEntry(requestId, offset, bytes, flags)) engine.scheduleFlush()
    else this.#hold({ kind: 'entry', requestId, offset, bytes, flags })
  }

  #hold(reply: HeldReply): void {
    this.#held.push(reply)
    this.#link.waitForRoom()
  }

  /** Moves as much of a held reply as there is room for. True = all of it. */
  #send(held: HeldReply): boolean {
    const { replies, engine } = this.#link
    if (held.kind === 'entry') {
      if (!replies.pushEntry(held.requestId, held.offset, held.bytes, held.flags)) return false
      engine.scheduleFlush()
      return true
    }
    do {
      const size = Math.min(held.data.length - held.written, replies.maxPieceBytes)
      const at = replies.reserve(size)
      if (at < 0) return false
      replies.transmit.set(held.data.subarray(held.written, held.written + size), at)
      held.written += size
      const more = held.written < held.data.length ? MORE : 0
      replies.push(held.requestId, at, size, held.flags | more)
      engine.scheduleFlush()
    } while (held.written < held.data.length)
    return true
  }

  #fill(into: Uint8Array, at: number, gap: number, data: Reply, bytes: number): void {
    if (gap > 0) this.#prefix?.write(into, at, bytes)
    let to = at + gap
    if (isUint8Array(data)) {
      into.set(data, to)
      return
    }
    for (const piece of data) {
      into.set(piece, to)
      to += piece.length
    }
  }

  #checkSize(bytes: number, udp: boolean): void {
    if (bytes <= (udp ? this.#maxDatagramBytes : this.#maxReplyBytes) && (udp || bytes >= this.#minReplyBytes)) return
    throw this.#wrongSize(bytes, udp)
  }

  #wrongSize(bytes: number, udp: boolean): NetvolleyError {
    if (!udp && bytes < this.#minReplyBytes) {
      const allowed = `at least ${String(this.#minReplyBytes)} bytes with this framing.adjust`
      return optionInvalid('reply', `${String(bytes)} bytes`, allowed)
    }
    const limit = udp ? this.#maxDatagramBytes : this.#maxReplyBytes
    const by = udp ? 'a datagram' : 'maxReplyBytes or the length prefix'
    const message = `a reply of ${String(bytes)} bytes is above the ${String(limit)} that ${by} allows`
    return new NetvolleyError(ErrorCode.REPLY_TOO_LARGE, message)
  }
}

function notInPlace(offset: number, length: number, frameBytes: number, gap: number): RangeError {
  const inside = Number.isInteger(offset) && offset >= 0 && offset < gap && offset + length <= frameBytes
  const why = inside
    ? `with frameReplies the ${String(gap)} bytes before the reply are its length`
    : `the request has ${String(frameBytes)} bytes`
  return new RangeError(`replyInPlace(${String(offset)}, ${String(length)}): ${why}`)
}

/** By kind and not by class: another realm (a vm context) has a Uint8Array of its own. */
function totalBytes(pieces: readonly Uint8Array[]): number {
  let total = 0
  if (!Array.isArray(pieces)) throw notBytes(pieces)
  for (const piece of pieces as readonly Uint8Array[]) {
    if (!isUint8Array(piece)) throw notBytes(piece)
    total += piece.length
  }
  return total
}

function notBytes(given: unknown): NetvolleyError {
  return optionInvalid('reply', given, 'a Uint8Array, or an array of them')
}
