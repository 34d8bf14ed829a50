import { getEventListeners, setMaxListeners } from 'node:events'
import { ErrorCode } from '../../../lib/errors'
import { RealClock } from '../../../lib/runtime'
import { nodeTimeDriver } from '../../../lib/runtime/time-driver'
import { ManualTime } from '../../support/manual-time'

describe('on a clock moved by hand', () => {
  it('[P1] coarseNow stands still within a turn and is fresh in the next', () => {
    const time = new ManualTime(5)
    const clock = new RealClock(time)
    const seen: number[] = []
    time.turn(() => {
      seen.push(clock.coarseNow())
      time.stall(3)
      seen.push(clock.coarseNow(), clock.now())
    })
    time.turn(() => seen.push(clock.coarseNow()))
    expect(seen).toEqual([5, 5, 8, 8])
  })

  it('[P1] wallNow is not now', () => {
    const clock = new RealClock(new ManualTime(5))
    expect([clock.now(), clock.wallNow()]).toEqual([5, 1_000_005])
  })

  it('[P1] sleep keeps the process alive, an abort rejects with its reason and leaves neither timer nor listener', async () => {
    const time = new ManualTime()
    const clock = new RealClock(time)
    const controller = new AbortController()
    setMaxListeners(0, controller.signal)
    const sleeps = Array.from({ length: 1_000 }, () => clock.sleep(50, { signal: controller.signal }))
    expect([time.keepsAlive, clock.pendingTimers]).toEqual([true, 1_000])
    const reason = new Error('enough')
    controller.abort(reason)
    const settled = await Promise.allSettled(sleeps)
    expect(settled.every((one) => one.status === 'rejected' && one.reason === reason)).toBe(true)
    expect([time.keepsAlive, clock.pendingTimers]).toEqual([false, 0])
    await expect(clock.sleep(50, { signal: controller.signal })).rejects.toBe(reason)
    expect([getEventListeners(controller.signal, 'abort').length, clock.pendingTimers]).toEqual([0, 0])
  })

  it('[P1] sleeps that end by themselves leave no listener on their signal', async () => {
    const time = new ManualTime()
    const clock = new RealClock(time)
    const { signal } = new AbortController()
    setMaxListeners(0, signal)
    const sleeps = Array.from({ length: 10_000 }, (_, i) => clock.sleep(i / 100, { signal }))
    expect(getEventListeners(signal, 'abort')).toHaveLength(10_000)
    time.advance(200)
    await Promise.all(sleeps)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('[P1] a deadline aborts with a TimeoutError and does not keep the process alive', () => {
    const time = new ManualTime()
    const clock = new RealClock(time)
    const parent = new AbortController()
    const deadline = clock.deadline(100, parent.signal)
    expect(time.keepsAlive).toBe(false)
    time.advance(99)
    expect(deadline.aborted).toBe(false)
    time.advance(1)
    expect(deadline.aborted).toBe(true)
    expect(deadline.reason).toMatchObject({ name: 'TimeoutError', code: ErrorCode.TIMEOUT })
    expect(getEventListeners(parent.signal, 'abort')).toHaveLength(0)
  })

  it('[P1] a deadline aborts with its parent, at once when that has aborted before', () => {
    const clock = new RealClock(new ManualTime())
    const parent = new AbortController()
    const deadline = clock.deadline(100, parent.signal)
    parent.abort('gone')
    expect([deadline.aborted, deadline.reason, clock.pendingTimers]).toEqual([true, 'gone', 0])
    const late = clock.deadline(100, parent.signal)
    expect([late.aborted, late.reason, clock.pendingTimers]).toEqual([true, 'gone', 0])
  })

  it('[P1] a disposed deadline never aborts and leaves neither timer nor listener', () => {
    const time = new ManualTime()
    const clock = new RealClock(time)
    const parent = new AbortController()
    let signal: AbortSignal
    {
      using deadline = clock.deadline(100, parent.signal)
      signal = deadline
      expect([clock.pendingTimers, getEventListeners(parent.signal, 'abort').length]).toEqual([1, 1])
    }
    expect([clock.pendingTimers, getEventListeners(parent.signal, 'abort').length]).toEqual([0, 0])
    time.advance(1_000)
    parent.abort()
    expect(signal.aborted).toBe(false)
  })
})

describe('on real time', () => {
  it('[P1] 300 timers fire in the order of their deadlines, none early', async () => {
    let readMs = 0
    const clock = new RealClock({ ...nodeTimeDriver, now: () => (readMs = nodeTimeDriver.now()) })
    const fired: { deadline: number; at: number }[] = []
    await Promise.all(
      Array.from({ length: 300 }, (_, i) => {
        const delay = ((i * 7919) % 300) / 10
        const slept = clock.sleep(delay)
        // The very time from which the clock counted.
        const deadline = readMs + delay
        return slept.then(() => fired.push({ deadline, at: clock.now() }))
      }),
    )
    expect(fired).toHaveLength(300)
    expect(fired.filter(({ deadline, at }) => at < deadline)).toEqual([])
    expect(fired.filter(({ deadline }, i) => i > 0 && deadline < fired[i - 1].deadline)).toEqual([])
    expect(clock.pendingTimers).toBe(0)
  })

  it('[P1] defer runs after the microtasks of the running callback, in order', async () => {
    const clock = new RealClock()
    const order: string[] = []
    await new Promise<void>((resolve) => {
      clock.schedule(1, () => {
        clock.defer(() => order.push('deferred 1'))
        clock.defer(() => {
          order.push('deferred 2')
          resolve()
        })
        process.nextTick(() => order.push('tick'))
        void Promise.resolve()
          .then(() => order.push('microtask 1'))
          .then(() => order.push('microtask 2'))
        order.push('callback')
      })
    })
    expect(order).toEqual(['callback', 'tick', 'microtask 1', 'microtask 2', 'deferred 1', 'deferred 2'])
  })

  it('[P1] the microtasks of a timer run before the next timer of the same instant', async () => {
    const clock = new RealClock()
    const order: string[] = []
    const first = clock.sleep(5).then(() => order.push('first, awaited'))
    const second = new Promise<void>((resolve) => clock.schedule(5, () => { order.push('second'); resolve() })) // prettier-ignore
    // Both are due when the loop comes back to its timers.
    for (const start = clock.now(); clock.now() < start + 10;);
    await Promise.all([first, second])
    expect(order).toEqual(['first, awaited', 'second'])
  })
})
