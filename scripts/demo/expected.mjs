// @ts-check
// What the answers must be, read from the zone file by code that shares nothing with the example: a fault in the
// example's parser must not hide itself. It reads the syntax that example.zone uses, not all of RFC 1035.
import { readFileSync } from 'node:fs'

/**
 * Expected data of one name: type to one text for each record, sorted. The texts have the form of `describe` in check.mjs.
 *
 * @typedef {Map<string, string[]>} Expected
 */

const TYPES = new Set(['A', 'AAAA', 'MX', 'TXT', 'CNAME', 'SRV', 'NS', 'SOA'])
const UNIT_S = /** @type {Record<string, number>} */ ({ s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 })

/** @param {string} address @returns {string} the one spelling of RFC 5952 */
export const canonicalV6 = (address) => new URL(`http://[${address}]`).hostname.slice(1, -1)

/** @param {string} text */
const seconds = (text) => parseInt(text, 10) * (UNIT_S[text.slice(-1)] ?? 1)

/** @param {string} quoted */
const unquote = (quoted) => quoted.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1')

/**
 * @param {string} text
 * @returns {string[][]} the words of each record, joined over parentheses; an owner that is left out is ''
 */
function recordsOf(text) {
  /** @type {string[][]} */
  const records = []
  let open = false
  for (const line of text.split('\n')) {
    const words = line.match(/"(?:\\.|[^"\\])*"|;.*|[()]|[^\s;()"]+/g) ?? []
    const kept = words.filter((word) => !word.startsWith(';'))
    if (kept.length === 0) continue
    if (!open) records.push(/^\s/.test(line) ? [''] : [])
    records[records.length - 1].push(...kept.filter((word) => word !== '(' && word !== ')'))
    if (kept.includes('(')) open = true
    if (kept.includes(')')) open = false
  }
  return records
}

/**
 * @param {string} type
 * @param {string[]} data
 * @param {(name: string) => string} absolute
 * @returns {string}
 */
function textOf(type, data, absolute) {
  if (type === 'A') return data[0]
  if (type === 'AAAA') return canonicalV6(data[0])
  if (type === 'TXT') return JSON.stringify(data.map(unquote))
  if (type === 'SOA') return [...data.slice(0, 2).map(absolute), data[2], ...data.slice(3).map(seconds)].join(' ')
  return [...data.slice(0, -1), absolute(data[data.length - 1])].join(' ')
}

/**
 * @param {string} file of the zone
 * @returns {Map<string, Expected>} names without the trailing dot, in the order of the file; what is delegated is left out
 */
export function readExpected(file) {
  let origin = ''
  let owner = ''
  /** @param {string} name */
  const absolute = (name) => (name === '@' ? origin : name.endsWith('.') ? name.slice(0, -1) : `${name}.${origin}`)
  /** @type {Map<string, Expected>} */
  const zone = new Map()
  for (const [first, ...words] of recordsOf(readFileSync(file, 'utf8'))) {
    if (first === '$ORIGIN') origin = absolute(words[0])
    if (first.startsWith('$')) continue
    if (first !== '') owner = absolute(first)
    const at = words.findIndex((word) => TYPES.has(word))
    const types = zone.get(owner) ?? new Map()
    zone.set(owner, types)
    types.set(words[at], [...(types.get(words[at]) ?? []), textOf(words[at], words.slice(at + 1), absolute)].sort())
  }
  const cuts = [...zone].filter(([, types]) => types.has('NS') && !types.has('SOA')).map(([name]) => name)
  for (const name of zone.keys()) if (cuts.some((cut) => name === cut || name.endsWith(`.${cut}`))) zone.delete(name)
  return zone
}

/**
 * @param {Map<string, Expected>} zone
 * @param {string} name
 * @returns {string[] | undefined} the addresses that a question for A finds, aliases inside the zone followed
 */
export function addressesOf(zone, name) {
  const types = zone.get(name)
  const alias = types?.get('CNAME')?.[0]
  return alias === undefined ? types?.get('A') : addressesOf(zone, alias)
}

/**
 * @param {Map<string, Expected>} zone
 * @param {number} count
 * @returns {Map<string, Expected>} that many names, those with most records first, so that every type and the large answers are in
 */
export function chooseNames(zone, count) {
  /** @param {Expected} types */
  const records = (types) => [...types.values()].reduce((sum, values) => sum + values.length, 0)
  return new Map([...zone].sort(([, a], [, b]) => records(b) - records(a)).slice(0, count))
}
