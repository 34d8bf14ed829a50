import { FROM, bound, codeOf, make, turns } from './socket'

const TO = { address: '127.0.0.1', port: 9 }

it.each<[string, unknown, unknown, unknown, string]>([
  ['a host name', 'x', { address: 'localhost', port: 9 }, undefined, 'ADDRESS_INVALID'],
  ['no address', 'x', { port: 9 }, undefined, 'ADDRESS_INVALID'],
  ['IPv6 on an IPv4 socket', 'x', { address: '::1', port: 9 }, undefined, 'ADDRESS_INVALID'],
  ['port 0', 'x', { address: '127.0.0.1', port: 0 }, undefined, 'PORT_INVALID'],
  ['port 1.5', 'x', { address: '127.0.0.1', port: 1.5 }, undefined, 'PORT_INVALID'],
  ['no destination', 'x', undefined, undefined, 'DESTINATION_REQUIRED'],
  ['priority 256', 'x', TO, { priority: 256 }, 'PRIORITY_INVALID'],
  ['priority -1', 'x', TO, { priority: -1 }, 'PRIORITY_INVALID'],
  ['priority NaN', 'x', TO, { priority: NaN }, 'PRIORITY_INVALID'],
  ['ecn 4', 'x', TO, { ecn: 4 }, 'OPTION_INVALID'],
  ['hopLimit 0', 'x', TO, { hopLimit: 0 }, 'OPTION_INVALID'],
  ['expiresMs -1', 'x', TO, { expiresMs: -1 }, 'OPTION_INVALID'],
  ['localAddress', 'x', TO, { localAddress: 'eth0' }, 'ADDRESS_INVALID'],
  ['options that are none', 'x', TO, 3, 'OPTION_INVALID'],
  ['a number', 5, TO, undefined, 'OPTION_INVALID'],
  ['65,508 bytes', Buffer.alloc(65508), TO, undefined, 'MESSAGE_TOO_LARGE'],
])('[U66] send() throws for %s, and queues nothing (regression 19)', async (_, data, to, options, code) => {
  const { socket } = await bound()
  expect(codeOf(() => socket.send(data as string, to as never, options as never))).toBe(`ERR_NETVOLLEY_${code}`)
  expect([socket.stats().send.packetsQueued, socket.stats().send.packetsRefused]).toEqual([0, 0])
  socket.destroy()
})

it('[U66] a bad argument does not even bind the socket', () => {
  const { socket, fake } = make()
  expect(codeOf(() => socket.send('x', { address: 'nowhere', port: 9 }))).toBe('ERR_NETVOLLEY_ADDRESS_INVALID')
  expect([socket.state, fake.calls]).toEqual(['idle', []])
})

it('[U66] a transferred buffer throws; an empty one is a datagram', async () => {
  const { socket, fake } = await bound()
  const moved = new Uint8Array(8)
  structuredClone(moved, { transfer: [moved.buffer] })
  expect(codeOf(() => socket.send(moved, TO))).toBe('ERR_NETVOLLEY_OPTION_INVALID')
  expect(socket.send(new Uint8Array(0), TO)).toBe(true)
  await turns(3)
  expect(fake.wire.map(({ data }) => data.length)).toEqual([0])
  socket.destroy()
})

it.each([
  [0, 'OPTION_INVALID'],
  [1.5, 'OPTION_INVALID'],
  [65508, 'MESSAGE_TOO_LARGE'],
])('[U9, U66] sendSegments() throws for segments of %d bytes', async (segmentBytes, code) => {
  const { socket } = await bound()
  expect(codeOf(() => socket.sendSegments(Buffer.alloc(70000), segmentBytes, TO))).toBe(`ERR_NETVOLLEY_${code}`)
  socket.destroy()
})

it('[U9, U66] what even the empty queue would refuse throws, since no drain would help', async () => {
  const { socket } = await bound({ maxQueuedPackets: 10 })
  expect(codeOf(() => socket.sendSegments(Buffer.alloc(110), 10, TO))).toBe('ERR_NETVOLLEY_MESSAGE_TOO_LARGE')
  expect(socket.sendSegments(Buffer.alloc(100), 10, TO)).toBe(true)
  socket.destroy()
})

it('[U15, U16] priorities choose the class; switched off they are checked and ignored', async () => {
  const classes = async (priorities: boolean): Promise<number[]> => {
    const { socket, fake } = await bound({ priorities })
    for (const priority of [0, 63, 64, 128, 191, 192, 255]) socket.send('x', TO, { priority })
    socket.send('x', TO)
    expect(codeOf(() => socket.send('x', TO, { priority: 300 }))).toBe('ERR_NETVOLLEY_PRIORITY_INVALID')
    await turns(3)
    socket.destroy()
    return fake.wire.map(({ priority }) => priority)
  }
  expect(await classes(true)).toEqual([0, 0, 1, 1, 1, 2, 2, 1])
  expect(await classes(false)).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
})

it("[U30] a packet's ECN goes beside the socket's DSCP", async () => {
  const { socket, fake } = await bound({ trafficClass: 0xb8 })
  socket.send('x', TO, { ecn: 1, hopLimit: 5 })
  socket.setOptions({ trafficClass: 0x20 })
  socket.send('x', TO, { ecn: 2 })
  socket.send('x', TO)
  await turns(3)
  expect(fake.wire.map(({ meta }) => meta)).toEqual([{ trafficClass: 0xb9, hopLimit: 5 }, { trafficClass: 0x22 }, null])
  socket.destroy()
})

it('[U2] a connected socket takes no destination', async () => {
  const { socket, fake } = await bound()
  await socket.connect(TO)
  expect(codeOf(() => socket.send('x', TO))).toBe('ERR_NETVOLLEY_DESTINATION_FORBIDDEN')
  expect(socket.send('y')).toBe(true)
  await turns(3)
  expect(fake.wire.map(({ to }) => to)).toEqual([null])
  socket.disconnect()
  expect(codeOf(() => socket.send('y'))).toBe('ERR_NETVOLLEY_DESTINATION_REQUIRED')
  socket.destroy()
})

it('[U10] nothing can answer a datagram from port 0', async () => {
  const { socket, fake } = await bound()
  const codes: string[] = []
  socket.onBatch = (batch) => codes.push(codeOf(() => batch.reply(batch.first, Buffer.from('x'))))
  fake.arrive(Buffer.from('q'), { ...FROM, port: 0 })
  await turns(3)
  expect(codes).toEqual(['ERR_NETVOLLEY_PORT_INVALID'])
  socket.destroy()
})
