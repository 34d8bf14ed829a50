// @ts-check
// What the tidy and row scripts read from a TypeScript or JavaScript file, by the compiler's own parser.
import ts from 'typescript'

/** @typedef {{ name: string, line: number, endLine: number }} ScriptFunction */

/** @param {string} file @param {string} text */
export const parseScript = (file, text) => ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true)

/** @param {ts.SourceFile} source @param {number} position */
const lineOf = (source, position) => source.getLineAndCharacterOfPosition(position).line + 1

/** @param {ts.Node} node @returns {ts.Node | undefined} the module that a node names */
function moduleName(node) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier
  if (ts.isExternalModuleReference(node)) return node.expression
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined
  if (ts.isCallExpression(node)) {
    const callee = node.expression
    const loads = callee.kind === ts.SyntaxKind.ImportKeyword || /^(require|require\.resolve)$/.test(callee.getText())
    return loads ? node.arguments[0] : undefined
  }
  return undefined
}

/**
 * Every module named by import, export, import(), require() or an import type.
 *
 * @param {ts.SourceFile} source
 * @returns {import('./tidy-arrows.mjs').Import[]}
 */
export function findImports(source) {
  /** @type {import('./tidy-arrows.mjs').Import[]} */
  const imports = []
  /** @param {ts.Node} node */
  const visit = (node) => {
    const name = moduleName(node)
    if (name && ts.isStringLiteralLike(name)) {
      imports.push({ line: lineOf(source, name.getStart(source)), specifier: name.text })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return imports
}

/** `describe(...)` only groups tests: its callback is as long as its tests are many. @param {ts.Node} node */
const isGroupOfTests = (node) =>
  ts.isCallExpression(node.parent) && /^describe(\.each\b.*)?$/s.test(node.parent.expression.getText())

/** @param {ts.SourceFile} source @returns {ScriptFunction[]} functions with a body, nested ones too */
export function findScriptFunctions(source) {
  /** @type {ScriptFunction[]} */
  const found = []
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body && !isGroupOfTests(node)) {
      const parentName = 'name' in node.parent ? /** @type {ts.Node | undefined} */ (node.parent.name) : undefined
      const name = (node.name ?? parentName)?.getText(source) ?? 'anonymous function'
      found.push({ name, line: lineOf(source, node.getStart(source)), endLine: lineOf(source, node.getEnd()) })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** @param {ts.Expression} callee @returns {string} `it` of it(), it.each([])(), t.it() is `it`, `each`... resolved to the runner */
function runnerName(callee) {
  if (ts.isCallExpression(callee) || ts.isTaggedTemplateExpression(callee)) {
    return runnerName(ts.isCallExpression(callee) ? callee.expression : callee.tag)
  }
  if (ts.isPropertyAccessExpression(callee)) {
    return callee.name.text === 'each' ? runnerName(callee.expression) : callee.name.text
  }
  return ts.isIdentifier(callee) ? callee.text : ''
}

/**
 * Titles given to it(), test() and describe(), `.each` and `t.test()` too; of a template its fixed parts.
 *
 * @param {ts.SourceFile} source
 * @returns {{ line: number, title: string, group: boolean }[]}
 */
export function findTestTitles(source) {
  /** @type {{ line: number, title: string, group: boolean }[]} */
  const titles = []
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isCallExpression(node) && node.arguments.length > 1) {
      const runner = runnerName(node.expression)
      const [first] = node.arguments
      if (/^(it|test|describe)$/.test(runner) && (ts.isStringLiteralLike(first) || ts.isTemplateExpression(first))) {
        const title = ts.isStringLiteralLike(first) ? first.text : first.getText(source).slice(1, -1)
        titles.push({ line: lineOf(source, first.getStart(source)), title, group: runner === 'describe' })
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return titles
}
