// @ts-check
import { skipName } from './names.mjs'

const HEADER_BYTES = 12
const OPT_BYTES = 11
const UDP_BYTES = 512
const UDP_BYTES_WITH_OPT = 1232

const OPT_TYPE = 41
const COOKIE_OPTION = 10
const IN_CLASS = 1
const SERVFAIL = 2

/** Types with an entry for every name, whether the name has such records or not: A NS CNAME SOA MX TXT AAAA SRV HTTPS. */
const COMPILED_TYPES = [1, 2, 5, 6, 15, 16, 28, 33, 65]

/**
 * Ready answers, found by the bytes of the question.
 *
 * A hot query costs one pass over the question (hash of the lower-cased name and type), one comparison with the
 * stored question, and one copy of the stored answer, into which the client's ID, RD bit and question are put.
 * No string, no object but the answer. What is not ordinary is left to the caller: `find` returns undefined.
 */
export class AnswerTable {
  #used = 0
  /** Answers one after the other; a plain array of Buffers would add a cache miss to each query. */
  #bytes = Buffer.alloc(1 << 16)
  #start = [0]
  /** Open addressing; 0 is free, otherwise the number of an answer + 1. At most half full, so that probes stay short. */
  #slots = new Int32Array(64)

  /**
   * @param {Iterable<string>} names lower case
   * @param {(query: Uint8Array) => Uint8Array | null} answer gives the whole answer to a plain query, of any size
   * @returns {AnswerTable}
   */
  static compile(names, answer) {
    const table = new AnswerTable()
    for (const name of names) {
      for (const type of COMPILED_TYPES) {
        const reply = answer(plainQuery(name, type))
        // An answer that is too large for TCP looks different over UDP; that one is not ordinary.
        if (reply !== null && (reply[3] & 0x0f) !== SERVFAIL) table.#add(reply)
      }
    }
    return table
  }

  /** @returns {number} answers in the table */
  get size() {
    return this.#used
  }

  /**
   * @param {Uint8Array} source
   * @param {number} start of the message in source
   * @param {number} end first byte after it
   * @param {boolean} overUdp
   * @returns {Buffer | undefined} the answer in memory of its own; undefined when the query is not an ordinary one
   *   (one question of class IN, nothing else but an OPT record without options or with a cookie) or is not in the table
   */
  find(source, start, end, overUdp) {
    if (!hasPlainHeader(source, start, end)) return undefined
    const nameEnd = skipName(source, start + HEADER_BYTES, end)
    const questionEnd = nameEnd + 4
    if (nameEnd < 0 || questionEnd > end || u16(source, nameEnd + 2) !== IN_CLASS) return undefined

    const hasOpt = source[start + 11] === 1
    if (hasOpt ? !isPlainOpt(source, questionEnd, end) : questionEnd !== end) return undefined
    const index = this.#search(source, start + HEADER_BYTES, questionEnd)
    if (index < 0) return undefined
    return this.#copy(index, source, start, questionEnd, hasOpt, overUdp)
  }

  /**
   * @param {number} index
   * @param {Uint8Array} query
   * @param {number} start
   * @param {number} questionEnd
   * @param {boolean} hasOpt
   * @param {boolean} overUdp
   */
  #copy(index, query, start, questionEnd, hasOpt, overUdp) {
    const from = this.#startOf(index)
    let length = this.#startOf(index + 1) - from
    let truncated = false
    if (overUdp) {
      const limit = hasOpt ? Math.min(Math.max(u16(query, questionEnd + 3), UDP_BYTES), UDP_BYTES_WITH_OPT) : UDP_BYTES
      truncated = length + (hasOpt ? OPT_BYTES : 0) > limit
      if (truncated) length = questionEnd - start
    }
    const reply = Buffer.allocUnsafe(length + (hasOpt ? OPT_BYTES : 0))
    this.#bytes.copy(reply, 0, from, from + length)
    for (let i = HEADER_BYTES; i < questionEnd - start; i += 1) reply[i] = query[start + i]
    reply[0] = query[start]
    reply[1] = query[start + 1]
    reply[2] = reply[2] | (query[start + 2] & 0x01) | (truncated ? 0x02 : 0)
    if (truncated) reply.fill(0, 6, HEADER_BYTES)
    if (hasOpt) appendOpt(reply, length, query[questionEnd + 7] & 0x80)
    return reply
  }

  /** @param {Uint8Array} reply */
  #add(reply) {
    const start = this.#startOf(this.#used)
    const end = start + reply.length
    if (end > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(end, this.#bytes.length * 2))
      this.#bytes.copy(larger)
      this.#bytes = larger
    }
    this.#bytes.set(reply, start)
    this.#used += 1
    this.#start.push(end)
    if (this.#used * 2 > this.#slots.length) this.#grow()
    else this.#insert(this.#used - 1)
  }

  #grow() {
    this.#slots = new Int32Array(this.#slots.length * 2)
    for (let index = 0; index < this.#used; index += 1) this.#insert(index)
  }

  /** @param {number} index */
  #insert(index) {
    const question = this.#startOf(index) + HEADER_BYTES
    const end = skipName(this.#bytes, question, this.#bytes.length) + 4
    const mask = this.#slots.length - 1
    let slot = hashQuestion(this.#bytes, question, end) & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = index + 1
  }

  /**
   * @param {Uint8Array} query
   * @param {number} question
   * @param {number} questionEnd
   * @returns {number} index of the answer, -1 when there is none
   */
  #search(query, question, questionEnd) {
    const mask = this.#slots.length - 1
    for (let slot = hashQuestion(query, question, questionEnd) & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot] - 1
      if (index < 0 || this.#sameQuestion(index, query, question, questionEnd)) return index
    }
  }

  /**
   * @param {number} index
   * @param {Uint8Array} query
   * @param {number} question
   * @param {number} questionEnd
   */
  #sameQuestion(index, query, question, questionEnd) {
    const nameEnd = questionEnd - 4
    let at = this.#startOf(index) + HEADER_BYTES
    // Root bytes are compared too, so neither name can be the beginning of the other.
    for (let i = question; i < nameEnd; i += 1, at += 1) {
      if (lower(query[i]) !== this.#bytes[at]) return false
    }
    return u16(query, nameEnd) === u16(this.#bytes, at)
  }

  /** @param {number} index */
  #startOf(index) {
    return this.#start[index]
  }
}

/**
 * @param {Uint8Array} bytes
 * @param {number} offset
 */
function u16(bytes, offset) {
  return (bytes[offset] << 8) | bytes[offset + 1]
}

/**
 * Length bytes are below 64, so a whole name may be lowered without looking at its labels.
 *
 * @param {number} byte
 */
function lower(byte) {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
}

/**
 * FNV-1a. Lowering the type too loses nothing but a few bits of the hash: #sameQuestion compares it as it is.
 *
 * @param {Uint8Array} bytes
 * @param {number} offset
 * @param {number} end
 */
function hashQuestion(bytes, offset, end) {
  let hash = 0x811c_9dc5
  for (let i = offset; i < end; i += 1) hash = Math.imul(hash ^ lower(bytes[i]), 0x0100_0193)
  return hash >>> 0
}

/**
 * @param {Uint8Array} source
 * @param {number} start
 * @param {number} end
 * @returns {boolean} a query of opcode 0 with one question and at most one record, in the additional section
 */
function hasPlainHeader(source, start, end) {
  return (
    end - start > HEADER_BYTES &&
    (source[start + 2] & 0xf8) === 0 &&
    u16(source, start + 4) === 1 &&
    u16(source, start + 6) === 0 &&
    u16(source, start + 8) === 0 &&
    u16(source, start + 10) <= 1
  )
}

/**
 * @param {Uint8Array} source
 * @param {number} offset
 * @param {number} end
 * @returns {boolean} an OPT record of version 0 without options, or with one cookie, which this server does not use
 */
function isPlainOpt(source, offset, end) {
  if (end - offset < OPT_BYTES || source[offset] !== 0 || u16(source, offset + 1) !== OPT_TYPE) return false
  const dataBytes = u16(source, offset + 9)
  if (source[offset + 6] !== 0 || offset + OPT_BYTES + dataBytes !== end) return false
  if (dataBytes === 0) return true
  return dataBytes >= 4 && u16(source, offset + 11) === COOKIE_OPTION && u16(source, offset + 13) === dataBytes - 4
}

/**
 * @param {Buffer} reply
 * @param {number} offset
 * @param {number} dnssecOk 0x80 or 0
 */
function appendOpt(reply, offset, dnssecOk) {
  reply.fill(0, offset)
  reply[offset + 2] = OPT_TYPE
  reply.writeUInt16BE(UDP_BYTES_WITH_OPT, offset + 3)
  reply[offset + 7] = dnssecOk
  reply.writeUInt16BE(reply.readUInt16BE(10) + 1, 10)
}

/**
 * @param {string} name lower case
 * @param {number} type
 * @returns {Buffer}
 */
function plainQuery(name, type) {
  const labels = name === '.' ? [] : name.split('.')
  const wire = labels.flatMap((label) => [label.length, ...Buffer.from(label, 'latin1')])
  return Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...wire, 0, 0, type, 0, IN_CLASS])
}
