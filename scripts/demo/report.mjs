// @ts-check
import cliProgress from 'cli-progress'
import { median } from './load.mjs'

/**
 * A bar on a terminal; elsewhere one line at its beginning, so that logs stay readable.
 *
 * @param {string} title
 * @param {number} total
 * @returns {{ step: () => void, stop: () => void }}
 */
export function startProgress(title, total) {
  if (!process.stderr.isTTY) {
    console.error(`${title} ...`)
    return { step() {}, stop() {} }
  }
  const bar = new cliProgress.SingleBar({ format: `${title} [{bar}] {value}/{total}`, hideCursor: true })
  bar.start(total, 0)
  return { step: () => bar.increment(), stop: () => bar.stop() }
}

/**
 * @typedef {object} Row
 * @property {string} server
 * @property {string} handler
 * @property {import('./load.mjs').LoadResult[]} results one for each round
 * @property {import('./load.mjs').LoadResult[]} baseline of node with the same handler
 */

/**
 * @param {Row[]} rows
 * @returns {string} a table; medians over the rounds, losses as sums, the ratio as median (least - most) of the rounds
 */
export function formatTable(rows) {
  const lines = rows.map(({ server, handler, results, baseline }) => {
    const ratios = results.map(({ rate }, round) => rate / baseline[round].rate)
    const spread = `${Math.min(...ratios).toFixed(2)} - ${Math.max(...ratios).toFixed(2)}`
    return [
      server,
      handler,
      Math.round(median(results.map(({ rate }) => rate))).toLocaleString('en-US'),
      median(results.map(({ p50Us }) => p50Us)).toFixed(0),
      median(results.map(({ p99Us }) => p99Us)).toFixed(0),
      String(results.reduce((sum, { lost }) => sum + lost, 0)),
      results === baseline ? '1' : `${median(ratios).toFixed(2)} (${spread})`,
    ]
  })
  const head = ['server', 'handler', 'answered/s', 'p50 µs', 'p99 µs', 'lost', 'ratio to node']
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column].length)))
  const layOut = (/** @type {string[]} */ cells) =>
    cells.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ')
  return [layOut(head), ...lines.map(layOut)].join('\n')
}
