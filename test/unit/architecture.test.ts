// Reads ARCHITECTURE.md as the map that it is. In it, outside fenced blocks:
//
// - `a/path` or `file.ext` in backticks is a path from the repository's root and must exist; `*` matches within a name,
//   `{a,b}` means both, `name:12` is line 12. What has a space, `<` or `(` in it is no path; paths that a build makes
//   (dist/, build/, build-*/, .build/) need not exist.
// - A symbol is a backticked identifier (`Reactor`, `Reactor::run_turn`, `server.listen()`). It stands beside a file when
//   "(`path`)" follows it directly (`Slab`, `Ring` (`native/memory/slab.h`): both), or when it is in a table row whose
//   first cell names the file or folder. There each part of its name must be found in that file, as a word.
// - A symbol that stands beside no file must be found somewhere in the project's sources.
// - Each folder of native/ and lib/ that has files is named, as `native/io/` or `native/io`.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'

const root = path.resolve(__dirname, '../..')
const SOURCE_FOLDERS = ['lib', 'native', 'bench', 'examples', 'scripts', 'test']
const GENERATED = /^(dist|build|build-[^/]*|\.build)(\/|$)/
const KNOWN_EXTENSION = /\.(ts|mts|mjs|cjs|js|h|cc|json|md|gyp|txt|zone)$/
const IDENTIFIER = /^[A-Za-z_]\w*(?:(?:::|\.)[A-Za-z_~]\w*)*(?:\(\))?$/

const isFolder = (file: string): boolean => existsSync(file) && statSync(file).isDirectory()

/** `a/{b,c}.h` -> `a/b.h`, `a/c.h`. */
function expandBraces(text: string): string[] {
  const braces = /^(.*?)\{([^{}]*)\}(.*)$/.exec(text)
  if (!braces) return [text]
  const [, before, choices, after] = braces
  return choices.split(',').flatMap((choice) => expandBraces(`${before}${choice.trim()}${after}`))
}

function isPath(text: string): boolean {
  if (/[\s<>()]/.test(text) || text.startsWith('node:')) return false
  return text.includes('/') || KNOWN_EXTENSION.test(text.replace(/:\d+$/, ''))
}

/** The files and folders that a path of the page means; none where it does not exist. */
function resolvePath(base: string, text: string): string[] {
  const plain = text.replace(/:\d+$/, '').replace(/\/$/, '')
  if (!plain.includes('*')) return existsSync(path.join(base, plain)) ? [plain] : []
  const folder = path.posix.dirname(plain)
  const name = path.posix
    .basename(plain)
    .split('*')
    .map((part) => part.replace(/[.+?^$()|[\]\\]/g, '\\$&'))
  if (!isFolder(path.join(base, folder))) return []
  const pattern = new RegExp(`^${name.join('[^/]*')}$`)
  return readdirSync(path.join(base, folder))
    .filter((entry) => pattern.test(entry))
    .map((entry) => `${folder}/${entry}`)
}

function filesBelow(base: string, file: string): string[] {
  if (!isFolder(path.join(base, file))) return [file]
  return readdirSync(path.join(base, file)).flatMap((entry) => filesBelow(base, `${file}/${entry}`))
}

function hasSymbol(base: string, files: readonly string[], symbol: string): boolean {
  const words = symbol
    .replace('()', '')
    .split(/::|\./)
    .map((part) => new RegExp(`(?<!\\w)${part}(?!\\w)`))
  return files.some((file) => {
    const text = readFileSync(path.join(base, file), 'utf8')
    return words.every((word) => word.test(text))
  })
}

/** Symbols of one line with the files beside them. */
function symbolsOf(line: string): { symbol: string; beside: string | undefined }[] {
  const cells = /^\s*\|/.test(line) ? line.trim().split('|').slice(1, -1) : []
  const rowFile = cells.length > 1 ? /`([^`]+)`/.exec(cells[0])?.[1] : undefined
  const inRow = rowFile !== undefined && isPath(rowFile) ? rowFile : undefined
  const followed = /((?:`[^`]+`(?:,| and)? ?)+)\(`([^`]+)`\)/g
  const symbols: { symbol: string; beside: string | undefined }[] = []
  const rest = line.replace(followed, (whole: string, names: string, file: string) => {
    if (!isPath(file)) return whole
    for (const [, symbol] of names.matchAll(/`([^`]+)`/g)) symbols.push({ symbol, beside: file })
    return ''
  })
  for (const [, symbol] of rest.matchAll(/`([^`]+)`/g)) symbols.push({ symbol, beside: inRow })
  return symbols.filter(({ symbol }) => !isPath(symbol) && IDENTIFIER.test(symbol))
}

function foldersBelow(base: string, folder: string): string[] {
  if (!isFolder(path.join(base, folder))) return []
  return readdirSync(path.join(base, folder))
    .map((entry) => `${folder}/${entry}`)
    .filter((entry) => isFolder(path.join(base, entry)))
    .flatMap((entry) => [...(filesBelow(base, entry).length > 0 ? [entry] : []), ...foldersBelow(base, entry)])
}

/** Everything that the page says and the tree does not bear out, and each folder that the page leaves out. */
function checkArchitecture(base: string, page: string): string[] {
  const problems: string[] = []
  const named = new Set<string>()
  const sources = SOURCE_FOLDERS.flatMap((folder) =>
    isFolder(path.join(base, folder)) ? filesBelow(base, folder) : [],
  )
  let fenced = false
  for (const [index, line] of page.split('\n').entries()) {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced
    if (fenced) continue
    for (const [, text] of line.matchAll(/`([^`]+)`/g)) {
      if (!isPath(text)) continue
      for (const one of expandBraces(text)) {
        const found = resolvePath(base, one)
        for (const file of found) named.add(file)
        if (found.length === 0 && !GENERATED.test(one)) problems.push(`line ${index + 1}: ${one} does not exist`)
      }
    }
    for (const { symbol, beside } of symbolsOf(line)) {
      const files = beside && expandBraces(beside).flatMap((one) => resolvePath(base, one))
      const where = files ? files.flatMap((file) => filesBelow(base, file)) : sources
      if (!hasSymbol(base, where, symbol)) {
        problems.push(`line ${index + 1}: ${symbol} is not found in ${beside ?? 'any source'}`)
      }
    }
  }
  for (const folder of [...foldersBelow(base, 'native'), ...foldersBelow(base, 'lib')]) {
    if (!named.has(folder)) problems.push(`${folder}/ is not named`)
  }
  return problems
}

describe('the checker of ARCHITECTURE.md', () => {
  const folders = [...foldersBelow(root, 'native'), ...foldersBelow(root, 'lib')]
  const allFolders = folders.map((folder) => `\`${folder}/\``).join(' ')
  const problemsOf = (...page: string[]): string[] => checkArchitecture(root, [allFolders, ...page].join('\n'))

  it('takes paths and symbols that are there', () => {
    expect(
      problemsOf(
        '`package.json` and `scripts/{tidy,rows}.mjs`, `scripts/lib/*.mjs`, `scripts/tidy.mjs:1`, `dist/index.mjs`, `<napi.h>`.',
        '`checkFile` (`scripts/tidy.mjs`) asks `findFunctions()`, `braceKind` (`scripts/lib/cpp-functions.mjs`).',
        '| `scripts/lib/` | `run` and `parseCpp`, by `npm test` |',
        '`readFeatures` is somewhere.',
        '```',
        '`no/such/path.ts` in a fenced block',
        '```',
      ),
    ).toEqual([])
  })

  it('names each path and symbol that is not', () => {
    const nowhere = ['no', 'Such', 'Thing'].join('')
    expect(
      problemsOf(
        '`scripts/{tidy,gone}.mjs` `lib/*.gone` `gone.json`',
        `\`checkFile\`, \`findFunctions\` (\`scripts/rows.mjs\`)`,
        '| `scripts/rows.mjs` | `parseCpp` |',
        `\`${nowhere}\``,
      ),
    ).toEqual([
      'line 2: scripts/gone.mjs does not exist',
      'line 2: lib/*.gone does not exist',
      'line 2: gone.json does not exist',
      'line 3: checkFile is not found in scripts/rows.mjs',
      'line 3: findFunctions is not found in scripts/rows.mjs',
      'line 4: parseCpp is not found in scripts/rows.mjs',
      `line 5: ${nowhere} is not found in any source`,
    ])
  })

  it('names each folder that the page leaves out', () => {
    expect(folders).toEqual(expect.arrayContaining(['native/io', 'native/wire', 'lib/runtime']))
    expect(checkArchitecture(root, 'An empty page.')).toEqual(folders.map((folder) => `${folder}/ is not named`))
  })
})

it('ARCHITECTURE.md names every folder, and only paths and symbols that exist', () => {
  expect(checkArchitecture(root, readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8'))).toEqual([])
})
