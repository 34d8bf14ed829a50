import { optionInvalid, optionUnsupported } from '../errors'
import { checkBoolean, checkInteger, checkKnownKeys, checkObject, checkOneOf } from '../runtime'

/** A frame is a header that ends in a length, and a body of that length. */
export interface LengthPrefixedFraming {
  readonly kind: 'lengthPrefixed'
  /** Width of the length. This build cuts 2 and 4; the others are refused as unsupported. */
  readonly bytes: 1 | 2 | 3 | 4 | 8
  /** Default `'big'`. */
  readonly endian?: 'big' | 'little'
  /** Bytes of header before the length, 0 to 1024. Default 0. */
  readonly offset?: number
  /** The length counts the header too. Default false. */
  readonly includesHeader?: boolean
  /** Added to the length to get the body (or frame) size, -65536 to 65536. Default 0. */
  readonly adjust?: number
}

export type Framing = LengthPrefixedFraming

/** A checked framing, in the form that native code takes. */
export interface CheckedFraming {
  readonly bytes: 2 | 4
  readonly littleEndian: boolean
  readonly includesHeader: boolean
  readonly offset: number
  readonly adjust: number
}

const KINDS = ['lengthPrefixed', 'headerBody', 'delimited', 'fixed', 'stream']
const WIDTHS = [1, 2, 3, 4, 8] as const

export function checkFraming(value: unknown): CheckedFraming {
  const framing = checkObject('framing', value)
  const kind = checkOneOf('framing.kind', framing.kind, KINDS)
  if (kind !== 'lengthPrefixed') {
    throw optionUnsupported(`framing.kind: '${kind}'`, 'this build does not cut it', ["'lengthPrefixed'"])
  }
  checkKnownKeys(framing, ['kind', 'bytes', 'endian', 'offset', 'includesHeader', 'adjust'], 'framing')
  const bytes = checkOneOf('framing.bytes', framing.bytes, WIDTHS)
  if (bytes !== 2 && bytes !== 4) {
    throw optionUnsupported(`framing.bytes: ${String(bytes)}`, 'this build does not cut it', ['2', '4'])
  }
  return {
    bytes,
    littleEndian: checkOneOf('framing.endian', framing.endian, ['big', 'little'], 'big') === 'little',
    offset: checkInteger('framing.offset', framing.offset, { min: 0, max: 1024, default: 0, unit: 'bytes' }),
    includesHeader: checkBoolean('framing.includesHeader', framing.includesHeader, false),
    adjust: checkInteger('framing.adjust', framing.adjust, { min: -65536, max: 65536, default: 0, unit: 'bytes' }),
  }
}

/** Writes the length before a reply: the inverse of what the decoder reads. Only framings without an offset have one. */
export class PrefixWriter {
  readonly bytes: number
  /** The longest reply that the prefix can announce. */
  readonly maxReplyBytes: number
  /** The shortest one: a length with something added to it cannot announce less. */
  readonly minReplyBytes: number
  readonly #littleEndian: boolean
  readonly #added: number

  constructor(framing: CheckedFraming) {
    if (framing.offset !== 0) {
      throw optionInvalid(
        'frameReplies',
        true,
        'false where framing.offset is not 0: only the handler knows that header',
      )
    }
    this.bytes = framing.bytes
    this.#littleEndian = framing.littleEndian
    this.#added = (framing.includesHeader ? framing.bytes : 0) - framing.adjust
    this.minReplyBytes = Math.max(0, -this.#added)
    this.maxReplyBytes = 2 ** (8 * framing.bytes) - 1 - this.#added
  }

  write(into: Uint8Array, at: number, replyBytes: number): void {
    let left = replyBytes + this.#added
    for (let i = 0; i < this.bytes; i++) {
      into[at + (this.#littleEndian ? i : this.bytes - 1 - i)] = left & 0xff
      left = Math.floor(left / 256)
    }
  }
}
