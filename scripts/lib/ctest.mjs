// @ts-check
// Runs the native tests of one build folder.
import { availableParallelism } from 'node:os'
import { run } from './run.mjs'
import { SANITIZER_ENV } from './sanitizer-run.mjs'

/**
 * @param {string} folder a CMake build folder
 * @param {{ prefix?: readonly string[], args?: readonly string[] }} [options] `prefix` as from `tsanPrefix()`
 * @returns {Promise<{ passed: number, failed: number }>} no test at all counts as one failure
 */
export async function runCtest(folder, { prefix = [], args = [] } = {}) {
  const parallel = ['--parallel', String(availableParallelism())]
  const ctest = ['ctest', '--test-dir', folder, '--output-on-failure', '--no-tests=error', ...parallel, ...args]
  const [command, ...rest] = [...prefix, ...ctest]
  const { code, output } = await run(command, rest, { env: SANITIZER_ENV })
  const summary = /(\d+) tests? failed out of (\d+)/.exec(output)
  const failed = summary ? Number(summary[1]) : 1
  const passed = summary ? Number(summary[2]) - failed : 0
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed }
}
