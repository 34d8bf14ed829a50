// @ts-check
// The steps of `npm test`. Each returns how many of its checks passed and failed; a step that is one check counts one.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { runCtest } from './ctest.mjs'
import { buildFolder, buildPreset } from './native-presets.mjs'
import { filesBelow, root } from './project.mjs'
import { run, runBin, runScript } from './run.mjs'

/** @typedef {{ passed: number, failed: number }} Counts */
/** @typedef {(extra: readonly string[]) => Promise<Counts>} Step `extra`: arguments after `--`, for jest */

/** @param {{ code: number }} result @returns {Counts} */
const oneCheck = ({ code }) => (code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 })

/** @param {string} file relative @returns {number} 0 where it does not exist */
const modifiedMs = (file) => (existsSync(path.join(root, file)) ? statSync(path.join(root, file)).mtimeMs : 0)

function addonIsCurrent() {
  const addon = modifiedMs('build/Release/netvolley.node')
  const sources = filesBelow(root, 'native', (file) => !/^native\/(test|fuzz)\//.test(file))
  return addon > 0 && [...sources, 'binding.gyp'].every((file) => modifiedMs(file) <= addon)
}

/** @returns {Promise<Counts>} */
async function buildAddon() {
  if (addonIsCurrent()) {
    console.log('build/Release/netvolley.node is newer than its sources')
    return { passed: 1, failed: 0 }
  }
  // Through npx, so that npm's own settings (nodedir) reach node-gyp however this script was started.
  return oneCheck(await run('npx', ['--no-install', 'node-gyp', 'configure', 'build', '--jobs', '2']))
}

/** @returns {Promise<Counts>} */
async function typecheck() {
  /** @type {Counts} */
  const total = { passed: 0, failed: 0 }
  for (const project of ['tsconfig.json', 'tsconfig.scripts.json', 'bench/tsconfig.json']) {
    if (!existsSync(path.join(root, project))) continue
    const { passed, failed } = oneCheck(await runBin('tsc', ['--noEmit', '-p', path.join(root, project)]))
    total.passed += passed
    total.failed += failed
  }
  return total
}

/** @type {Step} */
async function jest(extra) {
  const report = path.join(root, '.build/jest-report.json')
  mkdirSync(path.dirname(report), { recursive: true })
  rmSync(report, { force: true })
  const { code } = await runBin('jest', ['--ci', '--json', `--outputFile=${report}`, ...extra])
  if (!existsSync(report)) return { passed: 0, failed: 1 }
  const result = JSON.parse(readFileSync(report, 'utf8'))
  const passed = result.numPassedTests
  // A file that does not load has no tests to fail, so it counts as one itself.
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed }
}

/** @returns {Promise<Counts>} */
async function nativeTests() {
  if ((await buildPreset('debug')) !== 0) return { passed: 0, failed: 1 }
  return runCtest(buildFolder('debug'))
}

/** @type {Record<string, Step>} in this order */
export const STEPS = {
  addon: buildAddon,
  lib: async () => oneCheck(await runScript('scripts/build-lib.mjs')),
  tidy: async () => oneCheck(await runScript('scripts/tidy.mjs')),
  eslint: async () => oneCheck(await runBin('eslint', ['.', '--max-warnings', '0'])),
  prettier: async () => oneCheck(await runBin('prettier', ['--check', '--log-level', 'warn', '.'])),
  'clang-format': async () => oneCheck(await runScript('scripts/format-native.mjs', ['--check'])),
  types: typecheck,
  ctest: nativeTests,
  jest,
}
