// @ts-check
// docs/features.md as data, and the tests that carry each of its rows.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseCpp } from './cpp-source.mjs'
import { filesBelow } from './project.mjs'
import { findTestTitles, parseScript } from './script-source.mjs'

/** @typedef {{ row: string, feature: string, stage: 'core' | 'beyond', status: 'built' | 'planned' }} Feature */
/** @typedef {{ row: string, file: string, line: number }} Carrier a test title that names a row */

/** @type {Record<string, (prefix: string, number: number) => boolean>} */
export const GROUPS = {
  udp: (prefix) => prefix === 'U',
  server: (prefix) => prefix === 'SV',
  raida: (prefix) => prefix === 'RA',
  // One table holds the seam and the simulator (sim) around the peers.
  peers: (prefix, number) => prefix === 'P' && number >= 11 && number <= 37,
  sim: (prefix, number) => prefix === 'P' && (number < 11 || number > 37),
  connections: (prefix) => prefix === 'C',
  balancing: (prefix) => prefix === 'B',
  secure: (prefix) => prefix === 'X',
}

/** @param {string} row @param {string} group */
export function isInGroup(row, group) {
  const [, prefix, number] = /^([A-Z]+)(\d+)$/.exec(row) ?? []
  return GROUPS[group](prefix, Number(number))
}

/**
 * @param {string} base the repository
 * @returns {Feature[]} in the order of the page
 * @throws {Error} on a table line that is no row, or a row that stands twice
 */
export function readFeatures(base) {
  const lines = readFileSync(path.join(base, 'docs/features.md'), 'utf8').split('\n')
  /** @type {Map<string, Feature>} */
  const features = new Map()
  for (const line of lines) {
    if (!line.startsWith('|') || /^\|\s*(Row\s*\||-)/.test(line)) continue
    const match = /^\|\s*([A-Z]+\d+)\s*\|\s*(.+?)\s*\|\s*(core|beyond)\s*\|\s*(built|planned)\s*\|$/.exec(line)
    if (!match) throw new Error(`docs/features.md: not a row: ${line}`)
    const [, row, feature, stage, status] = match
    if (features.has(row)) throw new Error(`docs/features.md: ${row} stands there twice`)
    features.set(row, /** @type {Feature} */ ({ row, feature, stage, status }))
  }
  return [...features.values()]
}

/** @param {string} title @returns {string[]} `[SV6]` and `[SV6, SV14]` name rows */
export const rowsOf = (title) =>
  [...title.matchAll(/\[([A-Z]{1,2}\d+(?:[, ]+[A-Z]{1,2}\d+)*)\]/g)].flatMap((match) => match[1].split(/[, ]+/))

/**
 * @param {string} base the repository
 * @returns {{ carriers: Carrier[], tests: number }} `tests`: titles of single tests, with or without a row
 */
export function findCarriers(base) {
  /** @type {Carrier[]} */
  const carriers = []
  let tests = 0
  for (const file of filesBelow(base, 'test', (name) => name.endsWith('.ts'))) {
    const source = parseScript(file, readFileSync(path.join(base, file), 'utf8'))
    for (const { line, title, group } of findTestTitles(source)) {
      if (!group) tests++
      for (const row of rowsOf(title)) carriers.push({ row, file, line })
    }
  }
  for (const file of filesBelow(base, 'native/test', (name) => name.endsWith('.cc'))) {
    for (const { line, text } of parseCpp(readFileSync(path.join(base, file), 'utf8')).strings) {
      for (const row of rowsOf(text)) carriers.push({ row, file, line })
    }
  }
  return { carriers, tests }
}
