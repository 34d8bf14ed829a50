import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const root = path.resolve(__dirname, '../..')

function rows(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [path.join(root, 'scripts/rows.mjs'), ...args], { encoding: 'utf8' })
}

const page = (...table: string[]): string =>
  ['# Features', '', '| Row | Feature | Stage | Status |', '|---|---|---|---|', ...table, ''].join('\n')

/** Runs the script over a small project. */
function rowsOf(files: Record<string, string>, ...groups: string[]): ReturnType<typeof rows> {
  const folder = mkdtempSync(path.join(tmpdir(), 'netvolley-rows-'))
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
      writeFileSync(path.join(folder, file), text)
    }
    return rows('--root', folder, ...groups)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

// Built from parts, so that the script does not take the rows of these small projects for rows that this file carries.
const it_ = (title: string): string => `it('${title}', () => {})\n`

describe('npm run rows', () => {
  it('prints every row with the tests that carry it, from TypeScript titles and C++ texts', () => {
    const { status, stdout } = rowsOf({
      'docs/features.md': page(
        '| SV1 | one port | core | built |',
        '| SV2 | a \\| b | core | planned |',
        '| U1 | bind | core | built |',
      ),
      'test/unit/a.test.ts': it_('[SV1] answers') + 'it.each([1])(`[SV1, U1] ${1}`, () => {})\n',
      'test/contract/b.ts': `t.test('[U1] in both', async () => {})\n// it('[U9] in a comment', () => {})\n`,
      'native/test/c.cc': `// [U7] in a comment\nTEST("[SV1] cuts frames") { check(x[U1]); }\n`,
    })
    expect(stdout.split('\n').slice(2)).toEqual([
      '| SV1 | one port | core | built | test/unit/a.test.ts:1<br>test/unit/a.test.ts:2<br>native/test/c.cc:2 |',
      '| SV2 | a \\| b | core | planned |  |',
      '| U1 | bind | core | built | test/contract/b.ts:1<br>test/unit/a.test.ts:2 |',
      '',
      'rows: 3 rows, 2 built, 2 with tests, 0 faults',
      '',
    ])
    expect(status).toBe(0)
  })

  it('fails on a core row that is built and has no test, not on a planned one or one beyond', () => {
    const { status, stdout } = rowsOf({
      'docs/features.md': page(
        '| C1 | cache | core | built |',
        '| C2 | hedging | beyond | built |',
        '| C3 | warming | core | planned |',
      ),
    })
    expect(stdout).toContain('docs/features.md: C1 (cache) is core and built, but no test carries [C1]')
    expect(stdout).toContain(', 1 faults\n')
    expect(status).toBe(1)
  })

  it('fails on a title that names a row that does not exist, whichever group is asked for', () => {
    const files = {
      'docs/features.md': page('| C1 | cache | core | planned |'),
      'test/unit/a.test.ts': it_('[C1] caches') + it_('[C2] does more'),
    }
    const { status, stdout } = rowsOf(files, 'udp')
    expect(stdout).toContain('test/unit/a.test.ts:2: [C2] is not a row of docs/features.md')
    expect(stdout).toContain('rows: 0 rows')
    expect(status).toBe(1)
  })

  it('refuses a line of a table that is not a row, a row that stands twice, and a group that there is not', () => {
    expect(rowsOf({ 'docs/features.md': page('| C1 | cache | core | done |') }).stderr).toContain('not a row')
    const twice = page('| C1 | a | core | built |', '| C1 | b | core | built |')
    expect(rowsOf({ 'docs/features.md': twice }).stderr).toContain('C1 stands there twice')
    const { status, stderr } = rows('quic')
    expect(stderr).toContain("'quic' is no group; there are udp, server, raida")
    expect(status).toBe(2)
  })

  it.each([
    ['udp', 68],
    ['server', 60],
    ['raida', 24],
    ['peers', 27],
    ['sim', 45],
    ['connections', 62],
    ['balancing', 50],
    ['secure', 41],
  ])('shows all rows of the group %s', (group, count) => {
    expect(rows(group).stdout).toMatch(new RegExp(`^rows: ${count} rows`, 'm'))
  })

  it('is content with docs/features.md and the tests of this repository', () => {
    const { status, stdout } = rows()
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^rows: 377 rows, .* 0 faults$/)
    expect(status).toBe(0)
  })
})
