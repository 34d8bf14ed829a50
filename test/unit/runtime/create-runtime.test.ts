import { ErrorCode } from '../../../lib/errors'
import {
  createRuntime,
  defaultRuntime,
  type Network,
  RealClock,
  RealRandom,
  registerDefaultRuntime,
} from '../../../lib/runtime'
import { SeededRandom } from '../../support/random-sources'

const network = { name: 'sim' } as Network

it('[P3] createRuntime fills in a real clock and a real random source', () => {
  const runtime = createRuntime()
  expect(runtime.kind).toBe('real')
  expect(runtime.clock).toBeInstanceOf(RealClock)
  expect(runtime.random).toBeInstanceOf(RealRandom)
})

it('[P8] a runtime without a network says so when it is asked for it, and only then', () => {
  const runtime = createRuntime()
  const unsupported = expect.objectContaining({ code: ErrorCode.OPTION_UNSUPPORTED }) as Error
  expect(() => runtime.network).toThrow(unsupported)
  expect(() => createRuntime(runtime).network).toThrow(unsupported)
  expect(createRuntime({ ...runtime }).clock).toBe(runtime.clock)
})

it('[P3] createRuntime keeps the parts that are given', () => {
  const random = new SeededRandom(1, '')
  const clock = new RealClock()
  const runtime = createRuntime({
    kind: 'sim',
    clock,
    random,
    network,
    buggify: (site) => site === 'on',
    knob: () => 7,
  })
  expect([runtime.kind, runtime.clock, runtime.random, runtime.network]).toEqual(['sim', clock, random, network])
  expect([runtime.buggify('on'), runtime.buggify('off'), runtime.knob('k', 1, 0, 10)]).toEqual([true, false, 7])
  expect(createRuntime(runtime).buggify('on')).toBe(true)
})

it('[P7] buggify is false and knob is normal outside the simulator, and neither draws', () => {
  const random = new SeededRandom(1, '')
  const runtime = createRuntime({ random })
  expect(runtime.buggify('site', { probability: 1 })).toBe(false)
  expect(runtime.knob('site', 5, 0, 10)).toBe(5)
  expect(random.draws).toBe(0)
})

it.each([
  [null],
  [{ klock: new RealClock() }],
  [{ kind: 'unreal' }],
  [{ clock: { now: () => 0 } }],
  [{ random: Math }],
  [{ clock: null }],
  [{ buggify: true }],
])('[P72] createRuntime(%p) throws OPTION_INVALID', (parts) => {
  expect(() => createRuntime(parts as never)).toThrow(
    expect.objectContaining({ code: ErrorCode.OPTION_INVALID }) as Error,
  )
})

it('[P3] defaultRuntime is what was registered, made once, on first use', () => {
  expect(defaultRuntime).toThrow(expect.objectContaining({ code: ErrorCode.NO_RUNTIME }) as Error)
  let made = 0
  registerDefaultRuntime(() => {
    made++
    return createRuntime({ network })
  })
  expect(made).toBe(0)
  expect(defaultRuntime()).toBe(defaultRuntime())
  expect(defaultRuntime().network).toBe(network)
  expect(made).toBe(1)
})
