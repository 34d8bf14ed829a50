// @ts-check
// node scripts/break-rows.mjs [GROUP] [--row ROW]...: breaks the line that implements a row, in a copy of the repository,
// and runs the test that is named for it: it must fail, and pass again when the line is back. Prints a Markdown table;
// last line `N passed, N failed`. BREAK_SEED draws the rows (default: the seconds since midnight), BREAK_COUNT says how
// many (default 5); --row names them instead. --check only looks whether every line and every test is there.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { GROUPS, isInGroup } from './lib/features.mjs'
import { breakLine, draw, readMutations } from './lib/mutations.mjs'
import { filesBelow, root, takeOption } from './lib/project.mjs'
import { run } from './lib/run.mjs'

const copy = path.join(root, 'build-broken')
const { values: wanted, rest } = takeOption(process.argv.slice(2), '--row')
const groups = rest.filter((word) => word !== '--check')
const seed = Number(process.env.BREAK_SEED ?? Math.floor(Date.now() / 1000) % 86400)
const count = Number(process.env.BREAK_COUNT ?? 5)
const unknown = groups.find((group) => !Object.hasOwn(GROUPS, group))
if (unknown || !Number.isInteger(seed) || !Number.isInteger(count)) {
  console.error(`break-rows: groups are ${Object.keys(GROUPS).join(', ')}; BREAK_SEED and BREAK_COUNT are integers`)
  process.exit(2)
}

/** Only what has changed is written, and what has gone is taken away: the builds of the copy stay what they are. */
function refreshCopy() {
  const files = new Set(filesBelow(root, '.'))
  mkdirSync(copy, { recursive: true })
  for (const file of filesBelow(copy, '.')) if (!files.has(file)) rmSync(path.join(copy, file))
  for (const file of files) {
    const [from, to] = [path.join(root, file), path.join(copy, file)]
    if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) continue
    mkdirSync(path.dirname(to), { recursive: true })
    copyFileSync(from, to)
  }
  const modules = path.join(copy, 'node_modules')
  if (!existsSync(modules)) symlinkSync(path.join(root, 'node_modules'), modules)
}

/** @param {string} command @param {string[]} args */
const inCopy = (command, ...args) => run(command, args, { cwd: copy, quiet: true })

/**
 * Builds what a test needs, and runs it.
 *
 * @param {import('./lib/mutations.mjs').Mutation} mutation
 * @returns {Promise<{ built: boolean, passed: boolean, output: string }>}
 */
async function verdict({ test }) {
  if (test.kind === 'ctest') {
    const built = await inCopy(process.execPath, 'scripts/native-build.mjs', 'debug', test.name)
    if (built.code !== 0) return { built: false, passed: false, output: built.output }
    const { code, output } = await inCopy('timeout', '300', `build-debug/bin/${test.name}`)
    return { built: true, passed: code === 0, output }
  }
  const addon = await inCopy(process.execPath, 'scripts/test.mjs', '--only', 'addon,lib')
  if (addon.code !== 0) return { built: false, passed: false, output: addon.output }
  const title = test.title.replace(/[[\]()*+?.^$|\\]/g, '\\$&')
  const { code, output } = await inCopy('timeout', '300', 'node_modules/.bin/jest', '--ci', test.file, '-t', title)
  // A title that no test has would pass without a test.
  return { built: true, passed: code === 0 && / [1-9]\d* passed/.test(output), output }
}

if (rest.includes('--check')) {
  const mutations = readMutations(root)
  for (const mutation of mutations) {
    const { row, test } = mutation
    breakLine(root, mutation)
    const file = test.kind === 'ctest' ? `native/test/${test.name}.cc` : test.file
    if (!existsSync(path.join(root, file))) throw new Error(`${mutation.from}: ${row}: there is no ${file}`)
  }
  console.log(`break-rows: ${String(mutations.length)} lines to break stand where they should`)
  process.exit(0)
}

refreshCopy()
const all = readMutations(root).filter(({ row }) => groups.length === 0 || groups.some((g) => isInGroup(row, g)))
const drawn = wanted.length > 0 ? all.filter(({ row }) => wanted.includes(row)) : draw(all, count, seed)
console.log(
  `break-rows: BREAK_SEED=${String(seed)}: ${drawn.map(({ row }) => row).join(', ')} of ${all.length} mutations`,
)
const total = { passed: 0, failed: 0 }
/** @type {string[]} */
const table = ['| Row | Line broken | Test | Broken | Whole |', '|---|---|---|---|---|']
for (const mutation of drawn) {
  const { row, file, find, test } = mutation
  const name = test.kind === 'ctest' ? test.name : `${test.file}: ${test.title}`
  const place = path.join(copy, file)
  const whole = readFileSync(place, 'utf8')
  writeFileSync(place, breakLine(copy, mutation))
  const broken = await verdict(mutation)
  writeFileSync(place, whole)
  const again = await verdict(mutation)
  const isGood = broken.built && !broken.passed && again.passed
  total[isGood ? 'passed' : 'failed']++
  const result = !broken.built ? 'does not build' : broken.passed ? 'PASSES' : 'fails'
  const line = find.trim().split('\n')[0].replaceAll('|', '\\|')
  table.push(`| ${row} | \`${file}\`: \`${line}\` | ${name} | ${result} | ${again.passed ? 'passes' : 'FAILS'} |`)
  console.log(table.at(-1))
  if (!isGood) console.log((again.passed ? broken : again).output.split('\n').slice(-40).join('\n'))
}
console.log(`\n${table.join('\n')}\n\n${String(total.passed)} passed, ${String(total.failed)} failed`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
