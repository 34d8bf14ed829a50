import { spawnSync } from 'node:child_process'
import { type CompiledLib, compileLib } from '../../support/compiled-lib'

let lib: CompiledLib
beforeAll(() => {
  lib = compileLib(['errors.ts', 'runtime'])
})
afterAll(() => {
  lib.remove()
})

function run(program: string): { code: number | null; out: string; err: string } {
  const source = `const { RealClock, defaultRuntime } = require('./runtime'); const clock = new RealClock();\n${program}`
  const child = spawnSync(process.execPath, ['-e', source], { cwd: lib.folder, encoding: 'utf8', timeout: 20_000 })
  return { code: child.status, out: child.stdout.trim(), err: child.stderr }
}

it("[P1] a program whose only timer is not ref'd exits at once", () => {
  const { code, out } = run(`
    clock.schedule(3_600_000, () => console.log('fired'))
    clock.deadline(3_600_000)
    console.log('end of program')`)
  expect([code, out]).toEqual([0, 'end of program'])
})

it("[P1] a program that awaits sleep() ends when it has fired, and not for the sake of timers that are not ref'd", () => {
  const { code, out } = run(`
    clock.schedule(5, () => console.log('on the way'))
    clock.schedule(3_600_000, () => console.log('never'))
    const start = clock.now()
    clock.sleep(40).then(() => console.log(clock.now() - start >= 40 ? 'slept' : 'early'))`)
  expect([code, out]).toEqual([0, 'on the way\nslept'])
})

it('[P1] a program that awaits the rejection of an aborted sleep ends with it, not with exit code 13', () => {
  const { code, out } = run(`
    const controller = new AbortController()
    clock.schedule(5, () => controller.abort(new Error('stopped')), { ref: true })
    clock.sleep(3_600_000, { signal: controller.signal }).catch((error) => console.log(error.message))`)
  expect([code, out]).toEqual([0, 'stopped'])
})

it('[P1] a callback that throws ends the process as an uncaught exception', () => {
  const { code, err } = run(`clock.schedule(1, () => { throw new Error('from a timer') }, { ref: true })`)
  expect(code).toBe(1)
  expect(err).toContain('Error: from a timer')
})

it('[P1] with a handler of uncaught exceptions the timers behind one that throws fire', () => {
  const { code, out } = run(`
    process.on('uncaughtException', (error) => console.log('uncaught', error.message))
    const fail = (name) => () => { throw new Error(name) }
    clock.schedule(5, fail('a'), { ref: true })
    clock.schedule(5, fail('b'), { ref: true })
    clock.schedule(5, () => console.log('c'), { ref: true })
    clock.schedule(9, () => console.log('d'), { ref: true })
    for (const start = clock.now(); clock.now() < start + 20; );`)
  expect([code, out]).toEqual([0, 'uncaught a\nuncaught b\nc\nd'])
})

it('[P3] defaultRuntime throws where nothing has registered one', () => {
  const { code, out } = run(`try { defaultRuntime() } catch (error) { console.log(error.code) }`)
  expect([code, out]).toEqual([0, 'ERR_NETVOLLEY_NO_RUNTIME'])
})
