import type { SendBatch, SendOptions, UdpPeer } from '../../../lib/udp'
import { type Faked, bound, codeOf } from './socket'

/** What became of a batch: for each entry of the queue its length and the size of its datagrams, 0 = it is one. */
const entriesOf = ({ fake }: Faked): [number, number][] =>
  fake.wire.map(({ data, segmentBytes }) => [data.length, segmentBytes])

function fill(batch: SendBatch, sizes: readonly number[], to: UdpPeer, options?: SendOptions): void {
  sizes.forEach((size, i) => expect(batch.add(Buffer.alloc(size, i + 1), to, options)).toBe(true))
}

async function sendOf(
  sizes: readonly number[],
  { socket: given, options }: { socket?: Parameters<typeof bound>[0]; options?: SendOptions } = {},
): Promise<[number, number][]> {
  const faked = await bound(given)
  const { socket } = faked
  const batch = socket.createSendBatch({ maxPackets: 256 })
  fill(batch, sizes, socket.peer('127.0.0.1', 9), options)
  expect(socket.sendBatch(batch)).toBe(sizes.length)
  await socket.close()
  expect(Buffer.concat(faked.fake.wire.map(({ data }) => data))).toEqual(
    Buffer.concat(sizes.map((size, i) => Buffer.alloc(size, i + 1))),
  )
  return entriesOf(faked)
}

it('[U8, U24] neighbours of one size to one destination go as one entry; the last may be shorter', async () => {
  expect(await sendOf([16, 16, 16, 16, 16])).toEqual([[80, 16]])
  expect(await sendOf([16, 16, 16, 16, 9])).toEqual([[73, 16]])
  expect(await sendOf([16, 16, 16, 8, 16])).toEqual([
    [56, 16],
    [16, 0],
  ])
})

it('[U8, U24] what is longer, empty, few, or has options of its own goes by itself', async () => {
  expect(await sendOf([16, 16, 16, 24, 24, 24, 24])).toEqual([
    [16, 0],
    [16, 0],
    [16, 0],
    [96, 24],
  ])
  expect(await sendOf([0, 0, 0, 0])).toEqual([
    [0, 0],
    [0, 0],
    [0, 0],
    [0, 0],
  ])
  expect(await sendOf([16, 16, 16])).toEqual([
    [16, 0],
    [16, 0],
    [16, 0],
  ])
  expect(await sendOf([16, 16, 16], { socket: { gsoMinSegments: 3 } })).toEqual([[48, 16]])
  expect(await sendOf([8, 8, 8, 8], { options: { ecn: 1 } })).toEqual([
    [8, 0],
    [8, 0],
    [8, 0],
    [8, 0],
  ])
  // Lengths that leave a gap before the next place.
  expect(await sendOf([5, 5, 5, 5])).toEqual([
    [5, 0],
    [5, 0],
    [5, 0],
    [5, 0],
  ])
})

it('[U18] where a newcomer may push others out, each has an entry of its own', async () => {
  const each = [
    [8, 0],
    [8, 0],
    [8, 0],
    [8, 0],
  ]
  expect(await sendOf([8, 8, 8, 8], { socket: { overflow: 'evictLower' } })).toEqual(each)
})

it('[U8, U24] a run is one message of the kernel: 64 datagrams, 65,507 bytes', async () => {
  expect(await sendOf(Array<number>(130).fill(8))).toEqual([
    [512, 8],
    [512, 8],
    [8, 0],
    [8, 0],
  ])
  expect(await sendOf(Array<number>(10).fill(16000))).toEqual([
    [64000, 16000],
    [64000, 16000],
    [16000, 0],
    [16000, 0],
  ])
})

it('[U8] another destination ends a run; a class has its own', async () => {
  const faked = await bound()
  const { socket } = faked
  const [one, two] = [socket.peer('127.0.0.1', 9), socket.peer('127.0.0.1', 10)]
  const batch = socket.createSendBatch({ maxPackets: 64 })
  fill(batch, [8, 8, 8, 8], one)
  fill(batch, [8, 8, 8, 8], two)
  fill(batch, [8, 8, 8, 8], two, { priority: 255 })
  expect(socket.sendBatch(batch)).toBe(12)
  await socket.close()
  const sent = faked.fake.wire.map(({ to, segmentBytes, data }) => [to?.port, data.length, segmentBytes])
  expect(sent.sort()).toEqual([
    [10, 32, 8],
    [10, 32, 8],
    [9, 32, 8],
  ])
})

it('[U8, U14] a run that does not fit whole goes as far as there is room, and the rest stays in the batch', async () => {
  const faked = await bound({ maxQueuedPackets: 6 })
  const { socket } = faked
  const batch = socket.createSendBatch({ maxPackets: 64 })
  fill(batch, Array<number>(10).fill(8), socket.peer('127.0.0.1', 9))
  expect([socket.sendBatch(batch), batch.count]).toEqual([6, 4])
  const drained = new Promise<void>((resolve) => socket.once('drain', resolve))
  await drained
  expect([socket.sendBatch(batch), batch.count]).toEqual([4, 0])
  await socket.close()
  expect(socket.stats().send).toMatchObject({ packetsQueued: 10, packetsSent: 10, packetsRefused: 4 })
})

it('[U8, U66] an add() that is refused leaves nothing behind: neither a datagram nor a place', async () => {
  const { socket, fake } = await bound()
  const to = socket.peer('127.0.0.1', 9)
  const batch = socket.createSendBatch()
  expect(codeOf(() => batch.add(Buffer.from('x'), to, { priority: 256 }))).toBe('ERR_NETVOLLEY_PRIORITY_INVALID')
  expect(codeOf(() => batch.add(Buffer.from('x')))).toBe('ERR_NETVOLLEY_DESTINATION_REQUIRED')
  expect(codeOf(() => batch.commit(1, to))).toBe('ERR_NETVOLLEY_BATCH_STALE')
  expect([batch.count, batch.add(Buffer.from('y'), to), socket.sendBatch(batch)]).toEqual([0, true, 1])
  await socket.close()
  expect(fake.wire.map(({ data }) => data.toString())).toEqual(['y'])
})
