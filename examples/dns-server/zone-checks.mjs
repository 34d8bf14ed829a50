// @ts-check
import { isAtOrBelow } from './names.mjs'
import { ZoneFileError } from './zone-tokens.mjs'

/** @typedef {import('./zone-file.mjs').ZoneRecord} ZoneRecord */

/**
 * The records of one name and type.
 *
 * @typedef {object} RecordSet
 * @property {ZoneRecord} first
 * @property {Map<string, number>} lines of the data that it has
 */

/**
 * What must hold between the records of a zone, or resolvers would see answers that contradict each other.
 *
 * @param {ZoneRecord[]} records
 * @param {string} file for error messages
 * @returns {import('./zone-file.mjs').ZoneFile}
 * @throws {ZoneFileError}
 */
export function checkRecords(records, file) {
  const soa = records.find((record) => record.type === 'SOA')
  if (soa === undefined) throw new ZoneFileError(file, 1, 'no SOA record; allowed: exactly one, at the top of the zone')
  const apex = soa.name.toLowerCase()

  /** @type {Map<string, Map<string, RecordSet>>} */
  const byName = new Map()
  for (const record of records) {
    const name = record.name.toLowerCase()
    const sets = byName.get(name) ?? new Map()
    byName.set(name, sets)
    const problem = placeProblem(record, soa) || nameProblem(record, sets) || setProblem(record, sets.get(record.type))
    if (problem !== '') throw new ZoneFileError(file, record.line, problem)
    const set = sets.get(record.type) ?? { first: record, lines: new Map() }
    set.lines.set(dataKey(record), record.line)
    sets.set(record.type, set)
  }
  if (!byName.get(apex)?.has('NS')) {
    throw new ZoneFileError(file, soa.line, `no NS record at ${apex}; allowed: one or more`)
  }
  return { apex: soa.name, records }
}

/**
 * @param {ZoneRecord} record
 * @param {ZoneRecord} soa
 * @returns {string} '' when all is well
 */
function placeProblem(record, soa) {
  const apex = soa.name.toLowerCase()
  if (!isAtOrBelow(record.name.toLowerCase(), apex)) {
    return `"${record.name}" is outside the zone; allowed: ${apex} and names below it`
  }
  const second = record.type === 'SOA' && record !== soa
  return second ? `a second SOA record; allowed: the one of line ${soa.line}` : ''
}

/**
 * @param {ZoneRecord} record
 * @param {Map<string, RecordSet>} sets of its name, before it
 * @returns {string}
 */
function nameProblem(record, sets) {
  const alias = sets.get('CNAME')?.first
  if (record.type === 'CNAME' && alias !== undefined) {
    return `"${record.name}" has a second CNAME (line ${alias.line}); allowed: one`
  }
  const [other] = record.type === 'CNAME' ? [...sets.values()].map(({ first }) => first) : [alias]
  if (other === undefined) return ''
  return `"${record.name}" has a CNAME and other data (line ${other.line}); allowed: one CNAME and nothing else`
}

/**
 * @param {ZoneRecord} record
 * @param {RecordSet | undefined} set that it joins
 * @returns {string}
 */
function setProblem(record, set) {
  if (set === undefined) return ''
  const { ttl, line } = set.first
  if (record.ttl !== ttl) {
    return `TTL ${record.ttl} differs from ${ttl} of line ${line}; allowed: one TTL for all records of a name and type`
  }
  const twin = set.lines.get(dataKey(record))
  return twin === undefined ? '' : `the same record as in line ${twin}`
}

/**
 * @param {ZoneRecord} record
 * @returns {string} equal for data that a resolver would take as equal
 */
function dataKey(record) {
  if (record.type === 'TXT') return record.data.map((/** @type {Buffer} */ bytes) => bytes.toString('hex')).join(' ')
  if (record.type === 'AAAA') return new URL(`http://[${record.data}]/`).hostname
  return JSON.stringify(record.data).toLowerCase()
}
