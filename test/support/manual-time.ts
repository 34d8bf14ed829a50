/** A `TimeDriver` whose time moves only by `advance()`: the wheel's own lateness and order, free of any real event loop. */
import type { ArmedTimer, TimeDriver } from '../../lib/runtime/time-driver'

interface Armed {
  atMs: number
  fn: () => void
  ref: boolean
}

export class ManualTime implements TimeDriver {
  /** The underlying timer fires that much too early, as libuv's does by up to 1 ms. */
  earlyMs = 0
  /** Delays with which the underlying timer was armed. */
  readonly armedDelays: number[] = []
  /** What callbacks threw, in order: Node would report each as an uncaught exception and go on. */
  readonly uncaught: unknown[] = []
  private nowMs: number
  private armed: Armed[] = []
  private deferred: (() => void)[] = []
  private turnEnds: (() => void)[] = []

  constructor(startMs = 0) {
    this.nowMs = startMs
  }

  now(): number {
    return this.nowMs
  }

  wallNow(): number {
    return 1_000_000 + this.nowMs
  }

  arm(delayMs: number, fn: () => void): ArmedTimer {
    this.armedDelays.push(delayMs)
    const entry: Armed = { atMs: this.nowMs + Math.max(delayMs - this.earlyMs, 0.05), fn, ref: true }
    this.armed.push(entry)
    return {
      ref: () => void (entry.ref = true),
      unref: () => void (entry.ref = false),
      cancel: () => void (this.armed = this.armed.filter((one) => one !== entry)),
    }
  }

  defer(fn: () => void): void {
    this.deferred.push(fn)
  }

  afterTurn(fn: () => void): void {
    this.turnEnds.push(fn)
  }

  /** Underlying timers: 0 or 1 in a correct wheel. */
  get armedCount(): number {
    return this.armed.length
  }

  /** Whether the process would stay alive. */
  get keepsAlive(): boolean {
    return this.armed.some((one) => one.ref) || this.deferred.length > 0
  }

  /** One callback of the event loop. */
  turn(fn: () => void): void {
    try {
      fn()
    } catch (error) {
      this.uncaught.push(error)
    }
    for (const end of this.turnEnds.splice(0)) end()
  }

  advance(ms: number): void {
    for (const turn of this.turns(ms)) this.turn(turn)
  }

  /** As `advance()`, with the microtasks of each turn run before the next one. */
  async advanceWithMicrotasks(ms: number): Promise<void> {
    for (const turn of this.turns(ms)) {
      this.turn(turn)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Time stands still while code runs, unless a callback calls `stall()`. */
  stall(ms: number): void {
    this.nowMs += ms
  }

  private *turns(ms: number): Generator<() => void> {
    const endMs = this.nowMs + ms
    for (;;) {
      const deferred = this.deferred.shift()
      if (deferred !== undefined) {
        yield deferred
        continue
      }
      const next = this.armed.reduce<Armed | null>((a, b) => (a === null || b.atMs < a.atMs ? b : a), null)
      if (next === null || next.atMs > endMs) break
      this.armed = this.armed.filter((one) => one !== next)
      this.nowMs = Math.max(this.nowMs, next.atMs)
      yield next.fn
    }
    this.nowMs = Math.max(this.nowMs, endMs)
  }
}
