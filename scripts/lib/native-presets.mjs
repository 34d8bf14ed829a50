// @ts-check
// The CMake builds of the native core: which there are, and how one is configured and built.
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { root } from './project.mjs'
import { run } from './run.mjs'

/** @type {Record<string, { type: string, sanitize: string }>} */
export const PRESETS = {
  release: { type: 'Release', sanitize: '' },
  debug: { type: 'Debug', sanitize: '' },
  // Sanitized code is optimised a little, or the model tests and the fuzz driver would crawl.
  asan: { type: 'RelWithDebInfo', sanitize: 'address,undefined' },
  tsan: { type: 'RelWithDebInfo', sanitize: 'thread' },
}

/** @param {string} preset @param {string} [plant] name of a planted fault, built in a folder of its own */
export const buildFolder = (preset, plant) => path.join(root, `build-${preset}${plant ? `-${plant}` : ''}`)

/**
 * Configures and builds; programs land in `<build folder>/bin`.
 *
 * @param {string} preset
 * @param {{ targets?: readonly string[], plant?: string }} [options] no target: all of them
 * @returns {Promise<number>} exit status
 */
export async function buildPreset(preset, { targets = [], plant } = {}) {
  if (!Object.hasOwn(PRESETS, preset)) {
    throw new Error(`'${preset}' is no preset; there are ${Object.keys(PRESETS).join(', ')}`)
  }
  const { type, sanitize } = PRESETS[preset]
  const folder = buildFolder(preset, plant)
  const configured = await run('cmake', [
    ...['-S', root, '-B', folder, '-G', 'Unix Makefiles'],
    `-DCMAKE_BUILD_TYPE=${type}`,
    `-DNETVOLLEY_SANITIZE=${sanitize}`,
    `-DNETVOLLEY_PLANT=${plant ?? ''}`,
  ])
  if (configured.code !== 0) return configured.code
  const wanted = targets.length > 0 ? ['--target', ...targets] : []
  const built = await run('cmake', ['--build', folder, '--parallel', String(availableParallelism()), ...wanted])
  return built.code
}
