// @ts-check
// test/mutations/*.json: for each row a line that implements it, how to break that line, and the test that must notice.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { filesBelow } from './project.mjs'

/**
 * @typedef {{ kind: 'ctest', name: string } | { kind: 'jest', file: string, title: string }} MutationTest
 * @typedef {{ row: string, file: string, find: string, replace: string, test: MutationTest, from: string }} Mutation
 *   `find` stands exactly once in `file`
 */

/**
 * @param {string} base the repository
 * @returns {Mutation[]}
 * @throws {Error} on an entry that is not one
 */
export function readMutations(base) {
  const files = filesBelow(base, 'test/mutations', (file) => file.endsWith('.json'))
  return files.flatMap((from) => {
    /** @type {unknown} */
    const entries = JSON.parse(readFileSync(path.join(base, from), 'utf8'))
    if (!Array.isArray(entries)) throw new Error(`${from}: an array of mutations is wanted`)
    return entries.map((entry) => checked({ ...entry, from }))
  })
}

/** @param {any} entry @returns {Mutation} */
function checked(entry) {
  const texts = [entry.row, entry.file, entry.find, entry.replace]
  const test = entry.test ?? {}
  const hasTest =
    (test.kind === 'ctest' && typeof test.name === 'string') ||
    (test.kind === 'jest' && typeof test.file === 'string' && typeof test.title === 'string')
  if (texts.some((text) => typeof text !== 'string') || entry.find === entry.replace || !hasTest) {
    throw new Error(`${entry.from}: not a mutation: ${JSON.stringify(entry)}`)
  }
  return entry
}

/**
 * @param {string} base the repository
 * @param {Mutation} mutation
 * @returns {string} the file's text with the line broken
 * @throws {Error} where `find` does not stand there exactly once
 */
export function breakLine(base, { row, file, find, replace, from }) {
  const text = readFileSync(path.join(base, file), 'utf8')
  const times = text.split(find).length - 1
  if (times !== 1) throw new Error(`${from}: ${row}: what it looks for stands ${String(times)} times in ${file}`)
  return text.replace(find, () => replace)
}

/**
 * Mulberry32: small, and the same everywhere.
 *
 * @param {number} seed
 * @returns {() => number} from 0 to 1, without 1
 */
export function seeded(seed) {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * @param {readonly Mutation[]} mutations
 * @param {number} count
 * @param {number} seed
 * @returns {Mutation[]} of `count` different rows
 */
export function draw(mutations, count, seed) {
  const random = seeded(seed)
  const rows = [...new Set(mutations.map(({ row }) => row))]
  const drawn = []
  while (rows.length > 0 && drawn.length < count) {
    const [row] = rows.splice(Math.floor(random() * rows.length), 1)
    const of = mutations.filter((mutation) => mutation.row === row)
    drawn.push(of[Math.floor(random() * of.length)])
  }
  return drawn
}
