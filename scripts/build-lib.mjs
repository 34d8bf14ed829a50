// @ts-check
// lib/ -> dist/: CommonJS by tsc, and for each entry point of package.json an ES module that hands on the very same
// objects, so that require() and import share one instance.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { filesBelow, root } from './lib/project.mjs'
import { runBin } from './lib/run.mjs'

/** @returns {string[]} entry points as paths below lib/ without extension: `index`, `sim/index`... */
function entryPoints() {
  const { exports } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  return Object.values(exports)
    .map((target) => /^\.\/dist\/(.+)\.mjs$/.exec(target.import?.default ?? '')?.[1] ?? '')
    .filter((name) => name !== '')
}

/**
 * Names of the values that a module exports. They are read from the types and not from the loaded module: a build of
 * the library must not need the addon.
 *
 * @param {string} entry
 * @returns {string[]}
 */
function exportedValues(entry) {
  const file = path.join(root, 'lib', `${entry}.ts`)
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
  const program = ts.createProgram([file], options)
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(file)
  const symbol = source && checker.getSymbolAtLocation(source)
  if (!symbol) throw new Error(`lib/${entry}.ts is not a module`)
  return checker
    .getExportsOfModule(symbol)
    .filter((exported) => !isTypeOnly(exported))
    .filter((exported) => {
      const target = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      return (target.flags & ts.SymbolFlags.Value) !== 0
    })
    .map((exported) => exported.name)
    .sort()
}

/** `export type { RequestServer }` names a class, but only its type. @param {ts.Symbol} symbol */
const isTypeOnly = (symbol) =>
  symbol.declarations?.some((node) => ts.isExportSpecifier(node) && ts.isTypeOnlyExportDeclaration(node)) ?? false

/** @param {string} entry */
function writeEsModule(entry) {
  const base = path.basename(entry)
  const lines = exportedValues(entry).map((name) => `export const ${name} = commonjs.${name}`)
  writeFileSync(
    path.join(root, 'dist', `${entry}.mjs`),
    [`import commonjs from './${base}.js'`, ...lines, ''].join('\n'),
  )
  writeFileSync(path.join(root, 'dist', `${entry}.d.mts`), `export * from './${base}.js'\n`)
}

/** Removes what a deleted or renamed source has left in dist/. @param {readonly string[]} entries */
function removeStale(entries) {
  const expected = new Set(
    filesBelow(root, 'lib', (file) => file.endsWith('.ts')).flatMap((file) => {
      const name = file.slice('lib/'.length, -'.ts'.length)
      return [`dist/${name}.js`, `dist/${name}.d.ts`]
    }),
  )
  for (const entry of entries) expected.add(`dist/${entry}.mjs`).add(`dist/${entry}.d.mts`)
  for (const file of filesBelow(root, 'dist')) if (!expected.has(file)) rmSync(path.join(root, file))
}

const { code } = await runBin('tsc', ['-p', path.join(root, 'tsconfig.build.json')])
if (code === 0) {
  const entries = entryPoints()
  for (const entry of entries) writeEsModule(entry)
  removeStale(entries)
  console.log(`build-lib: dist/ with ${entries.map((entry) => `${entry}.js and ${entry}.mjs`).join(', ')}`)
}
process.exitCode = code
