import { constants } from 'node:os'
import { addon } from '../../../lib/native/addon'
import {
  COMPLETION_COLUMNS,
  COUNTED_ERRORS,
  DATAGRAM_FIELDS,
  DATAGRAM_WORDS,
  DESTINATION_BYTES,
  EVENT_COLUMNS,
  EVENT_ENTRIES,
  LINK_COUNTERS,
  LINK_COUNTERS_AT,
  RECEIVED_PEER,
  RECEIVE_COLUMNS,
  RETURN_COLUMNS,
  SEND_COLUMNS,
  SOCKET_COUNTERS,
  columnOffset,
  datagramLinkBytes,
  linkOffsets,
  sizesArray,
  socketPageBytes,
} from '../../../lib/native/datagram-layout'
import { BACKENDS, type Column } from '../../../lib/native/layout'

const placed = (columns: readonly Column[], entries: number, at: number): object[] =>
  columns.map((column) => ({ ...column, offset: at + columnOffset(columns, entries, column.name) }))

describe.each([
  [1, 1, 1, 1],
  [4096, 2048, 2048, 8192],
  [0, 1, 128, 512],
  [2 ** 20, 2 ** 16, 2 ** 20, 2 ** 22],
])(
  'a link with rings of %i, %i, %i and %i entries',
  (receiveEntries, returnEntries, sendEntries, completionEntries) => {
    const sizes = { receiveEntries, returnEntries, sendEntries, completionEntries }
    const native = addon().datagramLayout(sizesArray(sizes), 1088)

    it('[U46] has the same columns, element sizes and offsets in native code and in TypeScript', () => {
      const at = linkOffsets(sizes)
      expect(native.receive).toEqual(placed(RECEIVE_COLUMNS, receiveEntries, at.receive))
      expect(native.returns).toEqual(placed(RETURN_COLUMNS, returnEntries, at.returns))
      expect(native.sendLow).toEqual(placed(SEND_COLUMNS, sendEntries, at.send[0]))
      expect(native.sendNormal).toEqual(placed(SEND_COLUMNS, sendEntries, at.send[1]))
      expect(native.sendHigh).toEqual(placed(SEND_COLUMNS, sendEntries, at.send[2]))
      expect(native.completions).toEqual(placed(COMPLETION_COLUMNS, completionEntries, at.completions))
      expect(native.events).toEqual(placed(EVENT_COLUMNS, EVENT_ENTRIES, at.events))
    })

    it('[U46] has the same size, words and place of the counters', () => {
      expect(native).toMatchObject({
        linkBytes: datagramLinkBytes(sizes),
        words: DATAGRAM_WORDS,
        countersAt: LINK_COUNTERS_AT,
        pageBytes: socketPageBytes(1088),
        destinationBytes: DESTINATION_BYTES,
        receivedPeer: RECEIVED_PEER,
      })
    })
  },
)

it('[U46] counters, counted errors and fields have the same names in the same order', () => {
  const native = addon().datagramLayout(Uint32Array.of(1, 1, 1, 1), 1)
  expect(native.linkCounters).toEqual(LINK_COUNTERS)
  expect(native.socketCounters).toEqual(SOCKET_COUNTERS)
  expect(native.fields).toEqual(DATAGRAM_FIELDS)
  expect(native.countedErrors).toEqual(COUNTED_ERRORS.map((name) => constants.errno[name]))
})

it('[U52] back ends have the same names in the same order', () => {
  expect(addon().backEnds()).toEqual(BACKENDS)
})
