import type { DatagramSink } from '../../../lib/runtime'
import {
  DatagramWord,
  RECEIVE_COLUMNS,
  RingColumns,
  datagramLinkBytes,
  linkOffsets,
} from '../../../lib/native/datagram-layout'
import { DatagramLink } from '../../../lib/native/datagram-link'
import { WORD_BYTES } from '../../../lib/native/layout'
import { LinkHost } from '../../../lib/native/link-host'
import { LIMITS } from './send-model'

const SIZES = { receiveEntries: 16, returnEntries: 16, sendEntries: 64, completionEntries: 256 }
const at = (word: number): number => (word * WORD_BYTES) / 4

class Host extends LinkHost {
  readonly drive = 'inline'
  readonly closed = false
  protected readonly sleeps = new Int32Array(1)
  protected settle(): void {}
  protected setRef(): void {}
  takeRing(): void {
    this.deliver()
  }
}

function make(sink: Partial<DatagramSink>) {
  const shared = (bytes: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(bytes))
  const link = shared(datagramLinkBytes(SIZES))
  const words = new Int32Array(link.buffer)
  new RingColumns(link, linkOffsets(SIZES).receive, RECEIVE_COLUMNS, SIZES.receiveEntries).u16('segmentCount').fill(1)
  const host = new Host()
  const made = new DatagramLink(host, {
    sizes: SIZES,
    memory: { link, transmit: shared(3 * 8192), destinations: shared(32 * 17), slab: shared(64), peers: shared(64) },
    slots: { small: 16, large: 0 },
    limits: { ...LIMITS, maxQueuedPackets: 4 },
    batchSize: 64,
    maxBatchEntries: 4,
    // Less than any run takes.
    maxBatchMs: 1e-6,
    destinations: { family: 'ipv4', capacity: 16 },
    maxKnownPeers: 16,
    writeDestination: () => 0,
    sink: sink as DatagramSink,
    onNotice: () => undefined,
    onRetired: () => undefined,
  })
  host.attach(made)
  return { host, link: made, words }
}

it('[U3] whoever was refused hears that there is room, also while more is received than there is time for', () => {
  let received = 0
  let drains = 0
  const { host, link, words } = make({
    // There is always more than was taken.
    batch: (_, datagrams) => {
      received += datagrams
      Atomics.store(words, at(DatagramWord.receiveTail), received + 8)
    },
    drain: () => drains++,
  })
  link.setReading(true)
  for (let i = 0; i < 4; i++) {
    expect(link.reserve(10, 1, 1)).toBeGreaterThanOrEqual(0)
    link.commit(10, 0, 0, null, 0)
  }
  expect([link.reserve(10, 1, 1), link.sends.needDrain]).toEqual([-1, true])
  link.publish()
  Atomics.store(words, at(DatagramWord.receiveTail), 8)
  host.takeRing()
  expect([received > 0, drains]).toEqual([true, 0])
  // All four were sent.
  Atomics.store(words, at(DatagramWord.sendHead + 1), 4)
  host.takeRing()
  expect([drains, link.sends.needDrain]).toEqual([1, false])
  host.takeRing()
  expect(drains).toBe(1)
  // Its timer stops at the first look.
  link.end()
})

it('[U20] a flush inside the callback does not take for told what the callback still has: a reader that waits for it is woken after', () => {
  const told: boolean[] = []
  const { host, link, words } = make({
    batch: () => {
      // Sends something, which publishes.
      link.reserve(10, 1, 1)
      link.commit(10, 0, 0, null, 0)
      told.push(link.publish())
      expect(Atomics.load(words, at(DatagramWord.receiveHead))).toBe(0)
    },
  })
  link.setReading(true)
  Atomics.store(words, at(DatagramWord.receiveStalled), 1)
  Atomics.store(words, at(DatagramWord.receiveTail), 2)
  link.drain()
  expect(Atomics.load(words, at(DatagramWord.receiveHead))).toBe(2)
  expect([told, link.publish(), link.publish()]).toEqual([[true], true, false])
  link.end()
  expect(host.closed).toBe(false)
})
