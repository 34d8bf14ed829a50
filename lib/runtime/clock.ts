/** Time as an argument: every timer and every look at a clock outside this folder goes through here, so that it can be simulated. */

export interface TimerHandle {
  /** Does nothing on a timer that has fired or was cancelled. */
  cancel(): void
  /**
   * Fires `delayMs` from now instead. Arms the timer again if it has fired or was cancelled: one handle serves a connection's
   * idle timer for its whole life.
   */
  reschedule(delayMs: number): void
  /** True until the callback begins, or `cancel()`. */
  readonly active: boolean
}

export interface ScheduleOptions {
  /** The process stays alive until it has fired. Default false; true wherever a user's pending promise depends on it. */
  ref?: boolean
}

export interface Clock {
  /** Monotonic ms with a fraction; simulated: starts at 0. */
  now(): number
  /** `now()` of the current turn of the event loop, at most: cheap enough for every cache hit. */
  coarseNow(): number
  /** ms since the epoch; may be skewed or jump. */
  wallNow(): number
  /**
   * Calls `fn` once, in a later turn: never early. Below 0 and NaN count as 0; above 2^31-1 and Infinity are legal. Timers fire in
   * the order of their deadlines, equal ones in the order in which they were scheduled.
   */
  schedule(delayMs: number, fn: () => void, options?: ScheduleOptions): TimerHandle
  /** Calls `fn` at the same instant, after the running callback and its microtasks. */
  defer(fn: () => void): void
  /** Keeps the process alive. Rejects with `signal.reason`. */
  sleep(ms: number, options?: { signal?: AbortSignal }): Promise<void>
  /**
   * Aborts after `ms` with an error of the name `TimeoutError` and the code `ERR_NETVOLLEY_TIMEOUT`, or with the reason of
   * `parent` when that aborts first. Dispose it when the work is done: until then it holds a timer (not ref'd) and a listener
   * on `parent`.
   */
  deadline(ms: number, parent?: AbortSignal): AbortSignal & Disposable
}
