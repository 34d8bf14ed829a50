import { spawnSync } from 'node:child_process'
import path from 'node:path'

const script = path.join(__dirname, '../../scripts/break-rows.mjs')

test('every line that break-rows breaks stands there once, and the test that must notice exists', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^break-rows: [1-9]\d* lines/)
  expect(status).toBe(0)
})

test('a group that does not exist is refused, with those that do', () => {
  const { status, stderr } = spawnSync(process.execPath, [script, 'upd'], { encoding: 'utf8' })
  expect(stderr).toContain('groups are udp, server')
  expect(status).toBe(2)
})
