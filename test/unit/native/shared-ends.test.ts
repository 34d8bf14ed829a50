import {
  DatagramWord,
  LINK_COUNTERS,
  LINK_COUNTERS_AT,
  type LinkCounters,
  datagramLinkBytes,
} from '../../../lib/native/datagram-layout'
import { ownCounts } from '../../../lib/native/datagram-snapshot'
import { LinkLife, WORD_BYTES } from '../../../lib/native/layout'
import { SharedEnds } from '../../../lib/native/shared-ends'

const SIZES = { receiveEntries: 0, returnEntries: 1, sendEntries: 8, completionEntries: 32 }

/** The memory of a link whose thread has sent so many datagrams. */
function linkThatSent(sent: number): { link: Uint8Array; retire: () => void } {
  const link = new Uint8Array(new SharedArrayBuffer(datagramLinkBytes(SIZES)))
  const counters = new Float64Array(link.buffer, LINK_COUNTERS_AT, LINK_COUNTERS.length)
  counters[LINK_COUNTERS.indexOf('queued')] = sent + 1
  counters[LINK_COUNTERS.indexOf('sent')] = sent
  counters[LINK_COUNTERS.indexOf('closed')] = 1
  const words = new Int32Array(link.buffer)
  const retire = (): void => void Atomics.store(words, (DatagramWord.life * WORD_BYTES) / 4, LinkLife.retired)
  return { link, retire }
}

it('[U58] of an end whose thread has gone the figures stay, and nothing else', () => {
  const forgotten: number[] = []
  const ends = new SharedEnds((link) => forgotten.push(link))
  const made = [10, 20, 30].map(linkThatSent)
  expect(made.map(({ link }) => ends.add(link))).toEqual([1, 2, 3])
  expect([ends.gone(), ends.read().map(({ sent }) => sent), forgotten]).toEqual([[], [10, 20, 30], []])
  made[1].retire()
  made[0].retire()
  expect(ends.gone()).toEqual([expect.objectContaining({ queued: 32, sent: 30, closed: 2, pending: 0 })])
  expect([ends.read().map(({ sent }) => sent), forgotten]).toEqual([[30], [1, 2]])
  made[2].retire()
  // Numbers are never used again: the reactor has a link by its number.
  expect(ends.add(linkThatSent(5).link)).toBe(4)
  for (let i = 0; i < 2; i++)
    expect(ends.gone()).toEqual([expect.objectContaining({ queued: 63, sent: 60, closed: 3 })])
  expect(forgotten).toEqual([1, 2, 3])
})

it('[U46] what the reactor had no time to take when the socket ended was dropped: nothing is pending afterwards', () => {
  const counters = Object.fromEntries(LINK_COUNTERS.map((name) => [name, 0])) as unknown as LinkCounters
  const taken = { ...counters, queued: 7, sent: 6, closed: 1, queuedBytes: 70 }
  const own = { queuedPackets: 10, queuedBytes: 100, pendingOf: () => 3 }
  expect(ownCounts(taken, own, false)).toMatchObject({ queued: 10, sent: 6, closed: 1, pending: 3 })
  const ended = ownCounts(taken, own, true)
  expect(ended).toMatchObject({ queued: 10, queuedBytes: 100, sent: 6, closed: 4, pending: 0, pendingLow: 0 })
})
