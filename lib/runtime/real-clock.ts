import type { Clock, ScheduleOptions, TimerHandle } from './clock'
import { deadlineOn, sleepOn } from './clock-waits'
import { nodeTimeDriver, type TimeDriver } from './time-driver'
import { TimerEntry } from './timer-list'
import { TimerWheel } from './timer-wheel'

/**
 * The clock of the real world: `performance.now()` and one timer wheel. A timer is never early, and at most one tick (1 ms) late as
 * far as the wheel is concerned; a busy event loop adds its own delay.
 */
export class RealClock implements Clock {
  private readonly driver: TimeDriver
  private readonly wheel: TimerWheel
  private coarse: number | null = null

  /** @param driver only tests pass one */
  constructor(driver: TimeDriver = nodeTimeDriver) {
    this.driver = driver
    this.wheel = new TimerWheel(driver)
  }

  /** Timers that have neither fired nor been cancelled; 0 when everything that used this clock is closed. */
  get pendingTimers(): number {
    return this.wheel.pending
  }

  now(): number {
    return this.driver.now()
  }

  coarseNow(): number {
    if (this.coarse === null) {
      this.coarse = this.driver.now()
      this.driver.afterTurn(this.forgetCoarse)
    }
    return this.coarse
  }

  wallNow(): number {
    return this.driver.wallNow()
  }

  schedule(delayMs: number, fn: () => void, options?: ScheduleOptions): TimerHandle {
    const timer = new WheelTimer(this.wheel, fn, options?.ref === true)
    this.wheel.insert(timer, delayMs)
    return timer
  }

  defer(fn: () => void): void {
    this.driver.defer(fn)
  }

  sleep(ms: number, options?: { signal?: AbortSignal }): Promise<void> {
    return sleepOn(this, ms, options?.signal)
  }

  deadline(ms: number, parent?: AbortSignal): AbortSignal & Disposable {
    return deadlineOn(this, ms, parent)
  }

  private readonly forgetCoarse = (): void => {
    this.coarse = null
  }
}

/** Entry and handle in one object: one allocation per timer. */
class WheelTimer extends TimerEntry implements TimerHandle {
  private readonly wheel: TimerWheel

  constructor(wheel: TimerWheel, fn: () => void, ref: boolean) {
    super(fn, ref)
    this.wheel = wheel
  }

  get active(): boolean {
    return this.list !== null
  }

  cancel(): void {
    this.wheel.remove(this)
  }

  reschedule(delayMs: number): void {
    this.wheel.move(this, delayMs)
  }
}
