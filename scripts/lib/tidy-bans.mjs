// @ts-check
// Words and calls that must not be: ambient time, randomness and sockets in lib/, exceptions in the C++ core, leftovers.
import ts from 'typescript'
import { lineAt } from './cpp-source.mjs'

/** @typedef {import('./tidy-arrows.mjs').Violation} Violation */

const SEAM_FREE = /^lib\/(runtime|native|provider|cli)\/|^lib\/sim\/real\.ts$/
const AMBIENT_MEMBERS = new Set([
  'Date.now',
  'Math.random',
  'performance.now',
  'process.hrtime',
  'AbortSignal.timeout',
  'AbortSignal.any',
])
const AMBIENT_TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate'])
const AMBIENT_MODULE = /^(node:)?(net|dgram|dns|dns\/promises|timers|timers\/promises)$/
const GLOBAL_OBJECTS = new Set(['globalThis', 'global'])

/** A name that declares or selects something is not the global of that name. @param {ts.Identifier} node */
function isReference(node) {
  const parent = node.parent
  if (ts.isPropertyAccessExpression(parent)) {
    return parent.expression === node || GLOBAL_OBJECTS.has(parent.expression.getText())
  }
  if (ts.isBindingElement(parent)) return parent.initializer === node
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent) || ts.isQualifiedName(parent)) return false
  return !('name' in parent && parent.name === node) || ts.isShorthandPropertyAssignment(parent)
}

/** @param {ts.Node} node @returns {string | undefined} */
function ambientUse(node) {
  if (ts.isPropertyAccessExpression(node)) {
    const object = node.expression.getText().replace(/^(globalThis|global)\./, '')
    const member = `${object}.${node.name.text}`
    return AMBIENT_MEMBERS.has(member) ? member : undefined
  }
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) return 'new Date()'
  if (ts.isIdentifier(node) && AMBIENT_TIMERS.has(node.text) && isReference(node)) return node.text
  return undefined
}

/**
 * @param {string} file
 * @param {ts.SourceFile} source
 * @param {readonly import('./tidy-arrows.mjs').Import[]} imports
 * @returns {Violation[]}
 */
export function checkAmbient(file, source, imports) {
  if (!file.startsWith('lib/') || SEAM_FREE.test(file)) return []
  /** @type {Violation[]} */
  const violations = []
  /** @param {number} line @param {string} what */
  const add = (line, what) =>
    violations.push({ file, line, rule: 'ambient', text: `${what}: take it from the Runtime instead` })
  for (const { line, specifier } of imports) if (AMBIENT_MODULE.test(specifier)) add(line, `import of '${specifier}'`)
  /** @param {ts.Node} node */
  const visit = (node) => {
    const use = ambientUse(node)
    if (use) add(source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1, use)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return violations
}

/** Tests that never run, or keep others from running. @param {string} file @param {string} text @returns {Violation[]} */
export function checkNarrowedTests(file, text) {
  if (!/(^|\/)test\//.test(file)) return []
  const narrowed = /\b(?:it|test|describe)\.(?:skip|only|todo)\b|\b(?:x(?:it|describe|test)|f(?:it|describe))\s*\(/g
  return [...text.matchAll(narrowed)].map((match) => ({
    file,
    line: lineAt(text, match.index),
    rule: 'narrowed-test',
    text: match[0],
  }))
}

// Spelled in two parts, so that this file is not a violation of its own rule.
const LEFTOVER = new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`, 'g')

/** @param {string} file @param {string} text @returns {Violation[]} */
export function checkLeftovers(file, text) {
  return [...text.matchAll(LEFTOVER)].map((match) => ({
    file,
    line: lineAt(text, match.index),
    rule: 'leftover',
    text: match[0],
  }))
}

const BELOW_BINDING = /^native\/(io|memory|wire|engine|crypto)\//

/**
 * @param {string} file
 * @param {import('./cpp-source.mjs').CppSource} source
 * @param {readonly import('./cpp-functions.mjs').CppFunction[]} functions
 * @returns {Violation[]}
 */
export function checkCppBans(file, source, functions) {
  /** @type {Violation[]} */
  const violations = []
  /** @param {RegExp} pattern @param {string} rule @param {string} why */
  const ban = (pattern, rule, why) => {
    for (const match of source.code.matchAll(pattern)) {
      violations.push({ file, line: lineAt(source.code, match.index), rule, text: `${match[0]}: ${why}` })
    }
  }
  if (BELOW_BINDING.test(file)) {
    ban(/\b(?:throw|try|catch)\b/g, 'exception', 'the core returns values')
    ban(/\b(?:dynamic_cast|typeid)\b/g, 'rtti', 'the core is built without run-time types')
  }
  if (file.startsWith('native/')) {
    ban(/\batomic_(?:thread|signal)_fence\b/g, 'fence', 'ThreadSanitizer does not model fences')
  }
  for (const { line, text } of source.directives) {
    if (!/^#\s*(?:if|ifdef|ifndef|elif)\b/.test(text)) continue
    const around = functions.find((f) => line > lineAt(source.code, f.start) && line <= f.endLine)
    if (around) {
      const rule = 'conditional'
      violations.push({
        file,
        line,
        rule,
        text: `${text.split(/\s/)[0]} inside ${around.name}: the platform is a file`,
      })
    }
  }
  return violations
}
