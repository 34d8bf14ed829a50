// @ts-check
// npm run bench: builds what is missing (the native programs, the runner, the package) and runs the compiled runner.
//   npm run bench -- [TRIAL...] [--smoke] [--rounds N] [--seconds S] [--only A,B] [--json FILE] [--html FILE] [--require-goals]
// bench/README.md says what they mean; the exit status is the runner's.
import { spawn } from 'node:child_process'
import path from 'node:path'
import { buildPackage } from './demo/build.mjs'
import { buildFolder } from './lib/native-presets.mjs'
import { root, takeOption } from './lib/project.mjs'
import { runBin, runScript } from './lib/run.mjs'

const PROGRAMS = ['netvolley_load', 'netvolley_epoll_server', 'netvolley_flow']

/**
 * @param {string} what
 * @param {Promise<import('./lib/run.mjs').RunResult>} result
 */
async function mustSucceed(what, result) {
  const { code, output } = await result
  if (code !== 0) throw new Error(`${what} failed with ${code}:\n${output}`)
}

/** @param {readonly string[]} args the runner's; without a netvolley competitor the package is not needed */
async function build(args) {
  const only = takeOption([...args], '--only').values.at(-1)
  const native = runScript('scripts/native-build.mjs', ['release', ...PROGRAMS], { quiet: true })
  await mustSucceed('the build of the native programs', native)
  await mustSucceed('tsc -p bench', runBin('tsc', ['-p', 'bench/tsconfig.json'], { quiet: true }))
  if (only === undefined || /netvolley|nv/.test(only)) await buildPackage()
}

/**
 * The runner shares our standard streams, so that it can draw its progress bar.
 *
 * @param {readonly string[]} args
 * @returns {Promise<number>} exit status, 1 when a signal ended it
 */
function runRunner(args) {
  const runner = path.join(root, '.build/bench/runner/main.js')
  const programs = path.join(buildFolder('release'), 'bin')
  const child = spawn(process.execPath, [runner, ...args, '--programs', programs], { cwd: root, stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}

const args = process.argv.slice(2)
try {
  await build(args)
  process.exitCode = await runRunner(args)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.error('The competitors that need no build of the package can be measured alone: --only c-epoll,node-net')
  process.exitCode = 1
}
