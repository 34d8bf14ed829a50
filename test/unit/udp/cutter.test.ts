import type { UdpMessageInfo } from '../../../lib/udp'
import { FROM, bound, codeOf, turns } from './socket'

const texts = (list: readonly Buffer[]): string[] => list.map(String)

it('[U4] each message is an owned Buffer, and its info is as that of node:dgram', async () => {
  const { socket, fake } = await bound()
  const got: [Buffer, UdpMessageInfo][] = []
  socket.on('message', (data, info) => got.push([data, info]))
  fake.arrive(Buffer.from('one'), FROM)
  fake.arrive(Buffer.from('two'), FROM)
  await turns(3)
  fake.columns.slab.fill(0)
  expect(texts(got.map(([data]) => data))).toEqual(['one', 'two'])
  const [[data, info], [, second]] = got
  expect(Buffer.isBuffer(data)).toBe(true)
  expect({ ...info, peer: undefined }).toEqual({ ...FROM, size: 3, peer: undefined })
  // One object for each (peer, size), not for each packet.
  expect(second).toBe(info)
  expect(Object.isFrozen(info)).toBe(true)
  socket.destroy()
})

it('[U44] an empty datagram is a message of length 0: first, middle and last of a burst (regression 8)', async () => {
  const { socket, fake } = await bound()
  const got: Buffer[] = []
  socket.on('message', (data) => got.push(data))
  for (const text of ['', 'a', '', 'b', '']) fake.arrive(Buffer.from(text), FROM)
  await turns(3)
  expect(texts(got)).toEqual(['', 'a', '', 'b', ''])
  socket.destroy()
})

it('[U26] GRO is unfolded: one message for each datagram, the last of which may be shorter', async () => {
  const { socket, fake } = await bound({}, { gro: true })
  const got: Buffer[] = []
  socket.on('message', (data) => got.push(data))
  for (const text of ['aaaa', 'bbbb', 'cc']) fake.arrive(Buffer.from(text), FROM)
  await turns(3)
  expect(texts(got)).toEqual(['aaaa', 'bbbb', 'cc'])
  expect(socket.stats().receive).toMatchObject({ packetsReceived: 3, packetsDelivered: 3, packetsInRing: 0 })
  socket.destroy()
})

it('[U4] a kept message keeps one chunk of 16 KiB alive, not the slab (regression 23)', async () => {
  const { socket, fake } = await bound()
  const got: Buffer[] = []
  socket.on('message', (data) => got.push(data))
  for (let i = 0; i < 64; i++) fake.arrive(Buffer.alloc(1000, i), FROM)
  await turns(3)
  expect(got.length).toBe(64)
  expect(got.map((data, i) => data.every((byte) => byte === i))).toEqual(got.map(() => true))
  expect(Math.max(...got.map(({ buffer }) => buffer.byteLength))).toBeLessThanOrEqual(16384)
  socket.destroy()
})

it('[U30, U31, U32, U33] what the socket was asked to receive is in the info', async () => {
  const options = { ecn: true, packetInfo: true, receiveHopLimit: true, timestamps: 'software' } as const
  const { socket, fake } = await bound(options)
  const got: UdpMessageInfo[] = []
  socket.on('message', (_, info) => got.push(info))
  fake.arrive(Buffer.from('x'), FROM, { trafficClass: 0xb9, hopLimit: 7 })
  await turns(3)
  expect(got[0]).toMatchObject({
    ecn: 1,
    hopLimit: 7,
    localAddress: '127.0.0.1',
    interfaceIndex: 1,
    timestampMs: 1_700_000_000_250,
  })
  socket.destroy()
})

it('[U4] a listener that throws costs no other message; its error comes after the burst (regression 25)', async () => {
  const { socket, fake } = await bound()
  const got: string[] = []
  socket.on('message', (data) => {
    got.push(data.toString())
    if (got.length === 2) throw new Error('thrown by the second')
  })
  // The fake's turn is where the error goes: the native one ends in an uncaught exception, as of any callback.
  const uncaught: unknown[] = []
  const deliver = socket.emit.bind(socket)
  expect(deliver).toBeDefined()
  const batch = fake.sink.batch.bind(fake.sink)
  fake.sink.batch = (burst, datagrams) => {
    try {
      batch(burst, datagrams)
    } catch (error) {
      uncaught.push(error)
    }
  }
  for (const text of ['a', 'b', 'c']) fake.arrive(Buffer.from(text), FROM)
  await turns(3)
  expect(got).toEqual(['a', 'b', 'c'])
  expect(uncaught.map(String)).toEqual(['Error: thrown by the second'])
  socket.destroy()
})

it('[U49] pause() in a listener stops at once, and nothing is lost', async () => {
  const { socket, fake } = await bound()
  const got: string[] = []
  socket.on('message', (data) => {
    got.push(data.toString())
    if (got.length === 2) socket.pause()
  })
  for (const text of ['a', 'b', 'c', 'd']) fake.arrive(Buffer.from(text), FROM)
  await turns(3)
  expect([got, fake.reading, socket.explain().receiving.heldMessages]).toEqual([['a', 'b'], false, 2])
  fake.arrive(Buffer.from('e'), FROM)
  socket.resume()
  await turns(5)
  expect(got).toEqual(['a', 'b', 'c', 'd', 'e'])
  socket.destroy()
})

it('[U4, U5] messages and onBatch exclude each other', async () => {
  const { socket } = await bound()
  const listener = (): void => undefined
  socket.on('message', listener)
  expect(codeOf(() => (socket.onBatch = () => undefined))).toBe('ERR_NETVOLLEY_RECEIVE_MODE')
  socket.off('message', listener)
  socket.onBatch = () => undefined
  expect(codeOf(() => socket.once('message', listener))).toBe('ERR_NETVOLLEY_RECEIVE_MODE')
  expect(codeOf(() => socket.messages()[Symbol.asyncIterator]())).toBe('ERR_NETVOLLEY_RECEIVE_MODE')
  expect(socket.listenerCount('message')).toBe(0)
  socket.destroy()
})

it('[U4] nothing is read while nobody receives (regression 7)', async () => {
  const { socket, fake } = await bound()
  fake.arrive(Buffer.from('early'), FROM)
  await turns(3)
  expect(fake.reading).toBe(false)
  const got: string[] = []
  socket.once('message', (data) => got.push(data.toString()))
  await turns(3)
  expect([got, fake.reading]).toEqual([['early'], false])
  socket.removeAllListeners()
  socket.on('message', (data) => got.push(data.toString()))
  fake.arrive(Buffer.from('late'), FROM)
  await turns(3)
  expect(got).toEqual(['early', 'late'])
  socket.destroy()
})

it('[U50] messages() stops the socket when its reader is behind, and ends with the socket', async () => {
  const { socket, fake } = await bound()
  const got: string[] = []
  const stream = socket.messages({ maxBuffered: 4 })
  const iterator = stream[Symbol.asyncIterator]()
  for (let i = 0; i < 6; i++) fake.arrive(Buffer.from(String(i)), FROM)
  await turns(3)
  expect(fake.reading).toBe(false)
  for (let i = 0; i < 6; i++) got.push((await iterator.next()).value?.data.toString() ?? 'none')
  expect([got, fake.reading]).toEqual([['0', '1', '2', '3', '4', '5'], true])
  const last = iterator.next()
  await socket.close()
  expect(await last).toEqual({ done: true, value: undefined })
  expect(await iterator.next()).toEqual({ done: true, value: undefined })
})

it('[U50] messages() rejects with the reason of its signal, and then no longer receives', async () => {
  const { socket, fake } = await bound()
  const abort = new AbortController()
  const reason = new Error('enough')
  const loop = (async () => {
    for await (const { data } of socket.messages({ signal: abort.signal })) if (data.length === 0) break
  })()
  abort.abort(reason)
  await expect(loop).rejects.toBe(reason)
  expect(fake.reading).toBe(false)
  for await (const { data } of (fake.arrive(Buffer.from('x'), FROM), socket.messages())) {
    expect(data.toString()).toBe('x')
    break
  }
  expect(fake.reading).toBe(false)
  socket.destroy()
})
