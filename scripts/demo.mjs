// @ts-check
// npm run demo: the DNS server of examples/dns-server, asked by a real client, then under load beside node's own sockets.
//   node scripts/demo.mjs [--server SCRIPT] [--no-load]
// --server checks another server that has the command line of examples/dns-server/main.mjs; --no-load only checks.
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, release, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { buildLoadGenerator, buildPackage } from './demo/build.mjs'
import { checkServer } from './demo/check.mjs'
import { startChildServer } from './demo/child-server.mjs'
import { chooseNames, readExpected } from './demo/expected.mjs'
import { alternate, writeQueries } from './demo/load.mjs'
import { formatTable, startProgress } from './demo/report.mjs'
import { root } from './lib/project.mjs'

/** @typedef {Map<string, import('./demo/expected.mjs').Expected>} Names */

const NAMES = 2000
const ROUNDS = 3
const TYPES = 8
const SHOWN_MISMATCHES = 20
const ZONE = path.join(root, 'examples/dns-server/example.zone')
const NODE_SERVER = path.join(root, 'scripts/demo/node-server.mjs')
const EXAMPLE = path.join(root, 'examples/dns-server/main.mjs')

/**
 * @param {string} script
 * @param {boolean} precompiled
 */
const start = (script, precompiled) =>
  startChildServer(script, ['--zone', ZONE, '--port', '0', ...(precompiled ? ['--precompiled'] : [])])

/**
 * @param {string} script
 * @param {Names} zone
 * @param {Names} names
 * @returns {Promise<number>} names with right answers
 */
async function check(script, zone, names) {
  const server = await start(script, false)
  const progress = startProgress(`asking ${names.size} names through c-ares`, names.size)
  try {
    const { right, questions, mismatches } = await checkServer(server.port, zone, names.keys(), progress.step)
    progress.stop()
    console.log(`asked: ${[...questions].map(([type, count]) => `${type} ${count}`).join(', ')}`)
    for (const mismatch of mismatches.slice(0, SHOWN_MISMATCHES)) console.log(`WRONG ${mismatch}`)
    if (mismatches.length > 0 || questions.size !== TYPES) process.exitCode = 1
    return right
  } finally {
    progress.stop()
    await server.stop()
  }
}

/**
 * @param {string} script
 * @param {Names} names
 */
async function load(script, names) {
  const name = path.resolve(script) === EXAMPLE ? 'netvolley' : path.basename(script)
  const kinds = [false, true].flatMap((precompiled) => [
    { server: name, handler: precompiled ? 'precompiled' : 'dns-packet', script, precompiled },
    { server: 'node', handler: precompiled ? 'precompiled' : 'dns-packet', script: NODE_SERVER, precompiled },
  ])
  const folder = mkdtempSync(path.join(tmpdir(), 'netvolley-demo-'))
  const queryFile = path.join(folder, 'queries')
  /** @type {import('./demo/child-server.mjs').ChildServer[]} */
  const servers = []
  const progress = startProgress(`loading ${kinds.length} servers in turn`, kinds.length * ROUNDS)
  try {
    writeQueries(queryFile, names)
    for (const kind of kinds) servers.push(await start(kind.script, kind.precompiled))
    const results = await alternate(servers, queryFile, ROUNDS, progress.step)
    progress.stop()
    // Each server stands before node's with the same handler.
    const rows = kinds.map((kind, index) => ({ ...kind, results: results[index], baseline: results[index | 1] }))
    console.log(
      `UDP on loopback, 64 outstanding, ${ROUNDS} alternated rounds; node ${process.version}, kernel`,
      release(),
      `${availableParallelism()} CPUs`,
    )
    console.log(formatTable(rows))
  } finally {
    progress.stop()
    await Promise.all(servers.map((server) => server.stop()))
    rmSync(folder, { recursive: true })
  }
}

const { values } = parseArgs({
  options: { server: { type: 'string', default: EXAMPLE }, 'no-load': { type: 'boolean', default: false } },
})
const zone = readExpected(ZONE)
const names = chooseNames(zone, NAMES)
if (path.resolve(values.server) === EXAMPLE) await buildPackage()
if (!values['no-load']) await buildLoadGenerator()
const right = await check(values.server, zone, names)
if (!values['no-load']) await load(values.server, names)
if (right !== NAMES) process.exitCode = 1
console.log(`${right} of ${NAMES} checked`)
