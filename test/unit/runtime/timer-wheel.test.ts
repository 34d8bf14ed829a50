import { RealClock } from '../../../lib/runtime'
import { ManualTime } from '../../support/manual-time'

function setUp(startMs = 0): {
  time: ManualTime
  clock: RealClock
  fired: string[]
  mark: (name: string) => () => void
} {
  const time = new ManualTime(startMs)
  const fired: string[] = []
  return {
    time,
    clock: new RealClock(time),
    fired,
    mark: (name) => () => void fired.push(`${name}@${String(time.now())}`),
  }
}

describe('order and lateness', () => {
  it('[P1] fires at the deadline, or less than one tick after it when that has a fraction', () => {
    const { time, clock, fired, mark } = setUp(0.25)
    clock.schedule(10, mark('a'))
    clock.schedule(12.5, mark('b'))
    time.advance(9.99)
    expect(fired).toEqual([])
    time.advance(10)
    expect(fired).toEqual(['a@10.25', 'b@13.25'])
  })

  it('[P1] never fires early although the underlying timer does', () => {
    const { time, clock, fired, mark } = setUp()
    time.earlyMs = 0.9
    clock.schedule(10, mark('a'))
    time.advance(9.99)
    expect(time.armedDelays.length).toBeGreaterThan(1)
    expect(fired).toEqual([])
    time.advance(1)
    expect(fired).toHaveLength(1)
    expect(Number(fired[0].slice(2))).toBeGreaterThanOrEqual(10)
    expect(Number(fired[0].slice(2))).toBeLessThan(11)
  })

  it('[P1] fires timers of one tick by deadline, equal deadlines in the order of scheduling', () => {
    const { time, clock, fired, mark } = setUp()
    for (const [name, delay] of [['d', 5.9], ['a', 5.1], ['b', 5.2], ['c', 5.2], ['e', 6]] as const) clock.schedule(delay, mark(name)) // prettier-ignore
    time.advance(10)
    expect(fired).toEqual(['a@6', 'b@6', 'c@6', 'd@6', 'e@6'])
  })

  it('[P1] keeps the order of deadlines when the event loop was late by many rounds', () => {
    const { time, clock, fired, mark } = setUp()
    clock.schedule(9_000, mark('c'))
    clock.schedule(3, mark('a'))
    clock.schedule(4_500, mark('b'))
    time.stall(20_000)
    time.advance(0)
    expect(fired).toEqual(['a@20000', 'b@20000', 'c@20000'])
  })

  it.each([-1, -Infinity, NaN, 0])('[P1] treats a delay of %p as 0: in a later turn, within one tick', (delay) => {
    const { time, clock, fired, mark } = setUp(7)
    clock.schedule(delay, mark('a'))
    expect(fired).toEqual([])
    time.advance(1)
    expect(fired).toEqual(['a@8'])
  })

  it('[P1] takes delays above 2^31-1 ms and waits for them in legal steps', () => {
    const { time, clock, fired, mark } = setUp()
    const ninetyDays = 90 * 24 * 3_600_000
    clock.schedule(ninetyDays, mark('a'))
    const never = clock.schedule(Infinity, mark('never'))
    time.advance(ninetyDays - 1)
    expect(fired).toEqual([])
    time.advance(1)
    expect(fired).toEqual([`a@${String(ninetyDays)}`])
    expect(Math.max(...time.armedDelays)).toBeLessThanOrEqual(2 ** 31 - 1)
    time.advance(10 * ninetyDays)
    expect(never.active).toBe(true)
    never.cancel()
    expect(time.armedCount).toBe(0)
  })

  it('[P1] runs the microtasks of a timer before the next timer of the same tick', async () => {
    const { time, clock, fired, mark } = setUp()
    const second = clock.sleep(5).then(() => Promise.resolve()).then(mark('awaited')) // prettier-ignore
    clock.schedule(5, mark('timer'))
    await time.advanceWithMicrotasks(10)
    await second
    expect(fired).toEqual(['awaited@5', 'timer@5'])
  })
})

describe('cancel and reschedule', () => {
  it('[P1] a timer cancelled inside its own instant does not fire', () => {
    const { time, clock, fired, mark } = setUp()
    clock.schedule(5, () => {
      second.cancel()
    })
    const second = clock.schedule(5, mark('second'))
    clock.schedule(5, mark('third'))
    time.advance(10)
    expect(fired).toEqual(['third@5'])
    expect(second.active).toBe(false)
    expect(clock.pendingTimers).toBe(0)
  })

  it('[P1] a timer rescheduled inside its own instant fires at the new time, once', () => {
    const { time, clock, fired, mark } = setUp()
    clock.schedule(5, () => {
      second.reschedule(3)
    })
    const second = clock.schedule(5, mark('second'))
    time.advance(20)
    expect(fired).toEqual(['second@8'])
  })

  it('[P1] reschedule moves a pending timer to either side and arms one that has fired or was cancelled', () => {
    const { time, clock, fired, mark } = setUp()
    const timer = clock.schedule(10, mark('a'))
    timer.reschedule(4_200)
    time.advance(100)
    timer.reschedule(20)
    time.advance(100)
    expect(fired).toEqual(['a@120'])
    expect(timer.active).toBe(false)
    timer.reschedule(50)
    expect(timer.active).toBe(true)
    time.advance(100)
    timer.reschedule(50)
    timer.cancel()
    timer.cancel()
    expect(timer.active).toBe(false)
    timer.reschedule(10)
    time.advance(100)
    expect(fired).toEqual(['a@120', 'a@250', 'a@310'])
  })

  it('[P1] a timer may reschedule itself from its callback and is inactive while that runs', () => {
    const { time, clock } = setUp()
    const states: boolean[] = []
    const timer = clock.schedule(10, () => {
      states.push(timer.active)
      if (states.length < 3) timer.reschedule(10)
    })
    time.advance(100)
    expect(states).toEqual([false, false, false])
    expect(clock.pendingTimers).toBe(0)
  })

  it('[P1] a callback that throws is reported as uncaught and the other timers fire on time', () => {
    const { time, clock, fired, mark } = setUp()
    const failure = new Error('thrown by a timer')
    const fail = (): never => {
      throw failure
    }
    clock.schedule(5, fail)
    clock.schedule(5, mark('b'))
    clock.schedule(5, fail)
    clock.schedule(5, mark('d'))
    clock.schedule(9, mark('e'))
    time.advance(20)
    expect(time.uncaught).toEqual([failure, failure])
    expect(fired).toEqual(['b@5', 'd@5', 'e@9'])
  })
})

describe('the underlying timer', () => {
  it("[P1] is one, ref'd exactly while a ref'd timer is pending, and gone with the last timer", () => {
    const { time, clock, mark } = setUp()
    const background = clock.schedule(50, mark('background'))
    expect([time.armedCount, time.keepsAlive]).toEqual([1, false])
    const foreground = clock.schedule(200, mark('foreground'), { ref: true })
    const other = clock.schedule(100, mark('other'), { ref: true })
    expect([time.armedCount, time.keepsAlive]).toEqual([1, true])
    foreground.cancel()
    expect(time.keepsAlive).toBe(true)
    time.advance(150)
    expect(other.active).toBe(false)
    expect([time.armedCount, time.keepsAlive]).toEqual([0, false])
    background.reschedule(10)
    foreground.reschedule(10)
    expect([time.armedCount, time.keepsAlive]).toEqual([1, true])
    foreground.cancel()
    expect([time.armedCount, time.keepsAlive]).toEqual([1, false])
    background.cancel()
    expect([time.armedCount, clock.pendingTimers]).toEqual([0, 0])
  })

  it('[P1] is armed anew for an earlier timer only', () => {
    const { time, clock, mark } = setUp()
    clock.schedule(100, mark('a'))
    clock.schedule(200, mark('b'))
    expect(time.armedDelays).toEqual([100])
    clock.schedule(50, mark('c'))
    expect(time.armedDelays).toEqual([100, 50])
  })

  it('[P1] wakes once for a lone far timer although its slot was used before in another round', () => {
    const { time, clock, fired, mark } = setUp()
    clock.schedule(4_000, mark('cancelled')).cancel()
    time.advance(10_000)
    time.armedDelays.length = 0
    clock.schedule(12_192 - 10_000, mark('a')) // 12192 = 4000 + 2 * 4096: the same slot
    time.advance(20_000)
    expect(fired).toEqual(['a@12192'])
    expect(time.armedDelays).toEqual([2_192])
  })

  it('[P1] is armed once per period for an idle timer that is moved with every packet', () => {
    const { time, clock, fired, mark } = setUp()
    const idle = clock.schedule(1_000, mark('idle'))
    for (let i = 0; i < 9_999; i++) {
      time.advance(1)
      idle.reschedule(1_000)
    }
    expect(fired).toEqual([])
    expect(time.armedDelays.length).toBeLessThanOrEqual(11)
    time.advance(1_001)
    expect(fired).toEqual(['idle@10999'])
  })
})
