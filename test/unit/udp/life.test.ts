import { constants } from 'node:os'
import { UdpSocket } from '../../../lib/udp'
import { RealClock, createRuntime } from '../../../lib/runtime'
import { FakeNetwork } from '../../support/fake-datagram-backend'
import { FROM, bound, codeOf, make, rejection, turns } from './socket'

const TO = { address: '127.0.0.1', port: 9 }
const closedOf = (socket: UdpSocket): Promise<void> => new Promise((resolve) => socket.once('close', resolve))

it('[U1] states and events of a life', async () => {
  const { socket, fake } = make()
  const events: string[] = []
  for (const name of ['listening', 'connect', 'error', 'close'] as const) socket.on(name, () => events.push(name))
  expect([socket.state, codeOf(() => socket.address())]).toEqual(['idle', 'ERR_NETVOLLEY_SOCKET_STATE'])
  const binding = socket.bind({ address: '127.0.0.1', port: 5000 })
  expect(socket.state).toBe('binding')
  expect(await binding).toEqual({ address: '127.0.0.1', port: 5000, family: 'IPv4' })
  expect([socket.state, socket.address().port, fake.referenced]).toEqual(['bound', 5000, true])
  expect((await rejection(socket.bind())).code).toBe('ERR_NETVOLLEY_SOCKET_STATE')
  const connecting = socket.connect({ address: 'localhost', port: 9 })
  await connecting
  expect([socket.state, socket.remoteAddress()]).toEqual(['connected', { ...TO, family: 'IPv4' }])
  socket.disconnect()
  expect([socket.state, socket.remoteAddress()]).toEqual(['bound', null])
  const closing = socket.close()
  expect(socket.close()).toBe(closing)
  expect([socket.state, codeOf(() => socket.send('x', TO))]).toEqual(['closing', 'ERR_NETVOLLEY_SOCKET_CLOSED'])
  await closing
  await turns(1)
  expect([socket.state, events]).toEqual(['closed', ['listening', 'connect', 'close']])
  expect([fake.referenced, (await rejection(socket.bind())).code]).toEqual([false, 'ERR_NETVOLLEY_SOCKET_CLOSED'])
})

it('[U1] send() binds, and what it took leaves when the socket is bound', async () => {
  const { socket, fake } = make()
  expect(socket.send('early', TO)).toBe(true)
  expect([socket.state, fake.calls]).toEqual(['binding', ['bind']])
  await turns(3)
  expect(fake.wire.map(({ data }) => data.toString())).toEqual(['early'])
  socket.destroy()
})

it('[U1] a bind that fails rejects with the error of the system, and the socket is closed', async () => {
  const first = await bound()
  const port = first.socket.address().port
  const { socket } = make({}, {}, first.network)
  const errors: unknown[] = []
  socket.on('error', (error) => errors.push(error))
  const closed = closedOf(socket)
  expect(await rejection(socket.bind({ address: '127.0.0.1', port }))).toMatchObject({
    code: 'EADDRINUSE',
    syscall: 'bind',
    address: '127.0.0.1',
    port,
  })
  await closed
  expect([socket.state, errors]).toEqual(['closed', []])
  first.socket.destroy()
})

it('[U1] a bind that nobody waits for fails as an error event, and what was queued has failed', async () => {
  const first = await bound()
  const { socket } = make({ address: '127.0.0.1', port: first.socket.address().port }, {}, first.network)
  const failed = new Promise<Error>((resolve) => socket.once('error', resolve))
  socket.send('lost', TO)
  expect(await failed).toMatchObject({ code: 'EADDRINUSE' })
  expect(socket.stats().send).toMatchObject({ packetsQueued: 1, packetsFailed: 1, packetsPending: 0 })
  first.socket.destroy()
})

it('[U2] a connect that fails leaves the socket bound; another one may succeed', async () => {
  const { socket } = await bound({}, { failPorts: new Map([[7, constants.errno.ENETUNREACH]]) })
  expect(await rejection(socket.connect({ ...TO, port: 7 }))).toMatchObject({ code: 'ENETUNREACH', port: 7 })
  expect(socket.state).toBe('bound')
  expect((await rejection(socket.connect({ address: 'nowhere.invalid', port: 7 }))).code).toBe('ENOTFOUND')
  await socket.connect(TO)
  expect((await rejection(socket.connect(TO))).code).toBe('ERR_NETVOLLEY_SOCKET_STATE')
  socket.destroy()
})

it('[U2] names are resolved by resolvePeer() too', async () => {
  const { socket, network } = await bound()
  const peer = await socket.resolvePeer('localhost', 9)
  expect([peer, network.resolved]).toEqual([expect.objectContaining({ ...TO, family: 'IPv4' }), ['localhost']])
  socket.destroy()
})

it('[U48] close() sends what is queued, even right after queuing (regression 6)', async () => {
  const { socket, fake } = make()
  for (let i = 0; i < 100; i++) socket.send(String(i), TO)
  await socket.close()
  expect(fake.wire.length).toBe(100)
  expect(socket.stats().send).toMatchObject({ packetsQueued: 100, packetsSent: 100, packetsPending: 0 })
})

it('[U48] close() drops the rest after closeTimeoutMs', async () => {
  const { socket } = await bound({ closeTimeoutMs: 5 }, { blocked: true })
  socket.send('stuck', TO)
  await socket.close()
  expect(socket.stats().send).toMatchObject({ packetsSent: 0, packetsPending: 0, packetsDropped: { closed: 1 } })
})

it('[U48] an abort of close() does not wait', async () => {
  const { socket } = await bound({ closeTimeoutMs: 100_000 }, { blocked: true })
  socket.send('stuck', TO)
  const abort = new AbortController()
  const closing = socket.close({ signal: abort.signal })
  abort.abort()
  await closing
  expect(socket.state).toBe('closed')
})

it('[U48] destroy() is at once; its error is told to whoever listens, and nothing after close', async () => {
  const { socket, fake } = await bound()
  const events: unknown[] = []
  socket.on('message', () => events.push('message'))
  socket.on('drain', () => events.push('drain'))
  socket.on('error', (error) => events.push(error))
  const closed = closedOf(socket)
  fake.arrive(Buffer.from('late'), FROM)
  const error = new Error('given')
  socket.destroy(error)
  socket.destroy()
  await closed
  await turns(3)
  expect(events).toEqual([error])
  const silent = await bound()
  silent.socket.destroy(new Error('nobody listens'))
  await closedOf(silent.socket)
})

it('[U48] close() inside a message: the running burst stops, nothing is told any more', async () => {
  const { socket, fake } = await bound()
  const got: string[] = []
  const done = new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      got.push(data.toString())
      void socket.close().then(resolve)
    })
  })
  for (const text of ['a', 'b', 'c']) fake.arrive(Buffer.from(text), FROM)
  await done
  expect(got).toEqual(['a'])
  const { packetsReceived, packetsDelivered, receiveDropped } = socket.stats().receive
  expect([packetsReceived, packetsDelivered, receiveDropped.closed]).toEqual([3, 1, 2])
})

it('[U48] await using closes it', async () => {
  const { socket } = await bound()
  await socket[Symbol.asyncDispose]()
  expect(socket.state).toBe('closed')
})

it('[U48] a socket that dies in the turn in which it opens', async () => {
  const { socket } = make({}, { diesAtOpen: true })
  const told: string[] = []
  socket.on('error', (error) => told.push((error as NodeJS.ErrnoException).code ?? ''))
  const closed = closedOf(socket)
  expect((await socket.bind({ address: '127.0.0.1' })).family).toBe('IPv4')
  await closed
  expect([told, socket.state]).toEqual([['EINVAL'], 'closed'])
})

it('[U1] an aborted signal: nothing is opened; later: the socket ends, and its promise has the reason', async () => {
  const network = new FakeNetwork()
  const runtime = createRuntime({ kind: 'sim', clock: new RealClock(), network })
  const reason = new Error('too late')
  expect(await rejection(UdpSocket.open({ runtime, signal: AbortSignal.abort(reason) }))).toBe(reason)
  expect(network.sockets).toEqual([])
  const abort = new AbortController()
  const opening = UdpSocket.open({ runtime, signal: abort.signal })
  abort.abort(reason)
  expect(await rejection(opening)).toBe(reason)
  await turns(3)
  expect(network.sockets[0].closed).toBe(true)
})

it('[U49] unref() lets the process end, but not while somebody waits', async () => {
  const { socket, fake } = await bound({}, { blocked: true })
  socket.unref()
  expect(fake.referenced).toBe(false)
  const sent = socket.sendAsync('x', TO)
  expect(fake.referenced).toBe(true)
  fake.release()
  await sent
  expect(fake.referenced).toBe(false)
  const closing = socket.close()
  expect(fake.referenced).toBe(true)
  await closing
})

it('[U62] setOptions() sets what it is given, or nothing', async () => {
  const { socket, fake } = await bound()
  socket.setOptions({ batchSize: 8, broadcast: true })
  expect(fake.calls.filter((call) => call.startsWith('set '))).toEqual(['set batchSize 8', 'set broadcast true'])
  expect(codeOf(() => socket.setOptions({ batchSize: 9, agingMs: -1 }))).toBe('ERR_NETVOLLEY_OPTION_INVALID')
  expect(fake.calls).not.toContain('set batchSize 9')
  expect(codeOf(() => socket.setOptions({ sendBufferBytes: 666 }))).toBe('EINVAL')
  socket.destroy()
})

it('[U36] memberships reach the back end; its error is thrown', async () => {
  const { socket, fake } = await bound()
  socket.addMembership('239.0.0.1', { interface: 'lo', source: '127.0.0.1' })
  socket.dropMembership('239.0.0.1')
  expect(fake.calls.filter((call) => call.startsWith('membership'))).toEqual([
    'membership 239.0.0.1 127.0.0.1 lo true',
    'membership 239.0.0.1   false',
  ])
  expect(codeOf(() => socket.addMembership('239.0.0.66'))).toBe('ENOBUFS')
  expect(codeOf(() => socket.addMembership('ff02::1'))).toBe('ERR_NETVOLLEY_ADDRESS_INVALID')
  socket.destroy()
})

it('[U38] shards share one port, and their statistics add up', async () => {
  const network = new FakeNetwork()
  const runtime = createRuntime({ kind: 'sim', clock: new RealClock(), network })
  const open = (more: object): ReturnType<typeof UdpSocket.openShards> =>
    UdpSocket.openShards({ runtime, address: '127.0.0.1', count: 3, ...more })
  const group = await open({ steering: 'cpu' })
  const ports = new Set(group.sockets.map((socket) => socket.address().port))
  expect([ports.size, network.sockets.map(({ options }) => options.reusePort)]).toEqual([1, [true, true, true]])
  expect(network.sockets[0].calls).toContain('steer 3')
  for (const socket of group.sockets) socket.send('x', TO)
  await turns(3)
  expect(group.stats().send).toMatchObject({ packetsSent: 3, packetsDropped: { closed: 0 }, pendingByClass: [0, 0, 0] })
  await group.close()
  expect((await rejection(open({ reuseAddress: true }))).code).toBe('ERR_NETVOLLEY_OPTION_INVALID')
  expect((await rejection(open({ count: 0 }))).code).toBe('ERR_NETVOLLEY_OPTION_INVALID')
})
