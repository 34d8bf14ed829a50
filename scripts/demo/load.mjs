// @ts-check
import { writeFileSync } from 'node:fs'
import dnsPacket from 'dns-packet'
import { run } from '../lib/run.mjs'
import { LOAD_GENERATOR } from './build.mjs'

/**
 * What the load generator prints; a rate counts answers that came back and were right.
 *
 * @typedef {object} LoadResult
 * @property {number} answered
 * @property {number} rate answers per second
 * @property {number} lost
 * @property {number} bad
 * @property {number} p50Us
 * @property {number} p99Us
 */

/** Outstanding queries; a resolver under load keeps about as many. */
const OUTSTANDING = 64
/** Of each turn. The first turn of a server warms it up too, hence the longer one. */
const MEASURE_S = 1
const WARMUP_S = 0.4

/** @param {number[]} numbers @returns {number} */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * @param {string} file to write: one query for each type of each name, without the answers that UDP cannot carry
 * @param {Map<string, import('./expected.mjs').Expected>} names
 */
export function writeQueries(file, names) {
  const queries = [...names].flatMap(([name, types]) =>
    [...types]
      .filter(([, values]) => values.join('').length < 300)
      .map(([type]) => {
        const question = { name, type: /** @type {import('dns-packet').RecordType} */ (type) }
        return dnsPacket.streamEncode({ type: 'query', questions: [question] })
      }),
  )
  writeFileSync(file, Buffer.concat(queries))
}

/**
 * @param {number} port on 127.0.0.1
 * @param {string} queryFile
 * @returns {Promise<LoadResult>}
 */
export async function measure(port, queryFile) {
  const counts = ['--outstanding', OUTSTANDING, '--warmup', WARMUP_S, '--seconds', MEASURE_S].map(String)
  const args = ['udp-dns', '--port', String(port), '--queries', queryFile, ...counts, '--json']
  const { code, output } = await run(LOAD_GENERATOR, args, { quiet: true })
  if (code !== 0) throw new Error(`netvolley_load ended with ${code}:\n${output}`)
  return JSON.parse(output)
}

/**
 * Loads the servers in turn, so that a slow second of the machine hits all of them.
 *
 * @param {ReadonlyArray<{ port: number }>} servers
 * @param {string} queryFile
 * @param {number} rounds
 * @param {() => void} onTurn
 * @returns {Promise<LoadResult[][]>} results of each server, one for each round
 */
export async function alternate(servers, queryFile, rounds, onTurn) {
  /** @type {LoadResult[][]} */
  const results = servers.map(() => [])
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { port }] of servers.entries()) {
      results[index].push(await measure(port, queryFile))
      onTurn()
    }
  }
  return results
}
