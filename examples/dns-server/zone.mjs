// @ts-check
import { readFileSync } from 'node:fs'
import { isAtOrBelow, parentName } from './names.mjs'
import { parseZoneFile } from './zone-file.mjs'

/** @typedef {import('./zone-file.mjs').ZoneRecord} ZoneRecord */
/** @typedef {import('dns-packet').Answer} Answer */

/**
 * What a question leads to, before it is a message.
 *
 * @typedef {object} Result
 * @property {'NOERROR' | 'NXDOMAIN' | 'REFUSED' | 'SERVFAIL'} rcode
 * @property {boolean} authoritative
 * @property {Answer[]} answers
 * @property {Answer[]} authorities
 * @property {Answer[]} additionals
 */

/** A chain of aliases longer than this is answered with SERVFAIL; a loop is such a chain. */
const MAX_CNAME_STEPS = 8

/** QTYPE ANY gets this record in place of everything the name has, RFC 8482 section 4.2. */
const ANY_DATA = { cpu: 'RFC8482', os: '' }
const ANY_TTL_S = 3600

/** The records of one zone, arranged for lookups. Immutable. */
export class Zone {
  /** @type {Map<string, Map<string, Answer[]>>} names in lower case, empty non-terminals included */
  #names = new Map()
  /** @type {Set<string>} names below the apex that have NS records: from there on others are authoritative */
  #cuts = new Set()
  /** @type {Answer} */
  #negativeSoa

  /** @param {import('./zone-file.mjs').ZoneFile} zoneFile */
  constructor({ apex, records }) {
    this.apex = apex.toLowerCase()
    for (const record of records) this.#add(record)
    const soa = /** @type {any} */ (this.#names.get(this.apex)?.get('SOA')?.[0])
    // RFC 2308 section 3: how long resolvers may remember that something does not exist.
    this.#negativeSoa = { ...soa, ttl: Math.min(soa.ttl, soa.data.minimum) }
  }

  /** @returns {number} how many names own records */
  get nameCount() {
    let count = 0
    for (const types of this.#names.values()) count += types.size > 0 ? 1 : 0
    return count
  }

  /** @returns {IterableIterator<string>} every name that exists, in lower case, empty non-terminals included */
  names() {
    return this.#names.keys()
  }

  /**
   * @param {string} name lower case, no trailing dot
   * @param {string} type as dns-packet spells it; 'ANY' gives the HINFO record of RFC 8482
   * @returns {Result}
   */
  lookup(name, type) {
    if (!isAtOrBelow(name, this.apex)) return result('REFUSED', false)
    /** @type {Answer[]} */
    const aliases = []
    for (let steps = 0; steps <= MAX_CNAME_STEPS; steps += 1) {
      const cut = this.#cutAbove(name, type)
      if (cut !== undefined) return this.#referral(cut, aliases)
      const types = this.#names.get(name)
      if (types === undefined) return this.#negative('NXDOMAIN', aliases)
      if (type === 'ANY' && types.size > 0) return result('NOERROR', true, [anyAnswer(name)])
      const records = types.get(type)
      if (records !== undefined) return result('NOERROR', true, [...aliases, ...records])
      const alias = /** @type {any} */ (types.get('CNAME')?.[0])
      if (alias === undefined) return this.#negative('NOERROR', aliases)
      aliases.push(alias)
      name = alias.data.toLowerCase()
      // RFC 1034 section 3.6.2: outside the zone the resolver goes on by itself.
      if (!isAtOrBelow(name, this.apex)) return result('NOERROR', true, aliases)
    }
    return result('SERVFAIL', false)
  }

  /** @param {ZoneRecord} record */
  #add({ name, type, class: recordClass, ttl, data }) {
    const key = name.toLowerCase()
    // A name with a descendant exists even if it has no records itself (RFC 4592 section 2.2.2).
    for (let ancestor = key; !this.#names.has(ancestor); ancestor = parentName(ancestor)) {
      this.#names.set(ancestor, new Map())
      if (ancestor === this.apex) break
    }
    const types = /** @type {Map<string, Answer[]>} */ (this.#names.get(key))
    const answer = /** @type {Answer} */ ({ name, type, class: recordClass, ttl, data })
    const rrset = types.get(type)
    if (rrset === undefined) types.set(type, [answer])
    else rrset.push(answer)
    if (type === 'NS' && key !== this.apex) this.#cuts.add(key)
  }

  /**
   * @param {string} name
   * @param {string} type
   * @returns {string | undefined} the topmost delegation at or above the name
   */
  #cutAbove(name, type) {
    if (this.#cuts.size === 0) return undefined
    // RFC 4035 section 3.1.4.1: a DS record belongs to the parent's side of the cut.
    let at = type === 'DS' && name !== this.apex ? parentName(name) : name
    let topmost
    for (; at !== this.apex; at = parentName(at)) if (this.#cuts.has(at)) topmost = at
    return topmost
  }

  /**
   * @param {string} cut
   * @param {Answer[]} aliases
   * @returns {Result}
   */
  #referral(cut, aliases) {
    const servers = this.#names.get(cut)?.get('NS') ?? []
    const glue = servers.flatMap((server) => {
      const target = String(/** @type {any} */ (server).data).toLowerCase()
      const types = this.#names.get(target)
      // Only name servers below a cut need it: the others can be asked for.
      if (types === undefined || this.#cutAbove(target, 'A') === undefined) return []
      return [...(types.get('A') ?? []), ...(types.get('AAAA') ?? [])]
    })
    // AA speaks about the first name of the answer section (RFC 1035 section 4.1.1), which is ours if it is an alias.
    return result('NOERROR', aliases.length > 0, aliases, servers, glue)
  }

  /**
   * @param {'NOERROR' | 'NXDOMAIN'} rcode
   * @param {Answer[]} aliases
   */
  #negative(rcode, aliases) {
    return result(rcode, true, aliases, [this.#negativeSoa])
  }
}

/**
 * @param {string} path of a master file
 * @returns {Zone}
 * @throws {import('./zone-file.mjs').ZoneFileError} when the file cannot be used
 */
export function loadZone(path) {
  return new Zone(parseZoneFile(readFileSync(path, 'latin1'), { file: path }))
}

/**
 * @param {Result['rcode']} rcode
 * @param {boolean} authoritative
 * @param {Answer[]} [answers]
 * @param {Answer[]} [authorities]
 * @param {Answer[]} [additionals]
 * @returns {Result}
 */
function result(rcode, authoritative, answers = [], authorities = [], additionals = []) {
  return { rcode, authoritative, answers, authorities, additionals }
}

/**
 * @param {string} name
 * @returns {Answer}
 */
function anyAnswer(name) {
  return { name, type: 'HINFO', class: 'IN', ttl: ANY_TTL_S, data: ANY_DATA }
}
