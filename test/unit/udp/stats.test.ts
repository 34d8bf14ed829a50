import { MetricsRegistry } from '../../../lib/metrics'
import { type UdpStats, udpMetrics } from '../../../lib/udp'
import { FROM, bound, turns } from './socket'

const TO = { address: '127.0.0.1', port: 9 }

function expectIdentities({ send, receive }: UdpStats): void {
  const dropped = Object.values(send.packetsDropped).reduce((sum, n) => sum + n, 0)
  expect(send.packetsQueued).toBe(send.packetsSent + send.packetsFailed + dropped + send.packetsPending)
  const lost = Object.values(receive.receiveDropped).reduce((sum, n) => sum + n, 0)
  expect(receive.packetsReceived).toBe(receive.packetsDelivered + lost + receive.packetsInRing)
}

it('[U46, U47] the identities hold across resetStats(), with packets pending (regression 29)', async () => {
  const { socket, fake } = await bound({}, { blocked: true })
  socket.on('message', () => {
    socket.resetStats()
    expectIdentities(socket.stats())
  })
  for (let i = 0; i < 10; i++) socket.send('abc', TO)
  await turns(2)
  fake.send(4)
  expect(socket.stats().send).toMatchObject({ packetsQueued: 10, packetsSent: 4, packetsPending: 6, bytesSent: 12 })
  socket.resetStats()
  expect(socket.stats().send).toMatchObject({ packetsQueued: 6, packetsSent: 0, packetsPending: 6, bytesSent: 0 })
  expectIdentities(socket.stats())
  for (let i = 0; i < 5; i++) fake.arrive(Buffer.from('x'), FROM)
  await turns(3)
  fake.release()
  await turns(3)
  expectIdentities(socket.stats())
  expect(socket.stats().send).toMatchObject({ packetsQueued: 6, packetsSent: 6, packetsPending: 0 })
  await socket.close()
  expectIdentities(socket.stats())
  expect(socket.stats().send.packetsSent).toBe(6)
})

it('[U47] rate() is per second of real time, from the reset on where one came between', async () => {
  const { socket } = await bound()
  const before = socket.stats()
  for (let i = 0; i < 10; i++) socket.send('abcd', TO)
  await turns(3)
  const after = socket.stats()
  const { seconds, packetsSentPerSecond, bytesSentPerSecond } = after.rate(before)
  expect(seconds).toBeCloseTo((after.atMs - before.atMs) / 1000)
  expect(packetsSentPerSecond * seconds).toBeCloseTo(10)
  expect(bytesSentPerSecond * seconds).toBeCloseTo(40)
  socket.resetStats()
  socket.send('x', TO)
  await turns(3)
  const later = socket.stats()
  const rate = later.rate(before)
  expect(rate.packetsSentPerSecond * rate.seconds).toBeCloseTo(1)
  expect(later.rate(later).packetsSentPerSecond).toBe(0)
  socket.destroy()
})

it('[U47] errors are told by their code, and levels are not counted from zero again', async () => {
  const { socket } = await bound()
  expect(socket.stats().errors.errorsByCode).toEqual({ ECONNREFUSED: 3 })
  socket.resetStats()
  expect(socket.stats().errors.errorsByCode).toEqual({})
  expect(socket.stats().memory).toMatchObject({ slots: 256, slotsFree: 256 })
  expect(socket.stats().derived.averagePacketsPerBatch).toBe(0)
  socket.destroy()
})

it('[U64, U65] explain() says what the socket is doing, and how its memory comes about', async () => {
  const { socket } = await bound({}, { blocked: true })
  socket.send('abc', TO)
  expect(socket.explain()).toMatchObject({
    state: 'bound',
    local: { address: '127.0.0.1' },
    capabilities: { backend: 'fake' },
    sending: { queuedPackets: 1, queuedBytes: 3, maxQueuedPackets: 1024, maxQueuedBytes: 2_097_152 },
    receiving: { mode: 'none', paused: false, heldMessages: 0 },
    memory: { totalBytes: 10, formula: '1 + 2 + 3 + 4' },
    lastErrors: [],
  })
  socket.destroy()
})

it('[U68] the counters of a socket as Prometheus text', async () => {
  const { socket } = await bound()
  socket.send('abc', TO)
  await turns(3)
  const registry = new MetricsRegistry()
  const forget = registry.register(udpMetrics(socket, { socket: 'a' }))
  const text = registry.text()
  expect(text).toContain('# TYPE netvolley_udp_packets_sent_total counter\n')
  expect(text).toContain('netvolley_udp_packets_sent_total{socket="a"} 1\n')
  expect(text).toContain('netvolley_udp_packets_dropped_total{socket="a",reason="evicted"} 0\n')
  expect(text).toContain('netvolley_udp_packets_pending{socket="a",class="normal"} 0\n')
  expect(text).toContain('netvolley_udp_errors_total{socket="a",code="ECONNREFUSED"} 3\n')
  forget()
  expect(registry.text()).toBe('')
  socket.destroy()
})
