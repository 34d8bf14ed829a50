import { DatagramWord, SendFlag } from '../../../lib/native/datagram-layout'
import { SPARE_ENTRIES } from '../../../lib/native/send-rings'
import { LIMITS, SendModel } from './send-model'

const ONE = Buffer.from('x')
const fill = (model: SendModel, sendClass: 0 | 1 | 2, count: number): boolean[] =>
  Array.from({ length: count }, () => model.put(ONE, sendClass))

it('[U14] refuses what is above the limit in packets, and takes it again when some are settled', () => {
  const model = new SendModel()
  expect(fill(model, 1, 17)).toEqual([...Array<boolean>(16).fill(true), false])
  expect([model.rings.needDrain, model.rings.pendingPackets, model.rings.queuedPackets]).toEqual([true, 16, 16])
  model.rings.publish()
  model.take(1)
  expect(fill(model, 1, 2)).toEqual([true, false])
})

it('[U14] refuses what is above the limit in bytes, keeps nothing of it, and still takes a smaller one', () => {
  const model = new SendModel()
  expect([model.put(Buffer.alloc(4000)), model.put(Buffer.alloc(97)), model.put(Buffer.alloc(96))]).toEqual([
    true,
    false,
    true,
  ])
  expect(model.rings.pendingBytes).toBe(4096)
})

it('[U9] a run counts as its datagrams, and one above the limit has the empty queue for itself', () => {
  const model = new SendModel()
  expect([model.put(Buffer.alloc(100), 1, 1, 0, 10), model.put(Buffer.alloc(70), 1, 1, 0, 7)]).toEqual([true, false])
  expect(model.rings.pendingPackets).toBe(10)
  model.rings.publish()
  model.takeAll()
  expect([model.put(Buffer.alloc(200), 1, 1, 0, 20), model.put(ONE)]).toEqual([true, false])
})

it('[U18] the high class has room of its own above the limit', () => {
  const model = new SendModel()
  fill(model, 0, 16)
  expect([model.put(ONE, 0), model.put(ONE, 1)]).toEqual([false, false])
  expect(fill(model, 2, 5)).toEqual([true, true, true, true, false])
})

it('[U18] evictLower: a newcomer asks for the eviction of a lower one, as long as there are spare entries', () => {
  const model = new SendModel({ evictLower: true, reservedHighPackets: 0 }, 256)
  fill(model, 0, 16)
  expect(model.put(ONE, 0)).toBe(false)
  expect(fill(model, 1, SPARE_ENTRIES + 1)).toEqual([...Array<boolean>(SPARE_ENTRIES).fill(true), false])
  expect(model.word(DatagramWord.evictionsNormal)).toBe(0)
  model.rings.publish()
  expect([model.word(DatagramWord.evictionsNormal), model.word(DatagramWord.evictionsHigh)]).toEqual([SPARE_ENTRIES, 0])
  // What native code has settled behind the heads is not pending any more.
  model.setWord(DatagramWord.sendSettled, 1)
  expect([model.put(ONE, 2), model.put(ONE, 2)]).toEqual([true, false])
  model.rings.publish()
  expect(model.word(DatagramWord.evictionsHigh)).toBe(1)
})

it('[U18] refuse: nobody is evicted', () => {
  const model = new SendModel({ reservedHighPackets: 0 })
  fill(model, 0, 16)
  expect([model.put(ONE, 2), model.rings.publish(), model.word(DatagramWord.evictionsHigh)]).toEqual([false, true, 0])
})

it('[U3] there is room again when both levels are at the drain ratio, and not before something has moved', () => {
  const model = new SendModel()
  fill(model, 1, 17)
  model.rings.publish()
  expect(model.rings.hasRoom()).toBe(false)
  for (let left = 15; left >= 8; left--) {
    model.take(1)
    expect([left, model.rings.hasRoom()]).toEqual([left, left <= LIMITS.maxQueuedPackets * LIMITS.drainRatio])
  }
})

it('[U3] with a drain ratio of 1 a refusal is not taken back before something has moved', () => {
  const model = new SendModel({ drainRatio: 1 })
  fill(model, 1, 17)
  model.rings.publish()
  expect(model.rings.hasRoom()).toBe(false)
  model.take(1)
  expect(model.rings.hasRoom()).toBe(true)
})

it('[U11] no more tokens are out than there is room for their outcomes', () => {
  const model = new SendModel({ maxQueuedPackets: 4096, maxQueuedBytes: 2 ** 20 }, 16)
  let taken = 0
  for (let i = 0; i < 100; i++) {
    if (model.put(ONE, 1, 1, i + 1)) taken++
    model.rings.publish()
    model.takeAll()
  }
  expect([taken, model.put(ONE)]).toEqual([64, false])
  model.rings.tokenDone()
  expect(model.put(ONE)).toBe(true)
})

it('[U13] flush() is a request of its own, published once', () => {
  const model = new SendModel()
  model.rings.flush()
  expect([model.rings.publish(), model.rings.publish(), model.word(DatagramWord.flushes)]).toEqual([true, false, 1])
})

it('[U10, U8] what lies in a slot or in a stage is named, takes no transmit memory, and comes back', () => {
  const model = new SendModel()
  const entry = { offset: 64, bytes: 10, packets: 1, to: 3, segmentBytes: 0 }
  expect(model.rings.queueElsewhere({ slot: 5, area: 0 }, entry, 1, null)).toBe(true)
  expect(model.rings.queueElsewhere({ slot: -1, area: 2 }, { ...entry, to: 0 }, 1, null)).toBe(true)
  model.rings.publish()
  expect([model.take(1), model.take(1)]).toMatchObject([
    { slot: 5, flags: SendFlag.inPlace, to: 3, area: 0 },
    { area: 2, flags: SendFlag.area, to: 0 },
  ])
  model.rings.refresh()
  expect(model.freed).toEqual([
    [3, 0],
    [0, 2],
  ])
})
