/** What the wheel needs of the world, as an argument: tests drive it by hand, `nodeTimeDriver` by Node's own functions. */
import { performance } from 'node:perf_hooks'

export interface ArmedTimer {
  ref(): void
  unref(): void
  cancel(): void
}

export interface TimeDriver {
  /** Monotonic ms with a fraction. */
  now(): number
  /** ms since the epoch. */
  wallNow(): number
  /** Calls `fn` once, about `delayMs` later; it may well be early. Ref'd at first. */
  arm(delayMs: number, fn: () => void): ArmedTimer
  /** Calls `fn` in a later turn of this event loop iteration. Functions run in order, each followed by its microtasks. */
  defer(fn: () => void): void
  /** Calls `fn` once the running callback has returned. */
  afterTurn(fn: () => void): void
}

export const nodeTimeDriver: TimeDriver = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  arm(delayMs, fn) {
    const timeout = setTimeout(fn, delayMs)
    return {
      ref: () => void timeout.ref(),
      unref: () => void timeout.unref(),
      cancel: () => {
        clearTimeout(timeout)
      },
    }
  },
  defer: (fn) => void setImmediate(fn),
  afterTurn: (fn) => {
    process.nextTick(fn)
  },
}
