/**
 * A hashed timer wheel of 1 ms ticks over one underlying timer (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987,
 * scheme 6): a timer due in tick t lies in slot t mod SLOTS, however many rounds away it is, so that schedule, cancel and
 * reschedule cost the same for ten timers and for a million.
 */
import type { ArmedTimer, TimeDriver } from './time-driver'
import { type TimerEntry, TimerList } from './timer-list'

/** One round takes 4.1 s: most timers of a connection are visited a few times in their life. Power of two. */
const SLOTS = 4096
const MASK = SLOTS - 1
/** Node turns a longer delay into 1 ms. */
const MAX_ARM_MS = 2 ** 31 - 1

export class TimerWheel {
  private readonly driver: TimeDriver
  private readonly slots: TimerList[] = Array.from({ length: SLOTS }, () => new TimerList())
  /** Per slot a lower bound of its deadlines, never below `sweptTick`. A cancel leaves it too low: one look at that slot, no more. */
  private readonly earliest = new Float64Array(SLOTS).fill(Infinity)
  /** Timers whose tick has come, in the order in which they will fire. */
  private readonly due = new TimerList()
  /** Below this tick nothing is left in the slots. */
  private sweptTick = 0
  private pendingCount = 0
  private refCount = 0
  private armed: ArmedTimer | null = null
  private armedMs = Infinity
  private armedRef = false

  constructor(driver: TimeDriver) {
    this.driver = driver
  }

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.pendingCount
  }

  insert(entry: TimerEntry, delayMs: number): void {
    const now = this.driver.now()
    entry.deadlineMs = now + (delayMs > 0 ? delayMs : 0)
    const slot = Math.floor(entry.deadlineMs) & MASK
    const list = this.slots[slot]
    if (entry.deadlineMs < this.earliest[slot]) this.earliest[slot] = entry.deadlineMs
    list.append(entry)
    this.pendingCount++
    if (entry.ref) this.refCount++
    if (entry.deadlineMs < this.armedMs || this.armed === null) this.arm(entry.deadlineMs, now)
    this.syncRef()
  }

  /** Does nothing for an entry that is not pending. */
  remove(entry: TimerEntry): void {
    if (entry.list === null) return
    this.unlink(entry, entry.list)
    this.syncRef()
  }

  /** The underlying timer stays as it is: an idle timer that is moved with every packet costs one early wake-up per period. */
  move(entry: TimerEntry, delayMs: number): void {
    if (entry.list !== null) this.unlink(entry, entry.list)
    this.insert(entry, delayMs)
  }

  private unlink(entry: TimerEntry, list: TimerList): void {
    list.remove(entry)
    this.pendingCount--
    if (entry.ref) this.refCount--
  }

  private arm(deadlineMs: number, now: number): void {
    this.armed?.cancel()
    this.armedMs = deadlineMs
    // Rounded up: Node cuts fractions off, and to wake before the deadline would be a wake-up for nothing.
    this.armed = this.driver.arm(Math.min(Math.max(Math.ceil(deadlineMs - now), 1), MAX_ARM_MS), this.wake)
    this.armedRef = true
  }

  private syncRef(): void {
    if (this.armed === null) return
    if (this.pendingCount === 0) {
      this.armed.cancel()
      this.armed = null
      this.armedMs = Infinity
      return
    }
    const ref = this.refCount > 0
    if (ref === this.armedRef) return
    this.armedRef = ref
    if (ref) this.armed.ref()
    else this.armed.unref()
  }

  private readonly wake = (): void => {
    const now = this.driver.now()
    this.armed = null
    this.armedMs = Infinity
    const dueCount = this.sweep(now)
    const next = this.nextDeadline()
    if (next !== null) this.arm(next, now)
    this.syncRef()
    // All but the first get a turn of their own, so that what a callback leaves to its microtasks (the code after an `await
    // sleep()`) runs before the next timer, as it does with Node's timers and in the simulator; and so that a callback that
    // throws, which is an uncaught exception, takes nothing with it: the wheel is armed and in order before the first one runs.
    for (let i = 1; i < dueCount; i++) this.driver.defer(this.fireNext)
    if (dueCount > 0) this.fireNext()
  }

  private readonly fireNext = (): void => {
    const entry = this.due.head
    // A timer that was due has been cancelled or rescheduled since: its turn remains, with nothing to do.
    if (entry === null) return
    this.unlink(entry, this.due)
    this.syncRef()
    entry.fn()
  }

  /** Moves what is due to the end of `due`, ordered. @returns how many */
  private sweep(now: number): number {
    const nowTick = Math.floor(now)
    const found: TimerEntry[] = []
    for (let tick = Math.max(this.sweptTick, nowTick - MASK); tick <= nowTick; tick++) {
      const slot = tick & MASK
      if (this.earliest[slot] <= now) this.sweepSlot(slot, now, found)
    }
    this.sweptTick = nowTick
    // The sort is stable, and equal deadlines share a slot, whose list is in the order of scheduling.
    found.sort((a, b) => a.deadlineMs - b.deadlineMs)
    for (const entry of found) this.due.append(entry)
    return found.length
  }

  private sweepSlot(slot: number, now: number, found: TimerEntry[]): void {
    const list = this.slots[slot]
    let earliest = Infinity
    for (let entry = list.head; entry !== null;) {
      const next: TimerEntry | null = entry.next
      if (entry.deadlineMs <= now) {
        list.remove(entry)
        found.push(entry)
      } else {
        earliest = Math.min(earliest, entry.deadlineMs)
      }
      entry = next
    }
    this.earliest[slot] = earliest
  }

  /** @returns a lower bound of the deadlines in the slots, or null when they are empty */
  private nextDeadline(): number | null {
    if (this.pendingCount === 0) return null
    let next = Infinity
    let empty = true
    for (let tick = this.sweptTick; tick < this.sweptTick + SLOTS; tick++) {
      const slot = tick & MASK
      if (this.slots[slot].head === null) continue
      if (this.earliest[slot] < tick + 1) return this.earliest[slot]
      next = Math.min(next, this.earliest[slot])
      empty = false
    }
    return empty ? null : next
  }
}
