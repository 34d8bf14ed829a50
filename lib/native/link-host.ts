/** What a link needs of whoever rings it, and what a host needs of its links. */

/** Native code calls the host once a burst, the host asks each of its links. */
export interface EngineLink {
  /** Takes what native code has published. */
  drain(): void
  /** Makes what JavaScript has answered visible. True = there is something native code should look at. */
  publish(): boolean
}

// Taken now: a test that replaces the timers of its program must not stop the sockets.
const nextTick = process.nextTick.bind(process)

/** The links that one reactor has with one JavaScript thread: of the thread that owns it, or of one that was attached to a socket. */
export abstract class LinkHost {
  abstract readonly drive: 'thread' | 'inline'
  /** The word of the reactor that says that it sleeps. */
  protected abstract readonly sleeps: Int32Array
  readonly #links = new Set<EngineLink>()
  #refs = 0
  #delivering = false
  #flushArmed = false
  // Made once: a function that captures `this` costs its context at each call of the one around it, also where it is not needed.
  readonly #flushArmedNow = (): void => {
    this.#flushArmed = false
    this.flush()
  }

  /** Closed: nothing goes to the reactor any more, and nothing comes. */
  abstract get closed(): boolean

  /** Tells the reactor to look. Inline it has done so when this returns. */
  protected abstract settle(): void
  protected abstract setRef(on: boolean): void

  /** @internal */
  attach(link: EngineLink): void {
    this.#links.add(link)
  }

  /** @internal */
  detach(link: EngineLink): void {
    this.#links.delete(link)
  }

  /** @internal */
  protected get links(): ReadonlySet<EngineLink> {
    return this.#links
  }

  /** Counted: the process stays alive while anything of this host wants it to. @internal */
  ref(on: boolean): void {
    this.#refs += on ? 1 : -1
    if (!this.closed && this.#refs === (on ? 1 : 0)) this.setRef(on)
  }

  /**
   * A link has answers that native code has not seen. Within a burst that is settled at its end; otherwise once at the end of the
   * present job. @internal
   */
  scheduleFlush(): void {
    if (this.#delivering || this.#flushArmed || this.closed) return
    this.#flushArmed = true
    nextTick(this.#flushArmedNow)
  }

  /** Native code takes all answers now. Inline it has done so when this returns. @internal */
  flush(): void {
    if (this.closed) return
    let any = false
    for (const link of this.#links) any = link.publish() || any
    if (!any) return
    if (this.drive === 'inline') this.settle()
    // Only a sleeping reactor is rung, and only by whoever takes its word back.
    else if (Atomics.load(this.sleeps, 0) !== 0 && Atomics.exchange(this.sleeps, 0, 0) === 1) this.settle()
  }

  /** The same, with a ring also where nobody seems to sleep: who is about to may have looked too early. @internal */
  settleNow(): void {
    if (this.closed) return
    for (const link of this.#links) link.publish()
    this.settle()
  }

  /** Runs `work`, whose answers go out together. @internal */
  burst(work: () => void): void {
    const outer = this.#delivering
    this.#delivering = true
    try {
      work()
    } finally {
      this.#delivering = outer
      if (!outer) this.flush()
    }
  }

  /** Native code has rung. */
  protected deliver(): void {
    const errors: unknown[] = []
    this.#delivering = true
    for (const link of this.#links) {
      try {
        link.drain()
      } catch (error) {
        // The ring was for all links: the others must be asked too, or nobody ever would.
        errors.push(error)
      }
    }
    this.#delivering = false
    // Inline, the turn that called takes the answers by itself.
    if (this.drive === 'inline') for (const link of this.#links) link.publish()
    else this.flush()
    if (errors.length > 0) throw errors[0]
  }
}
