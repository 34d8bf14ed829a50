import { LinkHost } from '../../../lib/native/link-host'
import { RingReader, type RingReaderOptions } from '../../../lib/native/ring-reader'

const ENTRIES = 8
const TAIL = 0
const HEAD = 1
const SLEEPS = 2
const WAITS = 3

class Host extends LinkHost {
  readonly drive = 'thread'
  readonly closed = false
  flushes = 0
  protected readonly sleeps = new Int32Array(1)
  override flush(): void {
    this.flushes++
  }
  protected settle(): void {}
  protected setRef(): void {}
}

function make(options: Partial<RingReaderOptions> = {}) {
  const words = new Int32Array(new SharedArrayBuffer(64))
  const host = new Host()
  const runs: [number, number][] = []
  const reader: RingReader = new RingReader(words, {
    tail: TAIL,
    head: HEAD,
    sleeps: SLEEPS,
    entries: ENTRIES,
    maxBatchEntries: 100,
    maxBatchMs: 1000,
    deliver: (first, end) => runs.push([first, end]),
    ready: () => true,
    again: () => reader.drain(host),
    ...options,
  })
  const publish = (tail: number): void => void Atomics.store(words, TAIL, tail)
  return { words, host, runs, reader, publish }
}

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

it('[U5] hands over runs that do not wrap, moves the head behind each, and sleeps', () => {
  const { words, reader, host, runs, publish } = make({ maxBatchEntries: 3 })
  expect(words[SLEEPS]).toBe(1)
  publish(7)
  expect(reader.drain(host)).toBe(true)
  publish(10)
  expect(reader.drain(host)).toBe(true)
  expect(runs).toEqual([
    [0, 3],
    [3, 6],
    [6, 7],
    [7, 8],
    [0, 2],
  ])
  expect([words[HEAD], words[SLEEPS]]).toEqual([10, 1])
})

it('[U5] free-running indices go over 2^32', () => {
  const { words, reader, host, runs, publish } = make({ maxBatchEntries: 2 ** 31, entries: 2 ** 30 })
  for (let tail = 2 ** 29; tail <= 2 ** 32 + 2 ** 29; tail += 2 ** 29) {
    publish(tail | 0)
    reader.drain(host)
  }
  expect([runs.length, words[HEAD] >>> 0]).toEqual([9, 2 ** 29])
})

it('[U51] what comes while it says that it sleeps is taken, unless somebody else has the ring', () => {
  const { words, reader, host, runs, publish } = make()
  let taken = 0
  const between = (): boolean => {
    if (taken++ > 0) return false
    publish(1)
    return true
  }
  const { words: lateWords, reader: late, host: lateHost } = make({ hasOther: between, takeOther: () => undefined })
  // It looked once more, found something, and looked again after that.
  expect([late.drain(lateHost), lateWords[SLEEPS], taken]).toEqual([true, 1, 2])
  publish(1)
  // A ring is under way: the producer has taken the word.
  const asleep = reader.fallAsleep(WAITS, () => {
    Atomics.store(words, WAITS, 0)
    return true
  })
  expect(asleep).toBe(true)
  expect(reader.drain(host)).toBe(true)
  expect(runs).toEqual([[0, 1]])
})

it('[U5] leaves after maxBatchMs and comes back by itself, still awake', async () => {
  const { words, reader, host, runs, publish } = make({ maxBatchEntries: 1, maxBatchMs: 0 })
  publish(3)
  expect([reader.drain(host), words[SLEEPS], runs.length]).toEqual([false, 0, 1])
  await later()
  await later()
  await later()
  expect([runs.length, words[SLEEPS]]).toEqual([3, 1])
})

it('[U5] a callback that throws loses no entry: its own is passed, the rest comes in a later turn', async () => {
  const seen: number[] = []
  const { words, reader, host, publish } = make({
    maxBatchEntries: 1,
    deliver: (first) => {
      seen.push(first)
      if (first === 1) throw new Error('handler')
    },
  })
  publish(4)
  expect(() => reader.drain(host)).toThrow('handler')
  expect([words[HEAD], words[SLEEPS]]).toEqual([2, 0])
  await later()
  expect([seen, words[HEAD], words[SLEEPS]]).toEqual([[0, 1, 2, 3], 4, 1])
})

it('[U5] hands over nothing while it is not ready, and sleeps with entries in the ring', () => {
  let ready = false
  const { words, reader, host, runs, publish } = make({ ready: () => ready })
  publish(2)
  expect([reader.drain(host), runs.length, words[SLEEPS], reader.hasEntries()]).toEqual([true, 0, 1, false])
  ready = true
  expect([reader.hasEntries(), reader.drain(host)]).toEqual([true, true])
  expect(runs).toEqual([[0, 2]])
})

it('[U10] what has to be visible sooner than the head is', () => {
  const order: string[] = []
  const { words, reader, host, publish } = make({
    deliver: () => order.push('deliver'),
    beforeHead: () => order.push(`before ${String(words[HEAD])}`),
  })
  publish(2)
  reader.drain(host)
  expect([order, words[HEAD]]).toEqual([['deliver', 'before 0'], 2])
})
