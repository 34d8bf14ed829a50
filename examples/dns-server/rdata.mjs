// @ts-check
import { isIPv4, isIPv6 } from 'node:net'
import { unescapeToken, ZoneFileError } from './zone-tokens.mjs'

/** @typedef {import('./zone-tokens.mjs').Token} Token */

/**
 * What a data reader needs from the file around it.
 *
 * @typedef {object} Context
 * @property {string} file
 * @property {number} line of the record
 * @property {(token: Token) => string} name makes a name absolute
 * @property {(token: Token) => number} duration reads a TTL-like value in seconds
 */

/** Data of each type as dns-packet takes it. */
const READERS = {
  A: readAddress(isIPv4, 'an IPv4 address like 192.0.2.1'),
  AAAA: readAddress((text) => isIPv6(text) && !text.includes('%'), 'an IPv6 address like 2001:db8::1'),
  NS: readTarget,
  CNAME: readTarget,
  MX: readMx,
  TXT: readTxt,
  SRV: readSrv,
  SOA: readSoa,
}

/** @typedef {keyof typeof READERS} RecordType */

/** The record types that this server knows, in the order of the documentation. */
export const RECORD_TYPES = /** @type {RecordType[]} */ (Object.keys(READERS))

/**
 * @param {string} text
 * @returns {text is RecordType}
 */
export function isRecordType(text) {
  return Object.hasOwn(READERS, text)
}

/**
 * @param {RecordType} type
 * @param {Token[]} tokens
 * @param {Context} context
 * @returns {unknown} the `data` of a dns-packet answer
 * @throws {ZoneFileError}
 */
export function readData(type, tokens, context) {
  return READERS[type](tokens, context)
}

/**
 * @param {Token[]} tokens
 * @param {string} shape one word per value
 * @param {Context} context
 */
function expectShape(tokens, shape, context) {
  const wanted = shape.split(' ').length
  if (tokens.length === wanted) return
  const line = (tokens[wanted] ?? tokens.at(-1))?.line ?? context.line
  throw new ZoneFileError(context.file, line, `${tokens.length} values; allowed: ${wanted} (${shape})`)
}

/**
 * @param {Token} token
 * @param {number} max
 * @param {string} what
 * @param {Context} context
 * @returns {number}
 */
function readNumber(token, max, what, context) {
  if (!/^\d{1,10}$/.test(token.text) || Number(token.text) > max) {
    throw new ZoneFileError(context.file, token.line, `${what} "${token.text}"; allowed: 0 to ${max}`)
  }
  return Number(token.text)
}

/**
 * @param {(text: string) => boolean} valid
 * @param {string} allowed
 */
function readAddress(valid, allowed) {
  return (/** @type {Token[]} */ tokens, /** @type {Context} */ context) => {
    expectShape(tokens, 'address', context)
    const [token] = tokens
    if (!valid(token.text))
      throw new ZoneFileError(context.file, token.line, `address "${token.text}"; allowed: ${allowed}`)
    return token.text
  }
}

/**
 * @param {Token[]} tokens
 * @param {Context} context
 */
function readTarget(tokens, context) {
  expectShape(tokens, 'name', context)
  const [target] = tokens
  return context.name(target)
}

/**
 * @param {Token[]} tokens
 * @param {Context} context
 */
function readMx(tokens, context) {
  expectShape(tokens, 'preference exchange', context)
  const [preference, exchange] = tokens
  return { preference: readNumber(preference, 0xffff, 'preference', context), exchange: context.name(exchange) }
}

/**
 * @param {Token[]} tokens
 * @param {Context} context
 */
function readTxt(tokens, context) {
  if (tokens.length === 0) throw new ZoneFileError(context.file, context.line, 'no text; allowed: one or more strings')
  return tokens.map((token) => {
    const bytes = unescapeToken(token, context.file)
    if (bytes.length > 255) {
      throw new ZoneFileError(
        context.file,
        token.line,
        `a string of ${bytes.length} bytes; allowed: up to 255, more in further strings`,
      )
    }
    return bytes
  })
}

/**
 * @param {Token[]} tokens
 * @param {Context} context
 */
function readSrv(tokens, context) {
  expectShape(tokens, 'priority weight port target', context)
  const [priority, weight, port, target] = tokens
  return {
    priority: readNumber(priority, 0xffff, 'priority', context),
    weight: readNumber(weight, 0xffff, 'weight', context),
    port: readNumber(port, 0xffff, 'port', context),
    target: context.name(target),
  }
}

/**
 * @param {Token[]} tokens
 * @param {Context} context
 */
function readSoa(tokens, context) {
  expectShape(tokens, 'primary mailbox serial refresh retry expire minimum', context)
  const [mname, rname, serial, refresh, retry, expire, minimum] = tokens
  return {
    mname: context.name(mname),
    rname: context.name(rname),
    serial: readNumber(serial, 0xffff_ffff, 'serial', context),
    refresh: context.duration(refresh),
    retry: context.duration(retry),
    expire: context.duration(expire),
    minimum: context.duration(minimum),
  }
}
