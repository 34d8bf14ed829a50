// @ts-check
// node scripts/native-build.mjs PRESET [TARGET...] [--plant FAULT]: the native core without Node, by CMake, into
// build-PRESET/ (build-PRESET-FAULT/ with a planted fault); programs are in its bin/.
import { PRESETS, buildPreset } from './lib/native-presets.mjs'
import { takeOption } from './lib/project.mjs'

const { values, rest } = takeOption(process.argv.slice(2), '--plant')
const [preset, ...targets] = rest
if (!preset || !Object.hasOwn(PRESETS, preset)) {
  console.error(`usage: native-build.mjs ${Object.keys(PRESETS).join('|')} [TARGET...] [--plant FAULT]`)
  process.exitCode = 2
} else {
  process.exitCode = await buildPreset(preset, { targets, plant: values.at(-1) })
}
