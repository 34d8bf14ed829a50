// @ts-check
// npm test: builds the addon and the library where they are out of date, then runs every check that needs no more than
// Node.js, a C++ compiler, make and cmake. Last line: `N passed, N failed`.
//   node scripts/test.mjs [--only STEP,STEP...] [-- JEST ARGUMENTS]
import { takeOption } from './lib/project.mjs'
import { STEPS } from './lib/test-steps.mjs'

const separator = process.argv.indexOf('--')
const ours = process.argv.slice(2, separator < 0 ? undefined : separator)
const extra = separator < 0 ? [] : process.argv.slice(separator + 1)
const { values, rest } = takeOption(ours, '--only')
const wanted = values.flatMap((value) => value.split(','))
const unknown = [...wanted.filter((name) => !Object.hasOwn(STEPS, name)), ...rest]
if (unknown.length > 0) {
  console.error(`test: unknown: ${unknown.join(', ')}; --only takes ${Object.keys(STEPS).join(', ')}`)
  process.exit(2)
}

const total = { passed: 0, failed: 0 }
/** @type {string[]} */
const summary = []
for (const [name, step] of Object.entries(STEPS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.log(`\n== ${name}`)
  const started = performance.now()
  const { passed, failed } = await step(extra)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  summary.push(
    `${name.padEnd(12)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed ${seconds} s`,
  )
  total.passed += passed
  total.failed += failed
}
console.log(`\n${summary.join('\n')}\n\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 ? 1 : 0
