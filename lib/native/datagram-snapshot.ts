import { performance } from 'node:perf_hooks'
import type { SendCounts } from '../runtime'
import {
  COUNTED_ERRORS,
  DatagramWord,
  LINK_COUNTERS,
  LINK_COUNTERS_AT,
  type LinkCounters,
  PAGE_COUNTERS_AT,
  SOCKET_COUNTERS,
} from './datagram-layout'
import { WORD_BYTES } from './layout'

const WORD = WORD_BYTES / 4
/** The reactor writes for about a microsecond, once a turn: whoever comes in between looks again. */
const TRIES_AT_ONCE = 100
/** Its thread was stopped in the middle: then the CPU is given to it. */
const WAIT_MS = 0.1
const MOST_TRIES = 10_000

/** Cells that native code writes under an epoch, which is odd meanwhile. */
class CounterCells {
  readonly #words: Int32Array
  readonly #epoch: number
  readonly #cells: Float64Array
  readonly #copy: Float64Array

  constructor(memory: Uint8Array, epoch: number, at: number, count: number) {
    this.#words = new Int32Array(memory.buffer, memory.byteOffset, epoch + 1)
    this.#epoch = epoch
    this.#cells = new Float64Array(memory.buffer, memory.byteOffset + at, count)
    this.#copy = new Float64Array(count)
  }

  /**
   * All of one moment. The array is used again by the next call.
   *
   * @param alongside reads what native code writes under the same epoch
   */
  read(alongside?: () => void): Float64Array {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const before = Atomics.load(this.#words, this.#epoch)
      if ((before & 1) !== 0) {
        if (tries > TRIES_AT_ONCE) Atomics.wait(this.#words, this.#epoch, before, WAIT_MS)
        continue
      }
      this.#copy.set(this.#cells)
      alongside?.()
      if (Atomics.load(this.#words, this.#epoch) === before) break
    }
    return this.#copy
  }
}

/** The counters of one link. */
export class LinkCounterPage {
  readonly #cells: CounterCells

  constructor(link: Uint8Array) {
    this.#cells = new CounterCells(link, DatagramWord.countersEpoch * WORD, LINK_COUNTERS_AT, LINK_COUNTERS.length)
  }

  read(): LinkCounters {
    const cells = this.#cells.read()
    const result = {} as Record<string, number>
    LINK_COUNTERS.forEach((name, index) => {
      result[name] = cells[index]
    })
    return result as LinkCounters
  }
}

/** The counters of a socket; errors by name. */
export class SocketCounterPage {
  readonly #cells: CounterCells
  readonly #names: readonly string[]

  constructor(page: Uint8Array) {
    this.#cells = new CounterCells(page, 0, PAGE_COUNTERS_AT, SOCKET_COUNTERS.length)
    this.#names = SOCKET_COUNTERS.map(publicName)
  }

  /** @param alongside reads the links of the socket: of the same moment */
  read(alongside?: () => void): Record<string, number> {
    const cells = this.#cells.read(alongside)
    const result: Record<string, number> = {}
    this.#names.forEach((name, index) => {
      result[name] = cells[index]
    })
    return result
  }
}

/** `errors3` is `errorsEBADF`; the last, where all others go, `errorsOther`. */
function publicName(name: string): string {
  const index = /^errors(\d+)$/.exec(name)?.[1]
  return index === undefined ? name : `errors${COUNTED_ERRORS.at(Number(index)) ?? 'Other'}`
}

/** What JavaScript knows of its own link beyond what the reactor has seen. */
export interface OwnSends {
  readonly queuedPackets: number
  readonly queuedBytes: number
  pendingOf(sendClass: 0 | 1 | 2): number
}

/** What was committed a moment ago counts as queued and pending, as if the reactor had taken it. */
export function ownCounts(counters: LinkCounters, own: OwnSends, ended: boolean): SendCounts {
  const late = own.queuedPackets - counters.queued
  // What came after the reactor's last look was never taken.
  if (ended) {
    const { queuedPackets: queued, queuedBytes } = own
    return { ...countsOf(counters), queued, queuedBytes, closed: counters.closed + late }
  }
  let left = late
  const pendingOf = (sendClass: 0 | 1 | 2, known: number): number => {
    const more = Math.min(left, Math.max(0, own.pendingOf(sendClass) - known))
    left -= more
    return known + more
  }
  const counts = countsOf(counters)
  const pendingHigh = pendingOf(2, counters.pendingHigh)
  const pendingNormal = pendingOf(1, counters.pendingNormal)
  return {
    ...counts,
    queued: own.queuedPackets,
    queuedBytes: own.queuedBytes,
    pending: counters.pending + late,
    pendingHigh,
    pendingNormal,
    pendingLow: counters.pendingLow + left,
  }
}

export function countsOf(counters: LinkCounters): SendCounts {
  const { queued, queuedBytes, sent, sentBytes, failed, expired, evicted, aborted, closed, pending } = counters
  const { pendingLow, pendingNormal, pendingHigh, oldestQueuedMs } = counters
  const oldestPendingMs = oldestQueuedMs === 0 ? 0 : Math.max(0, performance.now() - oldestQueuedMs)
  return {
    queued,
    queuedBytes,
    sent,
    sentBytes,
    failed,
    expired,
    evicted,
    aborted,
    closed,
    pending,
    pendingLow,
    pendingNormal,
    pendingHigh,
    oldestPendingMs,
  }
}

export function sumOf(all: readonly SendCounts[]): SendCounts {
  const [first, ...others] = all
  const sum = { ...first } as Record<keyof SendCounts, number>
  for (const one of others) {
    for (const name of Object.keys(sum) as (keyof SendCounts)[]) {
      // Waiting times do not add up.
      sum[name] = name === 'oldestPendingMs' ? Math.max(sum[name], one[name]) : sum[name] + one[name]
    }
  }
  return sum
}
