import type { ReceivedBatch } from '../../../lib/udp'
import { FROM, bound, codeOf, turns } from './socket'

type Bound = Awaited<ReturnType<typeof bound>>

async function received(
  { socket, fake }: Bound,
  texts: readonly string[],
  use: (batch: ReceivedBatch) => void,
): Promise<void> {
  socket.onBatch = use
  for (const text of texts) fake.arrive(Buffer.from(text), FROM)
  await turns(3)
}

it('[U5] one object for every burst, and its columns say where each datagram lies', async () => {
  const made = await bound()
  const seen: ReceivedBatch[] = []
  const texts: string[] = []
  const use = (batch: ReceivedBatch): void => {
    seen.push(batch)
    expect([batch.count, batch.datagrams, batch.bytes]).toEqual([2, 2, 4])
    for (let i = batch.first; i < batch.end; i++) {
      texts.push(batch.slab.subarray(batch.offset[i], batch.offset[i] + batch.length[i]).toString())
      expect(batch.view(i).toString()).toBe(texts.at(-1))
      expect([batch.addressOf(i), batch.port[i], batch.family[i]]).toEqual([FROM.address, FROM.port, 4])
      expect(batch.peerOf(i)).toMatchObject(FROM)
    }
  }
  await received(made, ['ab', 'cd'], use)
  await received(made, ['ef', 'gh'], use)
  expect(texts).toEqual(['ab', 'cd', 'ef', 'gh'])
  expect(seen[0]).toBe(seen[1])
  expect(codeOf(() => seen[0].view(0))).toBe('ERR_NETVOLLEY_BATCH_STALE')
  expect(codeOf(() => seen[0].retain())).toBe('ERR_NETVOLLEY_BATCH_STALE')
  made.socket.destroy()
})

it('[U26] forEachDatagram() unfolds what was joined', async () => {
  const made = await bound({}, { gro: true })
  const texts: string[] = []
  await received(made, ['aaa', 'bbb', 'c'], (batch) => {
    expect([batch.count, batch.datagrams]).toEqual([1, 3])
    batch.forEachDatagram((offset, length) => texts.push(batch.slab.subarray(offset, offset + length).toString()))
  })
  expect(texts).toEqual(['aaa', 'bbb', 'c'])
  made.socket.destroy()
})

it('[U10] replyInPlace() answers what was joined by datagrams of the same size, also from a lease that was copied', async () => {
  for (const keepsNothing of [false, true]) {
    const made = await bound({}, { gro: true, keepsNothing })
    await received(made, ['aaa', 'bbb', 'c'], (batch) => {
      const lease = batch.retain()
      expect(lease.replyInPlace(0, 7)).toBe(true)
      expect(lease.replyInPlace(0, 3)).toBe(true)
      lease.slab.write('longer', lease.offset[0])
      expect(lease.replyInPlace(0, 9)).toBe(true)
      expect(codeOf(() => lease.replyInPlace(0, 2049))).toBe('ERR_NETVOLLEY_OPTION_INVALID')
      lease.release()
    })
    await turns(3)
    const sent = made.fake.wire.map(({ data, segmentBytes }) => [data.length, segmentBytes])
    expect(sent).toEqual([
      [7, 3],
      [3, 0],
      [9, 3],
    ])
    expect(made.socket.stats().send.packetsQueued).toBe(7)
    made.socket.destroy()
  }
})

it('[U6] a lease outlives its callback, and gives its slots back once', async () => {
  const made = await bound()
  const leases: ReceivedBatch[] = []
  await received(made, ['ab', 'cd'], (batch) => {
    const lease = batch.retain()
    expect(batch.retain()).toBe(lease)
    leases.push(lease)
  })
  await received(made, ['ef'], (batch) => leases.push(batch.retain()))
  expect(made.socket.stats().memory.leasesActive).toBe(2)
  const [first, second] = leases
  expect([first.first, first.count, first.copy(1).toString()]).toEqual([0, 2, 'cd'])
  expect(first.retain()).toBe(first)
  // In any order.
  second.release()
  expect(made.fake.given).toEqual([2])
  first.release()
  first.release()
  first[Symbol.dispose]()
  expect(made.fake.given).toEqual([2, 0, 1])
  expect(codeOf(() => first.view(0))).toBe('ERR_NETVOLLEY_LEASE_RELEASED')
  expect(codeOf(() => first.retain())).toBe('ERR_NETVOLLEY_LEASE_RELEASED')
  expect(made.socket.stats().memory).toMatchObject({ leasesActive: 0, leasesCopied: 0 })
  made.socket.destroy()
})

it('[U6] while too much is held a lease is a copy: it never fails, and can still be answered', async () => {
  const made = await bound({}, { keepsNothing: true })
  const leases: ReceivedBatch[] = []
  await received(made, ['ab', 'cd'], (batch) => leases.push(batch.retain()))
  made.fake.columns.slab.fill(0)
  const [lease] = leases
  expect([lease.view(0).toString(), lease.view(1).toString(), lease.addressOf(1)]).toEqual(['ab', 'cd', FROM.address])
  lease.reply(0, Buffer.from('answer'))
  lease.replyInPlace(1, 1)
  lease.release()
  await turns(3)
  expect(made.fake.wire.map(({ data, to }) => [data.toString(), to?.port])).toEqual([
    ['answer', FROM.port],
    ['c', FROM.port],
  ])
  expect(made.fake.given).toEqual([])
  expect(made.socket.stats().memory).toMatchObject({ leasesActive: 0, leasesCopied: 1 })
  made.socket.destroy()
})

it('[U7] debug: the columns of what is over throw, and so does a slot that was used again (regression 24)', async () => {
  const made = await bound({ poison: true })
  const kept: { batch: ReceivedBatch; lease: ReceivedBatch }[] = []
  await received(made, ['ab'], (batch) => kept.push({ batch, lease: batch.retain() }))
  const [{ batch, lease }] = kept
  expect(codeOf(() => batch.offset)).toBe('ERR_NETVOLLEY_BATCH_STALE')
  expect(lease.view(0).toString()).toBe('ab')
  made.fake.giveBack(Uint32Array.of(0))
  expect(codeOf(() => lease.view(0))).toBe('ERR_NETVOLLEY_BATCH_STALE')
  lease.release()
  expect(codeOf(() => lease.length)).toBe('ERR_NETVOLLEY_LEASE_RELEASED')
  made.socket.destroy()
})

it('[U7] a lease that is held too long is reported', async () => {
  const made = await bound({ leaseWarnMs: 5 })
  const warned = new Promise((resolve) => made.socket.once('leaseWarning', resolve))
  const leases: ReceivedBatch[] = []
  await received(made, ['ab'], (batch) => leases.push(batch.retain()))
  expect(await warned).toEqual({ kind: 'held', entries: 1 })
  leases[0].release()
  made.socket.destroy()
})

it('[U10] reply() and replyInPlace() go back to the sender, from where the question came', async () => {
  const made = await bound({ packetInfo: true })
  await received(made, ['question'], (batch) => {
    expect(batch.localAddressOf(batch.first)).toBe('127.0.0.1')
    batch.reply(batch.first, Buffer.from('one'))
    batch.slab[batch.offset[batch.first]] = 0x51
    batch.replyInPlace(batch.first, 8, { interfaceIndex: 3 })
  })
  await turns(3)
  expect(made.fake.wire.map(({ data, to, meta }) => [data.toString(), to, meta])).toEqual([
    ['one', FROM, { localAddress: '127.0.0.1', interfaceIndex: 1 }],
    ['Question', FROM, { localAddress: '127.0.0.1', interfaceIndex: 3 }],
  ])
  expect(made.fake.calls.filter((call) => call.startsWith('sendSlot'))).toEqual(['sendSlot 0'])
  made.socket.destroy()
})

it('[U33] timestamps are ms since the epoch, NaN where they were not asked for', async () => {
  const times: number[] = []
  for (const timestamps of ['software', false] as const) {
    const made = await bound({ timestamps })
    await received(made, ['x'], (batch) => times.push(batch.timestampMsOf(batch.first)))
    made.socket.destroy()
  }
  expect(times).toEqual([1_700_000_000_250, NaN])
})
