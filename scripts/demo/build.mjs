// @ts-check
import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { filesBelow, root } from '../lib/project.mjs'
import { run, runScript } from '../lib/run.mjs'

/** The load generator, made by `scripts/native-build.mjs release`. */
export const LOAD_GENERATOR = path.join(root, 'build-release/bin/netvolley_load')

/** @param {string} file relative to the project */
const modifiedMs = (file) => statSync(path.join(root, file)).mtimeMs

/**
 * @param {string} what
 * @param {Promise<import('../lib/run.mjs').RunResult>} result
 */
async function mustSucceed(what, result) {
  const { code, output } = await result
  if (code !== 0) throw new Error(`${what} failed with ${code}:\n${output}`)
}

/** Builds the addon and dist/ where they are missing, and dist/ where lib/ is newer. */
export async function buildPackage() {
  const addons = ['build/Release', 'prebuilds'].some(
    (folder) => existsSync(path.join(root, folder)) && hasAddon(folder),
  )
  if (!addons) {
    console.error('building the addon ...')
    await mustSucceed('npm run build:addon', run('npm', ['run', 'build:addon'], { quiet: true }))
  }
  const newest = Math.max(...filesBelow(root, 'lib').map(modifiedMs))
  if (!existsSync(path.join(root, 'dist/index.mjs')) || modifiedMs('dist/index.mjs') < newest) {
    console.error('building dist/ ...')
    await mustSucceed('npm run build:lib', run('npm', ['run', 'build:lib'], { quiet: true }))
  }
}

/** @param {string} folder */
function hasAddon(folder) {
  return filesBelow(path.join(root, folder), '.', (file) => file.endsWith('.node')).length > 0
}

/** Builds the native load generator where it is missing. */
export async function buildLoadGenerator() {
  if (existsSync(LOAD_GENERATOR)) return
  console.error('building the load generator ...')
  const build = runScript('scripts/native-build.mjs', ['release', 'netvolley_load'], { quiet: true })
  await mustSucceed('node scripts/native-build.mjs release', build)
}
