// @ts-check
// npm run rows [-- GROUP]: the rows of docs/features.md with the tests that carry them. Fails on a core row that is
// built and has no test, and on a test title that names a row which does not exist.
import path from 'node:path'
import { GROUPS, findCarriers, isInGroup, readFeatures } from './lib/features.mjs'
import { root, takeOption } from './lib/project.mjs'

const { values, rest } = takeOption(process.argv.slice(2), '--root')
const base = path.resolve(values.at(-1) ?? root)
const unknown = rest.find((group) => !Object.hasOwn(GROUPS, group))
if (unknown) {
  console.error(`rows: '${unknown}' is no group; there are ${Object.keys(GROUPS).join(', ')}`)
  process.exit(2)
}

const features = readFeatures(base)
const { carriers } = findCarriers(base)
const shown = features.filter(({ row }) => rest.length === 0 || rest.some((group) => isInGroup(row, group)))
/** @type {string[]} */
const faults = []

console.log('| Row | Feature | Stage | Status | Tests |\n|---|---|---|---|---|')
for (const { row, feature, stage, status } of shown) {
  const places = [...new Set(carriers.filter((c) => c.row === row).map((c) => `${c.file}:${c.line}`))]
  console.log(`| ${row} | ${feature} | ${stage} | ${status} | ${places.join('<br>')} |`)
  if (stage === 'core' && status === 'built' && places.length === 0) {
    faults.push(`docs/features.md: ${row} (${feature}) is core and built, but no test carries [${row}]`)
  }
}
// A row that does not exist has no group, so it is reported whichever group is asked for.
const known = new Set(features.map(({ row }) => row))
for (const { row, file, line } of carriers) {
  if (!known.has(row)) faults.push(`${file}:${line}: [${row}] is not a row of docs/features.md`)
}

const built = shown.filter(({ status }) => status === 'built').length
const tested = shown.filter(({ row }) => carriers.some((carrier) => carrier.row === row)).length
console.log('')
for (const fault of faults) console.log(fault)
console.log(`rows: ${shown.length} rows, ${built} built, ${tested} with tests, ${faults.length} faults`)
process.exitCode = faults.length > 0 ? 1 : 0
