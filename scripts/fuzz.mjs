// @ts-check
// node scripts/fuzz.mjs: the fuzz driver on the frame decoder, under AddressSanitizer and UndefinedBehaviorSanitizer,
// for FUZZ_SECONDS (60); then on a decoder with a planted off-by-one, which it has to find in the same time.
import path from 'node:path'
import { buildFolder, buildPreset } from './lib/native-presets.mjs'
import { run } from './lib/run.mjs'
import { SANITIZER_ENV } from './lib/sanitizer-run.mjs'

const PRESET = 'asan'
const TARGET = 'fuzz_decoder'
const SUMMARY = /(\d+) executions in ([\d.]+) s, corpus of (\d+) inputs/
const FOUND = /at execution (\d+), corpus of (\d+) inputs/
const seconds = process.env.FUZZ_SECONDS ?? '60'

/**
 * Builds the target and runs it.
 *
 * @param {string} [plant] name of a planted fault
 * @returns {Promise<{ code: number, output: string } | undefined>} undefined where it does not build
 */
async function fuzz(plant) {
  if ((await buildPreset(PRESET, { targets: [TARGET], plant })) !== 0) return undefined
  const program = path.join(buildFolder(PRESET, plant), 'bin', TARGET)
  return run(program, [], { env: { ...SANITIZER_ENV, FUZZ_SECONDS: seconds } })
}

async function main() {
  const sound = await fuzz()
  const planted = sound && (await fuzz('DECODER'))
  if (!sound || !planted) {
    console.error('fuzz: the target does not build')
    return 1
  }
  const summary = SUMMARY.exec(sound.output)
  const isClean = sound.code === 0 && summary !== null
  console.log(
    isClean
      ? `fuzz: decoder: ${summary[1]} executions in ${summary[2]} s, corpus of ${summary[3]} inputs, nothing found`
      : 'fuzz: decoder: FAILED, see above',
  )
  const found = FOUND.exec(planted.output)
  // A program that could not be started fails too, but finds nothing.
  const isFound = planted.code !== 0 && found !== null
  console.log(
    isFound
      ? `fuzz: planted off-by-one: found at execution ${found[1]}, corpus of ${found[2]} inputs`
      : 'fuzz: planted off-by-one: FAILED, it was not found',
  )
  return isClean && isFound ? 0 : 1
}

process.exitCode = await main()
