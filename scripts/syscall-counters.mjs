// @ts-check
// Compares the engine's own counters with what strace counts, over a short UDP load with 64 requests outstanding, and prints
// how many calls an answer costs. Exit status 1 where they differ by more than 5 % or an answer costs more than 0.2 calls.
//   node scripts/syscall-counters.mjs [--drive inline|thread]
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { LOAD_GENERATOR, buildPackage } from './demo/build.mjs'
import { root, takeOption } from './lib/project.mjs'
import { run, runScript } from './lib/run.mjs'

const SECONDS = process.env.SYSCALL_SECONDS ?? '2'
const OUTSTANDING = '64'
const TOLERANCE = 0.05
const MOST_CALLS = 0.2

/** Our name of a counter -> the system call that it counts. libuv itself uses epoll_pwait, so epoll_wait is ours alone. */
const CALLS = /** @type {const} */ ({ pollCalls: 'epoll_wait', receiveCalls: 'recvmmsg', sendCalls: 'sendmmsg' })

const SERVER = `
import { RequestServer } from 'netvolley'
const server = new RequestServer({
  framing: { kind: 'lengthPrefixed', bytes: 2 }, transports: { tcp: false }, drive: process.argv[1],
  handler: (request) => request.body,
})
const { udp } = await server.listen({ host: '127.0.0.1' })
console.log('PORT ' + udp.port)
process.stdin.on('end', async () => {
  const stats = server.stats()
  console.log(JSON.stringify({ ...stats.engine, answers: stats.requests.replied, sent: stats.udp.datagramsOut }))
  await server.close({ graceMs: 0 })
}).resume()
`

/** @param {string} drive @param {string[]} prefix command that runs node, or none */
async function measure(drive, prefix) {
  const command = [...prefix, process.execPath, '--input-type=module', '-e', SERVER, drive]
  const server = spawn(command[0], command.slice(1), { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] })
  let output = ''
  server.stdout.setEncoding('utf8').on('data', (text) => (output += text))
  const ended = new Promise((resolve) => server.once('close', resolve))
  while (!output.includes('PORT ')) await Promise.race([new Promise((r) => server.stdout.once('data', r)), ended])
  const port = /PORT (\d+)/.exec(output)?.[1] ?? ''
  const load = [
    'udp-echo',
    '--port',
    port,
    '--outstanding',
    OUTSTANDING,
    '--body',
    '64',
    '--seconds',
    SECONDS,
    '--json',
  ]
  const result = await run(LOAD_GENERATOR, load, { quiet: true })
  server.stdin.end()
  await ended
  if (result.code !== 0) throw new Error(`the load generator failed:\n${result.output}`)
  return /** @type {Record<string, number>} */ (JSON.parse(output.trim().split('\n').at(-1) ?? ''))
}

/** @param {string} text of strace -c @param {string} name */
function straceCount(text, name) {
  const line = text.split('\n').find((one) => one.trim().split(/\s+/).at(-1) === name)
  return Number(line?.trim().split(/\s+/)[3] ?? 0)
}

/** @param {string} drive */
async function check(drive) {
  const free = await measure(drive, [])
  const calls = free.pollCalls + free.receiveCalls + free.sendCalls + free.wakeCalls
  const each = calls / free.answers
  console.log(
    `${drive}: (poll ${free.pollCalls} + receive ${free.receiveCalls} + send ${free.sendCalls} + wake ${free.wakeCalls})` +
      ` / ${free.answers} answers = ${each.toFixed(4)} (at most ${MOST_CALLS}); bells ${free.bellCalls}`,
  )
  let good = each <= MOST_CALLS && free.answers > 0
  if (spawnSync('strace', ['-V'], { stdio: 'ignore' }).status !== 0) {
    console.log(`${drive}: left out: strace is not installed`)
    return good
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'netvolley-strace-'))
  const file = path.join(folder, 'calls')
  const traced = await measure(drive, [
    'strace',
    '-c',
    '-f',
    '-o',
    file,
    '-e',
    `trace=${Object.values(CALLS).join(',')}`,
  ])
  const text = readFileSync(file, 'utf8')
  rmSync(folder, { recursive: true })
  for (const [counter, call] of Object.entries(CALLS)) {
    const seen = straceCount(text, call)
    const difference = Math.abs(traced[counter] - seen) / Math.max(seen, 1)
    console.log(
      `${drive} under strace: ${counter} ${traced[counter]}, strace ${call} ${seen}: ${(difference * 100).toFixed(2)} % apart`,
    )
    good &&= seen > 0 && difference <= TOLERANCE
  }
  return good
}

const drives = takeOption(process.argv.slice(2), '--drive').values
await buildPackage()
const built = await runScript('scripts/native-build.mjs', ['release', 'netvolley_load'], { quiet: true })
if (built.code !== 0) throw new Error(built.output)
let good = true
for (const drive of drives.length > 0 ? drives : ['inline', 'thread']) good = (await check(drive)) && good
process.exitCode = good ? 0 : 1
