// @ts-check
import { nameProblem } from './names.mjs'
import { isRecordType, readData, RECORD_TYPES } from './rdata.mjs'
import { checkRecords } from './zone-checks.mjs'
import { readEntries, ZoneFileError } from './zone-tokens.mjs'

export { ZoneFileError }

/** @typedef {import('./zone-tokens.mjs').Token} Token */
/** @typedef {import('./zone-tokens.mjs').Entry} Entry */
/** @typedef {import('./rdata.mjs').RecordType} RecordType */

/**
 * One record, in the form in which dns-packet encodes it.
 *
 * @typedef {object} ZoneRecord
 * @property {string} name absolute, letter case of the file, no trailing dot
 * @property {RecordType} type
 * @property {'IN'} class
 * @property {number} ttl seconds
 * @property {any} data as dns-packet takes it: a string for A, AAAA, NS and CNAME, Buffers for TXT, an object for the others
 * @property {number} line where it was written
 */

/**
 * @typedef {object} ZoneFile
 * @property {string} apex owner of the SOA record
 * @property {ZoneRecord[]} records in the order of the file
 */

const MAX_TTL_S = 0x7fff_ffff
const UNIT_S = /** @type {Record<string, number>} */ ({ s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 })
const CLASSES = ['IN', 'CH', 'HS', 'CS']

/**
 * Reads a master file (RFC 1035 section 5, `$TTL` of RFC 2308 section 4).
 *
 * Left out, each with an error that names the line: `$INCLUDE`, `$GENERATE`, wildcards, other classes than
 * IN, other types than A AAAA NS CNAME MX TXT SRV SOA, names with escapes (but `\.` in the SOA mailbox).
 *
 * @param {string} text the file decoded as latin1: one character per byte
 * @param {{ file?: string, origin?: string }} [options] `file` is the name for error messages; `origin` counts until the first $ORIGIN
 * @returns {ZoneFile}
 * @throws {ZoneFileError} at the first thing that is wrong, with `file:line` and what is allowed there
 */
export function parseZoneFile(text, { file = 'zone', origin } = {}) {
  const reader = new MasterFileReader(file, origin?.replace(/(?<=.)\.$/, ''))
  for (const entry of readEntries(text, file)) reader.read(entry)
  return checkRecords(reader.records, file)
}

class MasterFileReader {
  /** @type {ZoneRecord[]} */
  records = []
  /** @type {string | undefined} */
  #owner
  /** @type {number | undefined} */
  #defaultTtl
  /** @type {number | undefined} */
  #lastTtl

  /**
   * @param {string} file
   * @param {string | undefined} origin
   */
  constructor(file, origin) {
    this.file = file
    this.origin = origin
  }

  /** @param {Entry} entry */
  read(entry) {
    const first = entry.tokens[0]
    if (!first.quoted && !entry.startsBlank && first.text.startsWith('$')) this.#readDirective(entry, first)
    else this.#readRecord(entry)
  }

  /**
   * @param {Entry} entry
   * @param {Token} directive
   */
  #readDirective(entry, directive) {
    const [, value, extra] = entry.tokens
    const keyword = directive.text.toUpperCase()
    if (keyword !== '$ORIGIN' && keyword !== '$TTL') {
      throw this.#error(directive.line, `directive "${directive.text}"; allowed: $ORIGIN, $TTL`)
    }
    if (value === undefined || extra !== undefined)
      throw this.#error(directive.line, `${keyword} takes exactly one value`)
    if (keyword === '$TTL') this.#defaultTtl = this.#duration(value)
    else this.origin = this.#name(value)
  }

  /** @param {Entry} entry */
  #readRecord(entry) {
    const tokens = [...entry.tokens]
    if (!entry.startsBlank) {
      this.#owner = this.#name(/** @type {Token} */ (tokens.shift()))
      if (this.#owner.startsWith('*.'))
        throw this.#error(entry.line, 'wildcard names are not supported; allowed: plain names')
    }
    const name = this.#owner
    if (name === undefined) throw this.#error(entry.line, 'the first record has no owner name before it')

    const ttl = this.#readTtlAndClass(tokens) ?? this.#defaultTtl ?? this.#lastTtl
    const typeToken = tokens.shift()
    if (typeToken === undefined) throw this.#error(entry.line, 'no record type')
    const type = typeToken.text.toUpperCase()
    if (typeToken.quoted || !isRecordType(type)) {
      throw this.#error(typeToken.line, `type "${typeToken.text}"; allowed: ${RECORD_TYPES.join(' ')}`)
    }
    if (ttl === undefined)
      throw this.#error(entry.line, 'no TTL; allowed: a TTL on the record or on one before it, or $TTL')

    const data = readData(type, tokens, {
      file: this.file,
      line: typeToken.line,
      name: (token) => this.#name(token, type === 'SOA'),
      duration: (token) => this.#duration(token),
    })
    this.records.push({ name, type, class: 'IN', ttl, data, line: entry.line })
  }

  /**
   * TTL and class may both be left out and come in either order.
   *
   * @param {Token[]} tokens what stands between owner and type is taken off
   * @returns {number | undefined} the explicit TTL
   */
  #readTtlAndClass(tokens) {
    /** @type {number | undefined} */
    let ttl
    let hasClass = false
    for (let token = tokens[0]; token !== undefined && !token.quoted; token = tokens[0]) {
      const isClass = CLASSES.includes(token.text.toUpperCase())
      if (isClass && !hasClass) {
        hasClass = true
        if (token.text.toUpperCase() !== 'IN') throw this.#error(token.line, `class "${token.text}"; allowed: IN`)
      } else if (/^\d/.test(token.text) && ttl === undefined) {
        ttl = this.#lastTtl = this.#duration(token)
      } else break
      tokens.shift()
    }
    return ttl
  }

  /**
   * @param {Token} token seconds, or numbers with units: 3600, 1h, 1d12h
   * @returns {number} seconds
   */
  #duration(token) {
    const text = token.text.toLowerCase()
    let seconds = NaN
    if (/^\d+$/.test(text)) seconds = Number(text)
    else if (/^(\d+[smhdw])+$/.test(text)) {
      seconds = 0
      for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/g)) seconds += Number(count) * UNIT_S[unit]
    }
    if (seconds <= MAX_TTL_S) return seconds
    throw this.#error(
      token.line,
      `time "${token.text}"; allowed: 0 to ${MAX_TTL_S} seconds, or with units like 1h, 1d12h`,
    )
  }

  /**
   * @param {Token} token absolute with a trailing dot, else below the origin; @ is the origin
   * @param {boolean} [mailbox] the local part of an SOA mailbox may hold `\.`; dns-packet understands that one escape
   * @returns {string} without the trailing dot
   */
  #name(token, mailbox = false) {
    const { text, line } = token
    if (token.quoted) throw this.#error(line, `name "${text}" is quoted; allowed: a plain name`)
    const absolute = text.endsWith('.') && !text.endsWith('\\.')
    if (!absolute && this.origin === undefined) {
      throw this.#error(line, `name "${text}" is relative and there is no $ORIGIN; allowed: a name that ends in a dot`)
    }
    let name = text
    if (text === '@') name = /** @type {string} */ (this.origin)
    else if (absolute) name = text === '.' ? text : text.slice(0, -1)
    else if (this.origin !== '.') name = `${text}.${this.origin}`
    const problem = nameProblem(mailbox ? name.replaceAll('\\.', '-') : name)
    if (problem !== '') throw this.#error(line, problem)
    return name
  }

  /**
   * @param {number} line
   * @param {string} problem
   */
  #error(line, problem) {
    return new ZoneFileError(this.file, line, problem)
  }
}
