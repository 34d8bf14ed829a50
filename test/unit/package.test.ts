import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

const root = path.resolve(__dirname, '../..')
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')
const manifest = JSON.parse(read('package.json'))

/** What is committed or would be: tracked files, and new ones that .gitignore does not name. */
function projectFiles(): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter((file) => file !== '' && statSync(path.join(root, file), { throwIfNoEntry: false })?.isFile())
}

/** `file:line` of each match in a text file of the project. */
function findInProject(pattern: RegExp): string[] {
  return projectFiles().flatMap((file) => {
    const text = read(file)
    if (text.includes('\0')) return []
    return text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : []))
  })
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

// These read dist/: `npm test` builds it before jest starts, `npm run build:lib` does so by hand.
describe('the built package', () => {
  it('gives require and import the same objects under the same names', () => {
    const script = [
      `import { createRequire } from 'node:module'`,
      `import * as imported from 'netvolley'`,
      `const required = createRequire(process.cwd() + '/package.json')('netvolley')`,
      `const names = Object.keys(required).sort()`,
      `const same = names.every((name) => imported[name] === required[name])`,
      `console.log(JSON.stringify({ same, names, imported: Object.keys(imported).sort() }))`,
    ].join('\n')
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: root,
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    const { same, names, imported } = JSON.parse(stdout)
    expect(names).toEqual(expect.arrayContaining(['Engine', 'RequestServer']))
    expect(imported).toEqual(names)
    expect(same).toBe(true)
  })

  it('has types that resolve for import and for require', () => {
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', 'test/types'], { cwd: root, encoding: 'utf8' })
    expect(stdout).toBe('')
    expect(status).toBe(0)
  })

  it('names for each entry point files that exist', () => {
    const targets = Object.values(manifest.exports).flatMap(
      (target) => JSON.stringify(target).match(/\.\/[^"]+/g) ?? [],
    )
    expect(targets.length).toBeGreaterThan(4)
    expect(targets.filter((target) => !existsSync(path.join(root, target)))).toEqual([])
  })
})

describe('the manifest', () => {
  it('asks for Node.js 20 or later and has one run-time dependency', () => {
    expect(manifest.engines.node).toBe('>=20')
    expect(Object.keys(manifest.dependencies)).toEqual(['node-gyp-build'])
    expect(manifest.license).toBe('MIT')
  })

  it('is locked without download addresses', () => {
    const lock = JSON.parse(read('package-lock.json'))
    expect(lock.version).toBe(manifest.version)
    const packages: [string, { resolved?: string }][] = Object.entries(lock.packages)
    expect(packages.length).toBeGreaterThan(100)
    expect(packages.filter(([, entry]) => entry.resolved !== undefined)).toEqual([])
  })
})

describe('every file of the project', () => {
  it('names no package registry', () => {
    // A registry's host however it is called, such as the one in npm's own default.
    const hosts = ['registry', 'npm', 'packages?', 'artifactory', 'nexus'].join('|')
    expect(findInProject(new RegExp(String.raw`https?://(?:${hosts})\.[a-z0-9-]+(?:\.[a-z0-9-]+)*`, 'i'))).toEqual([])
    expect(findInProject(new RegExp(['registry', 'npmjs|registry', 'yarnpkg'].join(String.raw`\.`)))).toEqual([])
  })

  it('holds no path of the machine that it was written on', () => {
    const homes = String.raw`(?<![\w.@-])/(?:home|Users)/[\w.-]+/|(?<![\w.@-])/(?:root|work)/`
    const here = [root, homedir()].filter((folder) => folder.length > 1).map((folder) => escape(`${folder}/`))
    expect(findInProject(new RegExp([homes, ...here].join('|')))).toEqual([])
  })
})
