// @ts-check
// node scripts/tidy.mjs [--root FOLDER]: import arrows, ban list, file and function length; exit code 1 on any violation.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { filesBelow, isCpp, isScript, root, takeOption } from './lib/project.mjs'
import { findFunctions } from './lib/cpp-functions.mjs'
import { parseCpp } from './lib/cpp-source.mjs'
import { findImports, findScriptFunctions, parseScript } from './lib/script-source.mjs'
import { checkCppArrows, checkScriptArrows } from './lib/tidy-arrows.mjs'
import { checkAmbient, checkCppBans, checkLeftovers, checkNarrowedTests } from './lib/tidy-bans.mjs'

/** @typedef {import('./lib/tidy-arrows.mjs').Violation} Violation */

const FOLDERS = ['lib', 'native', 'bench', 'scripts', 'examples', 'test']
const MAX_FILE_LINES = 400
const MAX_TEST_FILE_LINES = 600
const MAX_FUNCTION_LINES = 69

/** @param {string} file @param {string} text @returns {Violation[]} */
function checkFileLength(file, text) {
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  const limit = /^(native\/)?test\//.test(file) ? MAX_TEST_FILE_LINES : MAX_FILE_LINES
  if (lines <= limit) return []
  return [{ file, line: lines, rule: 'file-length', text: `${lines} lines, at most ${limit}` }]
}

/** @param {string} file @param {readonly { name: string, line: number, endLine: number }[]} functions @returns {Violation[]} */
function checkFunctionLengths(file, functions) {
  return functions.flatMap(({ name, line, endLine }) => {
    const lines = endLine - line + 1
    if (lines <= MAX_FUNCTION_LINES) return []
    return [{ file, line, rule: 'function-length', text: `${name} has ${lines} lines, at most ${MAX_FUNCTION_LINES}` }]
  })
}

/** @param {string} base @param {string} file @returns {Violation[]} */
function checkFile(base, file) {
  const text = readFileSync(path.join(base, file), 'utf8')
  const violations = [...checkFileLength(file, text), ...checkLeftovers(file, text)]
  if (isCpp(file)) {
    const source = parseCpp(text)
    const functions = findFunctions(source.code)
    violations.push(...checkFunctionLengths(file, functions), ...checkCppBans(file, source, functions))
    violations.push(...checkCppArrows(file, source.directives, (name) => existsSync(path.join(base, name))))
    return violations
  }
  const source = parseScript(file, text)
  const imports = findImports(source)
  violations.push(...checkFunctionLengths(file, findScriptFunctions(source)), ...checkScriptArrows(file, imports))
  violations.push(...checkAmbient(file, source, imports), ...checkNarrowedTests(file, text))
  return violations
}

const { values } = takeOption(process.argv.slice(2), '--root')
const base = path.resolve(values.at(-1) ?? root)
const files = FOLDERS.flatMap((folder) => filesBelow(base, folder, (file) => isCpp(file) || isScript(file)))
const violations = files.flatMap((file) => checkFile(base, file))
for (const { file, line, rule, text } of violations) console.log(`${file}:${line}: ${rule}: ${text}`)
console.log(`tidy: ${files.length} files, ${violations.length} violations`)
process.exitCode = violations.length > 0 ? 1 : 0
