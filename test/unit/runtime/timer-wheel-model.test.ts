import fc from 'fast-check'
import { RealClock, type TimerHandle } from '../../../lib/runtime'
import { ManualTime } from '../../support/manual-time'
import { SEED } from '../../support/seed'

type Step =
  | { do: 'schedule'; delay: number; ref: boolean }
  | { do: 'cancel' | 'reschedule'; which: number; delay: number }
  | { do: 'advance' | 'stall'; ms: number }

const delays = fc.oneof(
  fc.double({ min: 0, max: 12, noNaN: true }),
  fc.integer({ min: 0, max: 12 }),
  fc.double({ min: 4_000, max: 13_000, noNaN: true }),
)
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('schedule' as const), delay: delays, ref: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('cancel' as const, 'reschedule' as const), which: fc.nat(), delay: delays }) }, // prettier-ignore
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('advance' as const, 'stall' as const), ms: delays }) },
)

interface Pending {
  id: number
  deadline: number
  sequence: number
  ref: boolean
}

/** The reference: a list of what is pending. It is asked at every firing whether this one may fire now. */
class Model {
  readonly pending = new Map<number, Pending>()
  readonly violations: string[] = []
  private sequence = 0

  add(id: number, deadline: number, ref: boolean): void {
    this.pending.set(id, { id, deadline, sequence: this.sequence++, ref })
  }

  fire(id: number, now: number, onTime: boolean): void {
    const mine = this.pending.get(id)
    if (mine === undefined) {
      this.violations.push(`${String(id)} fired though it was not pending`)
      return
    }
    this.pending.delete(id)
    if (now < mine.deadline) this.violations.push(`${String(id)} fired early`)
    if (onTime && now > mine.deadline + 1) this.violations.push(`${String(id)} fired more than one tick late`)
    for (const other of this.pending.values()) {
      const before =
        other.deadline < mine.deadline || (other.deadline === mine.deadline && other.sequence < mine.sequence)
      if (before) this.violations.push(`${String(id)} fired before ${String(other.id)}`)
    }
  }
}

function run(script: readonly Step[], earlyMs: number): string[] {
  const time = new ManualTime(0.375)
  time.earlyMs = earlyMs
  const clock = new RealClock(time)
  const model = new Model()
  const handles: TimerHandle[] = []
  const refs: boolean[] = []
  // A stall makes every timer behind it late; from then on only order and earliness are judged.
  let stalled = false
  for (const step of script) {
    if (step.do === 'schedule') {
      const id = handles.length
      refs.push(step.ref)
      model.add(id, time.now() + step.delay, step.ref)
      handles.push(clock.schedule(step.delay, () => { model.fire(id, time.now(), !stalled) }, { ref: step.ref })) // prettier-ignore
    } else if (step.do === 'advance') {
      time.advance(step.ms)
    } else if (step.do === 'stall') {
      stalled = true
      time.stall(step.ms)
    } else if ('which' in step && handles.length > 0) {
      const id = step.which % handles.length
      model.pending.delete(id)
      if (step.do === 'cancel') handles[id].cancel()
      else {
        model.add(id, time.now() + step.delay, refs[id])
        handles[id].reschedule(step.delay)
      }
    }
    if (clock.pendingTimers !== model.pending.size) model.violations.push('the number of pending timers differs')
    if (time.keepsAlive !== [...model.pending.values()].some((one) => one.ref)) model.violations.push('ref differs')
    if (handles.some((handle, id) => handle.active !== model.pending.has(id))) model.violations.push('active differs')
    if (time.armedCount > 1) model.violations.push('more than one underlying timer')
  }
  time.advance(20_000)
  if (model.pending.size > 0) model.violations.push('some never fired')
  if (time.armedCount > 0) model.violations.push('an underlying timer is left')
  return model.violations
}

it(`[P1] the wheel agrees with a plain list of timers on random scripts (seed ${String(SEED)})`, () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60 }), fc.constantFrom(0, 0.4, 0.95), (script, earlyMs) => {
      expect(run(script, earlyMs)).toEqual([])
    }),
    { seed: SEED, numRuns: 600 },
  )
})
