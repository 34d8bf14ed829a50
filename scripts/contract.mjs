// @ts-check
// The contracts of RequestServer and UdpSocket in a bare node: the functions of test/contract, compiled, over dist/ and
// the addon. Prints a matrix of cases and subjects for each, then the failures. Last line: `N passed, N failed`.
//   node scripts/contract.mjs [PART OF A TITLE]
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import * as netvolley from 'netvolley'
import ts from 'typescript'
import { filesBelow, root } from './lib/project.mjs'

const LIMIT_MS = 30_000
const wanted = process.argv[2] ?? ''

/** @typedef {{ title: string, run: () => Promise<void> | void }} Case */
/** @typedef {{ name: string }} Subject */
/** @typedef {(kit: object, subject: any) => void} Contract */

/** @returns {string} the folder of the compiled test/ */
function compile() {
  const target = path.join(root, '.build/contract')
  rmSync(target, { recursive: true, force: true })
  const sources = filesBelow(root, 'test', (file) => /^test\/(contract|support)\/.*(?<!\.test)\.ts$/.test(file))
  for (const file of sources) {
    const { outputText } = ts.transpileModule(readFileSync(path.join(root, file), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true },
    })
    const to = path.join(target, file.replace(/^test\//, '').replace(/\.ts$/, '.js'))
    mkdirSync(path.dirname(to), { recursive: true })
    writeFileSync(to, outputText)
  }
  return target
}

/** @param {Promise<unknown>} promise @param {string} code @returns {Promise<any>} */
async function rejects(promise, code) {
  const error = await promise.then(
    () => assert.fail(`it resolved; expected a rejection with ${code}`),
    (reason) => reason,
  )
  assert.equal(error?.code, code, String(error))
  return error
}

/** @param {() => Promise<void> | void} run @returns {Promise<unknown>} what it failed with, or undefined */
async function outcome(run) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const limit = new Promise((_, reject) => {
    timer = setTimeout(reject, LIMIT_MS, new Error(`not done after ${String(LIMIT_MS)} ms`))
  })
  try {
    await Promise.race([(async () => run())(), limit])
    return undefined
  } catch (error) {
    return error ?? new Error('failed without a reason')
  } finally {
    clearTimeout(timer)
  }
}

/** @param {unknown} actual @param {unknown} expected */
function isDeepEqual(actual, expected) {
  try {
    assert.deepEqual(actual, expected)
    return true
  } catch {
    return false
  }
}

/** @param {Contract} contract @param {Subject} subject @returns {Case[]} */
function casesOf(contract, subject) {
  /** @type {Case[]} */
  const cases = []
  const kit = {
    test: (/** @type {string} */ title, /** @type {Case['run']} */ run) => void cases.push({ title, run }),
    equal: (/** @type {unknown} */ actual, /** @type {unknown} */ expected, /** @type {string | undefined} */ what) =>
      what === undefined || isDeepEqual(actual, expected)
        ? assert.deepEqual(actual, expected)
        : assert.fail(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`),
    rejects,
  }
  contract(kit, subject)
  return cases.filter(({ title }) => title.includes(wanted))
}

/** @param {string[]} names @param {Map<string, string[]>} matrix title -> one mark for each subject */
function print(names, matrix) {
  /** @param {readonly string[]} cells @param {string} title */
  const line = (cells, title) => `${cells.map((cell) => (cell || '-').padEnd(22)).join('')}${title}`
  console.log(`\n${line(names, '')}`)
  for (const [title, marks] of matrix) console.log(line(marks, title))
}

/** @type {string[]} */
const failures = []
const total = { passed: 0, failed: 0 }

/** @param {Contract} contract @param {Subject[]} subjects */
async function runAll(contract, subjects) {
  /** @type {Map<string, string[]>} */
  const matrix = new Map()
  for (const [column, subject] of subjects.entries()) {
    for (const { title, run } of casesOf(contract, subject)) {
      const error = await outcome(run)
      const marks = matrix.get(title) ?? subjects.map(() => '')
      marks[column] = error === undefined ? 'ok' : 'FAILED'
      matrix.set(title, marks)
      total[error === undefined ? 'passed' : 'failed']++
      if (error === undefined) continue
      failures.push(`${subject.name}: ${title}\n${error instanceof Error ? error.stack : String(error)}`)
    }
  }
  if (matrix.size > 0)
    print(
      subjects.map(({ name }) => name),
      matrix,
    )
}

const load = createRequire(path.join(compile(), 'contract/'))
const { requestServerContract } = load('./index.js')
const servers = ['inline', 'thread'].flatMap((drive) =>
  ['handler', 'batchHandler'].map((style) => ({ name: `${drive}, ${style}`, drive, style, ...netvolley })),
)
await runAll(requestServerContract, servers)
const { udpContract } = load('./udp/index.js')
const { udpSubjects } = load('./udp/subject.js')
await runAll(udpContract, udpSubjects(netvolley))

for (const failure of failures) console.log(`\n${failure}`)
console.log(`\n${total.passed} passed, ${total.failed} failed`)
// A case that failed may have left a socket open.
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0)
