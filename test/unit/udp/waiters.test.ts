import { constants } from 'node:os'
import { FakeNetwork } from '../../support/fake-datagram-backend'
import { bound, rejection, turns } from './socket'

const TO = { address: '127.0.0.1', port: 9 }
const { ECONNREFUSED } = constants.errno

it('[U3] false means refused and nothing kept; drain comes once, later, never inside send()', async () => {
  const { socket, fake } = await bound({ maxQueuedPackets: 4 }, { blocked: true })
  let drains = 0
  socket.on('drain', () => drains++)
  expect([1, 2, 3, 4, 5, 6].map((n) => socket.send(String(n), TO))).toEqual([true, true, true, true, false, false])
  expect([socket.needDrain, socket.queuedPackets, socket.queuedBytes, drains]).toEqual([true, 4, 4, 0])
  await turns(3)
  fake.release()
  await turns(3)
  expect([socket.needDrain, socket.queuedPackets, drains]).toEqual([false, 0, 1])
  expect(fake.wire.map(({ data }) => data.toString())).toEqual(['1', '2', '3', '4'])
  expect(socket.stats().send).toMatchObject({ packetsQueued: 4, packetsRefused: 2, packetsSent: 4 })
  socket.destroy()
})

it('[U3] what is sent inside drain is not lost, and a drain that comes late comes once (regression 12)', async () => {
  const { socket, fake } = await bound({ maxQueuedPackets: 2 }, { drainTurns: 5 })
  let left = 20
  const fill = (): void => {
    while (left > 0 && socket.send(String(left), TO)) left--
  }
  let drains = 0
  socket.on('drain', () => {
    drains++
    fill()
  })
  fill()
  await turns(200)
  expect(left).toBe(0)
  expect(fake.wire.map(({ data }) => Number(data))).toEqual(Array.from({ length: 20 }, (_, i) => 20 - i))
  expect([drains, socket.stats().sendCalls.drains, socket.needDrain]).toEqual([drains, drains, false])
  socket.destroy()
})

it('[U11] sendAsync() waits for room in order, and copies what it is given', async () => {
  const { socket, fake } = await bound({ maxQueuedPackets: 2 }, { blocked: true })
  const buffer = Buffer.from('0')
  const order: number[] = []
  const all = Array.from({ length: 6 }, (_, i) => {
    buffer[0] = 48 + i
    return socket.sendAsync(buffer, TO).then(() => order.push(i))
  })
  buffer[0] = 120
  expect(socket.explain().sending).toMatchObject({ queuedPackets: 2, waiting: 4, unsettled: 6, needDrain: false })
  fake.release()
  await Promise.all(all)
  expect(order).toEqual([0, 1, 2, 3, 4, 5])
  expect(fake.wire.map(({ data }) => data.toString()).join('')).toBe('012345')
  expect(socket.stats().send).toMatchObject({ packetsQueued: 6, packetsRefused: 0, packetsSent: 6 })
  socket.destroy()
})

it("[U3, U11] those that wait come first: the user's drain waits until there is room beyond them", async () => {
  const { socket, fake } = await bound({ maxQueuedPackets: 2 }, { blocked: true })
  let drains = 0
  socket.on('drain', () => drains++)
  const all = Array.from({ length: 5 }, (_, i) => socket.sendAsync(String(i), TO))
  expect(socket.send('refused', TO)).toBe(false)
  fake.send(2)
  expect([drains, socket.needDrain, socket.explain().sending.waiting]).toEqual([0, true, 1])
  fake.release()
  await Promise.all(all)
  await turns(3)
  expect([drains, socket.needDrain]).toEqual([1, false])
  socket.destroy()
})

it('[U11] it rejects with the error of the system, and with maxSendWaiters waiting', async () => {
  const failing = await bound({}, { failPorts: new Map([[9, ECONNREFUSED]]) })
  expect(await rejection(failing.socket.sendAsync('x', TO))).toMatchObject({
    code: 'ECONNREFUSED',
    errno: -ECONNREFUSED,
    syscall: 'send',
    address: '127.0.0.1',
    port: 9,
  })
  failing.socket.destroy()
  const { socket } = await bound({ maxQueuedPackets: 1, maxSendWaiters: 1 }, { blocked: true })
  const first = [socket.sendAsync('a', TO), socket.sendAsync('b', TO)].map(rejection)
  expect((await rejection(socket.sendAsync('c', TO))).code).toBe('ERR_NETVOLLEY_QUEUE_FULL')
  socket.destroy()
  expect((await Promise.all(first)).map(({ code }) => code)).toEqual([
    'ERR_NETVOLLEY_SOCKET_CLOSED',
    'ERR_NETVOLLEY_SOCKET_CLOSED',
  ])
})

it('[U11] an abort takes back what waits and what is queued, not what was sent', async () => {
  const { socket, fake } = await bound({ maxQueuedPackets: 1 }, { blocked: true })
  const aborts = [new AbortController(), new AbortController(), new AbortController()]
  const [queued, waiting, later] = aborts.map(({ signal }, i) => socket.sendAsync(String(i), TO, { signal }))
  const reason = new Error('changed my mind')
  aborts[1].abort(reason)
  expect(await rejection(waiting)).toBe(reason)
  aborts[0].abort(reason)
  expect(await rejection(queued)).toBe(reason)
  expect(await rejection(socket.sendAsync('x', TO, { signal: aborts[0].signal }))).toBe(reason)
  fake.release()
  // Room came by the abort; the drain that the fake owes brings the third in.
  await later
  aborts[2].abort(reason)
  expect(fake.wire.map(({ data }) => data.toString())).toEqual(['2'])
  expect(socket.stats().send).toMatchObject({ packetsQueued: 2, packetsSent: 1, packetsDropped: { aborted: 1 } })
  socket.destroy()
})

it('[U41] a datagram that fails is told, and costs the next one nothing', async () => {
  const { socket, fake } = await bound({}, { failPorts: new Map([[9, ECONNREFUSED]]) })
  const errors: unknown[] = []
  socket.on('datagramError', (error) => errors.push({ ...error }))
  socket.send('xyz', TO)
  socket.send('ok', { ...TO, port: 10 })
  await turns(3)
  expect(errors).toEqual([
    { code: 'ECONNREFUSED', errno: -ECONNREFUSED, syscall: 'send', address: '127.0.0.1', port: 9, bytes: 3 },
  ])
  expect(fake.wire.map(({ data }) => data.toString())).toEqual(['ok'])
  expect(socket.explain().lastErrors).toMatchObject([{ event: 'datagramError', code: 'ECONNREFUSED', port: 9 }])
  socket.destroy()
})

it('[U41] at most 100 errors a second are told, and nobody needs to listen (regression 14)', async () => {
  const { socket, fake } = await bound({}, { failPorts: new Map([[9, ECONNREFUSED]]) })
  for (let i = 0; i < 50; i++) socket.send('x', TO)
  await turns(3)
  let told = 0
  socket.on('datagramError', () => told++)
  socket.on('peerError', () => told++)
  for (let i = 0; i < 100; i++) {
    socket.send('x', TO)
    fake.sink.peerError({ errno: -ECONNREFUSED, syscall: 'recvmsg', remote: null, origin: 'icmp', icmpType: 3 })
  }
  await turns(3)
  expect(told).toBe(50)
  expect(socket.stats().errors.errorsSuppressed).toBe(150)
  socket.destroy()
})

it('[U8] a SendBatch hands over a prefix and keeps the rest', async () => {
  for (const stageless of [false, true]) {
    const { socket, fake } = await bound({ maxQueuedPackets: 4 }, { blocked: true, stageless })
    const peer = socket.peer('127.0.0.1', 9)
    const batch = socket.createSendBatch({ maxPackets: 6 })
    for (let i = 0; i < 5; i++) expect(batch.add(Buffer.from(String(i)), peer)).toBe(true)
    const place = batch.reserve(100)
    place?.slab.write('in place', place.offset)
    batch.commit(8, peer, { priority: 255 })
    expect([batch.count, batch.add(Buffer.from('full'), peer), batch.reserve(1)]).toEqual([6, false, null])
    expect([socket.sendBatch(batch), batch.count, socket.needDrain]).toEqual([4, 2, true])
    expect([socket.sendBatch(batch), socket.stats().send.packetsRefused]).toEqual([0, 4])
    await turns(3)
    fake.release()
    await turns(3)
    expect([socket.sendBatch(batch), batch.count]).toEqual([2, 0])
    await turns(3)
    expect(fake.wire.map(({ data }) => data.toString())).toEqual(['0', '1', '2', '3', '4', 'in place'])
    expect(fake.wire.at(-1)?.priority).toBe(2)
    batch.add(Buffer.from('gone'), peer)
    batch.clear()
    await socket.close()
    expect(socket.sendBatch(batch)).toBe(0)
  }
})

it('[U1] peers are pinned until they are released; others are interned, at most 1,024 of them', async () => {
  const { socket, fake } = await bound({ maxPeers: 4096 })
  const peer = socket.peer('127.0.0.1', 9)
  const twin = socket.peer('127.0.0.1', 9)
  expect(fake.pins.get(1)).toBe(2)
  peer.release()
  peer.release()
  twin.release()
  expect(fake.pins.get(1)).toBe(0)
  // A released one is still a destination.
  expect(socket.send('x', peer)).toBe(true)
  for (let port = 1000; port < 2200; port++) socket.send('x', { address: '127.0.0.1', port })
  await turns(3)
  const pinned = [...fake.pins.values()].filter((count) => count > 0)
  expect([pinned.length, Math.max(...pinned)]).toEqual([1024, 1])
  socket.destroy()
})

it('[U1] a full peer table throws ENOBUFS; a peer of another socket is as good as its address', async () => {
  const { socket, network, fake } = await bound({ maxPeers: 16 }, {}, new FakeNetwork())
  const other = (await bound({}, {}, network)).socket
  other.peer('127.0.0.1', 8)
  socket.send('x', other.peer('127.0.0.1', 9))
  await turns(3)
  expect(fake.wire[0].to?.port).toBe(9)
  const pins = Array.from({ length: 15 }, (_, i) => socket.peer('127.0.0.1', 100 + i))
  expect(pins.length).toBe(15)
  expect(() => socket.peer('127.0.0.1', 500)).toThrow('ENOBUFS')
  socket.destroy()
  other.destroy()
})
