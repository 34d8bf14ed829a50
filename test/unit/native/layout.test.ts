import { addon } from '../../../lib/native/addon'
import {
  ENGINE_COUNTERS,
  LINK_WORDS,
  PEER_BYTES,
  REPLY_COLUMNS,
  REQUEST_COLUMNS,
  SERVER_COUNTERS,
  WORD_BYTES,
  linkBytes,
  replyColumnOffset,
  requestColumnOffset,
} from '../../../lib/native/layout'
import { sharedMemories, sharedMemory } from '../../../lib/native/shared-memory'

describe.each([1, 2, 8, 64, 1024, 8192, 2 ** 20])('a ring of %i entries', (entries) => {
  it('[SV27] has the same columns, element sizes and offsets in native code and in TypeScript', () => {
    const { requests, replies } = addon().layout(entries)
    expect(requests).toEqual(
      REQUEST_COLUMNS.map((column, i) => ({ ...column, offset: requestColumnOffset(entries, i) })),
    )
    expect(replies).toEqual(REPLY_COLUMNS.map((column, i) => ({ ...column, offset: replyColumnOffset(entries, i) })))
  })

  it('[SV27] has the same size, and its columns are aligned and do not overlap', () => {
    const { linkBytes: native, wordBytes, linkWords, requests, replies } = addon().layout(entries)
    expect([native, wordBytes, linkWords]).toEqual([linkBytes(entries), WORD_BYTES, LINK_WORDS])
    let free = WORD_BYTES * LINK_WORDS
    for (const { offset, elementBytes } of [...requests, ...replies]) {
      expect(offset).toBeGreaterThanOrEqual(free)
      expect(offset % 64).toBe(0)
      free = offset + elementBytes * entries
    }
    expect(free).toBeLessThanOrEqual(native)
  })
})

it('[SV43] counters and peer records have the same names, order and size', () => {
  const { engineCounters, serverCounters, peerBytes } = addon().layout(8)
  expect(engineCounters).toEqual(ENGINE_COUNTERS)
  expect(serverCounters).toEqual(SERVER_COUNTERS)
  expect(peerBytes).toBe(PEER_BYTES)
})

it('[SV27] shared memory is zeroed, aligned to a word, and areas of one piece do not overlap', () => {
  for (const bytes of [1, 127, 128, 129, 4096]) {
    const view = sharedMemory(bytes)
    expect([view.length, addon().alignedOffset(view), view.every((byte) => byte === 0)]).toEqual([bytes, 0, true])
  }
  const areas = sharedMemories({ a: 1, b: 128, c: 200, d: 7 })
  expect(Object.values(areas).map((area) => [area.length, addon().alignedOffset(area)])).toEqual([
    [1, 0],
    [128, 0],
    [200, 0],
    [7, 0],
  ])
  Object.values(areas).forEach((area, i) => area.fill(i + 1))
  expect(Object.values(areas).every((area, i) => area.every((byte) => byte === i + 1))).toBe(true)
})
