// @ts-check
// node scripts/native-test.mjs [--build debug|asan|tsan|release]... [-- CTEST ARGUMENTS]: builds and runs the native
// tests; last line `N passed, N failed`. Default build: debug.
import { runCtest } from './lib/ctest.mjs'
import { buildFolder, buildPreset } from './lib/native-presets.mjs'
import { takeOption } from './lib/project.mjs'
import { tsanPrefix } from './lib/sanitizer-run.mjs'

const { values, rest } = takeOption(process.argv.slice(2), '--build')
const args = rest.filter((arg) => arg !== '--')
const total = { passed: 0, failed: 0 }
for (const preset of values.length > 0 ? values : ['debug']) {
  console.log(`native-test: ${preset}`)
  const built = (await buildPreset(preset)) === 0
  const prefix = built && preset === 'tsan' ? await tsanPrefix() : []
  const { passed, failed } = built ? await runCtest(buildFolder(preset), { prefix, args }) : { passed: 0, failed: 1 }
  const how = prefix.length > 0 ? ` (under ${prefix.join(' ')})` : ''
  console.log(`native-test: ${preset}${how}: ${built ? `${passed} passed, ${failed} failed` : 'does not build'}`)
  total.passed += passed
  total.failed += failed
}
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 ? 1 : 0
