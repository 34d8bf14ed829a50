// @ts-check
import dnsPacket from 'dns-packet'
import { skipName, wireNameToText } from './names.mjs'
import { AnswerTable } from './precompiled.mjs'

/** @typedef {import('./zone.mjs').Zone} Zone */
/** @typedef {import('./zone.mjs').Result} Result */
/** @typedef {import('dns-packet').OptAnswer} OptAnswer */

/**
 * Answers one message.
 *
 * @callback Answerer
 * @param {Uint8Array} query one whole DNS message, without the length prefix of TCP; only read
 * @param {'udp' | 'tcp'} transport
 * @returns {Uint8Array | null} the answer in memory of its own; null: send nothing
 */

/** RFC 1035 section 4.2.1: what every client takes over UDP. */
const MIN_UDP_BYTES = 512
/** What is not fragmented on any common path; the value of the DNS flag day 2020. Offered to clients and never exceeded. */
export const MAX_UDP_BYTES = 1232
/** The length prefix of TCP cannot express more. */
const MAX_TCP_BYTES = 65_535

export const HEADER_BYTES = 12
const TYPE_AND_CLASS_BYTES = 4

const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 }
const BADVERS = 16
const QUERY_OPCODE = 0

/** Types that ask for something else than records of a name: transfers, mail lists, and what is only for other sections. */
const UNSERVED_TYPES = new Set(['IXFR', 'AXFR', 'UNKNOWN_253', 'UNKNOWN_254', 'OPT', 'TKEY', 'TSIG', 'UNKNOWN_0'])

/**
 * @param {Zone} zone
 * @param {{ precompiled?: boolean }} [options] precompiled: keep a table of ready answers (default false), about
 *   2 KiB of memory for a name; the answers are the same, byte for byte
 * @returns {Answerer}
 */
export function createAnswerer(zone, { precompiled = false } = {}) {
  /** @type {Answerer} */
  const answer = (query, transport) => answerQuery(zone, query, transport)
  if (!precompiled) return answer
  const table = AnswerTable.compile(zone.names(), (query) => answer(query, 'tcp'))
  return (query, transport) => table.find(query, 0, query.length, transport === 'udp') ?? answer(query, transport)
}

/**
 * @param {Zone} zone
 * @param {Uint8Array} bytes
 * @param {'udp' | 'tcp'} transport
 * @returns {Uint8Array | null}
 */
function answerQuery(zone, bytes, transport) {
  if (bytes.length < HEADER_BYTES) return null
  const query = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const flags = query.readUInt16BE(2)
  // Two servers that answered each other's answers would never stop.
  if ((flags & 0x8000) !== 0) return null
  if (((flags >> 11) & 0xf) !== QUERY_OPCODE) return headerOnly(query, RCODE.NOTIMP)

  const request = decode(query)
  if (request === null) return headerOnly(query, RCODE.FORMERR)
  const limit = transport === 'tcp' ? MAX_TCP_BYTES : udpLimit(request.opt)
  const found =
    request.opt !== undefined && request.opt.ednsVersion > 0 ? BADVERS : search(zone, query, request.question)
  if (found === BADVERS) return encode(query, request, withRcode(RCODE.NOERROR), limit, BADVERS >> 4)
  return encode(query, request, found, limit)
}

/**
 * @typedef {object} Request
 * @property {import('dns-packet').Question} question
 * @property {number} questionEnd offset in the query
 * @property {OptAnswer | undefined} opt
 */

/**
 * @param {Buffer} query
 * @returns {Request | null} null when it is not a well-formed query with one question
 */
function decode(query) {
  if (query.readUInt16BE(4) !== 1) return null
  const nameEnd = skipName(query, HEADER_BYTES, query.length)
  if (nameEnd < 0) return null
  try {
    const packet = dnsPacket.decode(query)
    // dns-packet cuts the data of a last record that announces more than there is; that is no whole message.
    if (dnsPacket.decode.bytes > query.length) return null
    const [question] = packet.questions ?? []
    const opts = /** @type {OptAnswer[]} */ ((packet.additionals ?? []).filter(({ type }) => type === 'OPT'))
    // RFC 6891 section 6.1.1: at most one, and its name is the root.
    if (question === undefined || opts.length > 1 || (opts[0]?.name ?? '.') !== '.') return null
    return { question, questionEnd: nameEnd + TYPE_AND_CLASS_BYTES, opt: opts[0] }
  } catch {
    return null
  }
}

/**
 * @param {Zone} zone
 * @param {Buffer} query
 * @param {import('dns-packet').Question} question
 * @returns {Answered}
 */
function search(zone, query, question) {
  if (question.class !== 'IN' || UNSERVED_TYPES.has(question.type)) return withRcode(RCODE.NOTIMP)
  const { rcode, ...sections } = zone.lookup(wireNameToText(query, HEADER_BYTES), question.type)
  return { rcode: RCODE[rcode], ...sections }
}

/** @typedef {Omit<Result, 'rcode'> & { rcode: number }} Answered */

/**
 * @param {number} rcode
 * @returns {Answered}
 */
function withRcode(rcode) {
  return { rcode, authoritative: false, answers: [], authorities: [], additionals: [] }
}

/**
 * @param {OptAnswer | undefined} opt
 * @returns {number}
 */
function udpLimit(opt) {
  return opt === undefined ? MIN_UDP_BYTES : Math.min(Math.max(opt.udpPayloadSize, MIN_UDP_BYTES), MAX_UDP_BYTES)
}

/**
 * @param {Buffer} query
 * @param {number} rcode
 * @returns {Buffer} a header alone: there is no question that could be repeated
 */
function headerOnly(query, rcode) {
  const flags = query.readUInt16BE(2)
  const opcodeBits = flags & 0x7800
  return dnsPacket.encode({
    type: 'response',
    id: query.readUInt16BE(0),
    flags: opcodeBits | (flags & dnsPacket.RECURSION_DESIRED) | rcode,
  })
}

/**
 * @param {Buffer} query
 * @param {Request} request
 * @param {Answered} answered
 * @param {number} limit bytes that the transport takes
 * @param {number} [extendedRcode] the upper bits of the response code
 * @returns {Buffer}
 */
function encode(query, request, answered, limit, extendedRcode = 0) {
  const { questionEnd, opt } = request
  /** @type {OptAnswer[]} */
  const opts = opt === undefined ? [] : [responseOpt(opt, extendedRcode)]
  let flags = (query.readUInt16BE(2) & dnsPacket.RECURSION_DESIRED) | answered.rcode
  if (answered.authoritative) flags |= dnsPacket.AUTHORITATIVE_ANSWER
  /** @type {import('dns-packet').Packet} */
  const packet = {
    type: 'response',
    id: query.readUInt16BE(0),
    flags,
    answers: answered.answers,
    authorities: answered.authorities,
  }
  packet.additionals = [...answered.additionals, ...opts]

  const questionBytes = questionEnd - HEADER_BYTES
  let bytes = dnsPacket.encodingLength(packet) + questionBytes
  if (bytes > limit) {
    // Over TCP there is no larger transport to fall back to.
    const flag = limit === MAX_TCP_BYTES ? RCODE.SERVFAIL : dnsPacket.TRUNCATED_RESPONSE
    Object.assign(packet, { flags: flags | flag, answers: [], authorities: [], additionals: opts })
    bytes = dnsPacket.encodingLength(packet) + questionBytes
  }

  // The question goes back exactly as it came: clients compare its letter case (0x20), and text would lose odd
  // bytes. dns-packet does not compress names, so the sections may be encoded first and the question put before them.
  const reply = Buffer.allocUnsafe(bytes)
  dnsPacket.encode(packet, reply, questionBytes)
  reply.copyWithin(0, questionBytes, questionBytes + HEADER_BYTES)
  reply.writeUInt16BE(1, 4)
  query.copy(reply, HEADER_BYTES, HEADER_BYTES, questionEnd)
  return reply
}

/**
 * @param {OptAnswer} opt of the query
 * @param {number} extendedRcode
 * @returns {OptAnswer}
 */
function responseOpt(opt, extendedRcode) {
  // RFC 3225 section 3: the DO bit is repeated.
  const flags = opt.flags & dnsPacket.DNSSEC_OK
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: MAX_UDP_BYTES,
    extendedRcode,
    ednsVersion: 0,
    flags,
    flag_do: flags !== 0,
    options: [],
  }
}
