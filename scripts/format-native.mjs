// @ts-check
// node scripts/format-native.mjs [--check]: clang-format over the C++ of native/ and bench/native/.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { filesBelow, isCpp, root } from './lib/project.mjs'
import { run } from './lib/run.mjs'

/**
 * The binary of the npm package `clang-format`, so that everyone formats alike; the system's where that one does not run.
 *
 * @returns {Promise<string | undefined>}
 */
async function findClangFormat() {
  const packaged = path.join(root, `node_modules/clang-format/bin/${process.platform}_${process.arch}/clang-format`)
  for (const candidate of [packaged, 'clang-format']) {
    if (candidate === packaged && !existsSync(packaged)) continue
    if ((await run(candidate, ['--version'], { quiet: true })).code === 0) return candidate
  }
  return undefined
}

const check = process.argv.includes('--check')
const files = ['native', 'bench/native'].flatMap((folder) => filesBelow(root, folder, isCpp))
const clangFormat = await findClangFormat()
if (!clangFormat) {
  console.error('format-native: no clang-format runs here; npm ci brings one, Debian has it as clang-format')
  process.exitCode = 1
} else if (files.length > 0) {
  const { code, output } = await run(clangFormat, [...(check ? ['--dry-run', '--Werror'] : ['-i']), ...files], {
    quiet: check,
  })
  // One line for each place instead of the three that clang-format prints.
  const places = [...output.matchAll(/^(\S+?:\d+):\d+: error/gm)].map((match) => match[1])
  for (const place of new Set(places)) console.log(`${place}: npm run format would change this`)
  if (check && code !== 0 && places.length === 0) console.error(output)
  console.log(`format-native: ${files.length} files ${check ? 'checked' : 'formatted'}`)
  process.exitCode = code
}
