import * as netvolley from 'netvolley'
import type { UdpStats } from 'netvolley'
import { until } from '../../support/until'
import { thrown } from '../running'
import { receive } from './received'
import { running } from './running'
import type { UdpContract } from './subject'

const HELD = { flushTimeoutMs: 1000 }
/** The least number of datagrams that each bucket of a histogram stands for. */
const LEAST = [1, 2, 4, 8, 16, 32, 64, 65]

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0)
const most = (histogram: readonly number[]): number => sum(histogram.map((n, i) => n * ((LEAST[i + 1] ?? 1025) - 1)))
const least = (histogram: readonly number[]): number => sum(histogram.map((n, i) => n * LEAST[i]))

const counters: UdpContract = (t, subject) => {
  t.test('[U47] counters, histograms and averages tell what was sent and received, and nothing else', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair({ sender: { gso: false }, receiver: { gro: false } })
      for (let i = 0; i < 300; i++) sender.send('abc')
      await received.have(300)
      await until(() => receiver.stats().receive.packetsDelivered === 300, 'all are counted')
      const { send, sendCalls: s, derived } = sender.stats()
      t.equal([send.packetsQueued, send.packetsSent, send.bytesQueued, send.bytesSent], [300, 300, 900, 900])
      t.equal(sum(s.sendBatchHistogram), s.batchesSent, 'one entry for each call that sent something')
      t.equal([least(s.sendBatchHistogram) <= 300, 300 <= most(s.sendBatchHistogram)], [true, true])
      t.equal(s.sendBatchHistogram[7], 0, 'never above 64 with the default batchSize (regression 5)')
      t.equal(sum(s.queueDelayHistogram), 300, 'one entry for each datagram')
      t.equal(derived.averagePacketsPerBatch, 300 / s.batchesSent)
      t.equal([s.gsoSends, s.gsoSegments, s.zeroCopyReplies, s.drains], [0, 0, 0, 0])
      const { receive: r } = receiver.stats()
      t.equal([r.packetsReceived, r.packetsDelivered, r.bytesReceived], [300, 300, 900])
      t.equal(sum(r.receiveBatchHistogram), r.batchesReceived)
      t.equal([least(r.receiveBatchHistogram) <= 300, 300 <= most(r.receiveBatchHistogram)], [true, true])
      t.equal(r.receiveCalls >= r.batchesReceived, true)
      if (subject.batching) t.equal([s.sendCalls < 300, r.receiveCalls < 300], [true, true], 'many a call')
    }),
  )

  t.test('[U47] what the offloads carry counts as datagrams', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair()
      sender.sendSegments(Buffer.alloc(200 * 50), 50)
      await received.have(200)
      await until(() => receiver.stats().receive.packetsDelivered === 200, 'all are counted')
      const { send, sendCalls } = sender.stats()
      const { receive: r } = receiver.stats()
      t.equal([send.packetsSent, send.bytesSent, r.packetsReceived, r.bytesReceived], [200, 10000, 200, 10000])
      t.equal(sendCalls.gsoSegments, subject.batching ? 200 : 0)
      t.equal([sendCalls.gsoSends > 0, r.groMessages > 0], [subject.batching, subject.batching])
      t.equal(r.groSegments <= 200, true)
      t.equal(sendCalls.sendBatchHistogram[7], 0, 'never above 64 with the default batchSize')
    }),
  )

  t.test('[U47] rate() is per second of real time between two snapshots', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair()
      const before: [UdpStats, UdpStats] = [sender.stats(), receiver.stats()]
      for (let i = 0; i < 100; i++) sender.send('abcd')
      await received.have(100)
      await until(() => receiver.stats().receive.packetsDelivered === 100, 'all are counted')
      const [sent, got] = [sender.stats(), receiver.stats()]
      const out = sent.rate(before[0])
      const near = (value: number, wanted: number): boolean => Math.abs(value - wanted) < 1e-6 * wanted
      t.equal(near(out.seconds, (sent.atMs - before[0].atMs) / 1000), true, 'seconds')
      t.equal(
        [near(out.packetsSentPerSecond * out.seconds, 100), near(out.bytesSentPerSecond * out.seconds, 400)],
        [true, true],
      )
      const into = got.rate(before[1])
      t.equal(near(into.packetsReceivedPerSecond * into.seconds, 100), true)
      t.equal(near(into.bytesReceivedPerSecond * into.seconds, 400), true)
      t.equal(sent.rate(sent).packetsSentPerSecond, 0)
    }),
  )
}

const snapshots: UdpContract = (t, subject) => {
  t.test('[U47] resetStats() begins again at zero; what is a level stays', () =>
    running(
      t,
      subject,
      async ({ pair }) => {
        const { sender, receiver, received } = await pair()
        for (let i = 0; i < 20; i++) sender.send('x')
        await received.have(20)
        await until(() => receiver.stats().receive.packetsDelivered === 20, 'all are counted')
        const { slots } = receiver.stats().memory
        sender.resetStats()
        receiver.resetStats()
        const { send, sendCalls, derived } = sender.stats()
        const { receive: r, memory } = receiver.stats()
        t.equal([send.packetsQueued, send.packetsSent, send.bytesSent, sendCalls.sendCalls], [0, 0, 0, 0])
        t.equal([sum(sendCalls.sendBatchHistogram), sum(sendCalls.queueDelayHistogram)], [0, 0])
        t.equal([r.packetsReceived, r.packetsDelivered, r.bytesReceived, sum(r.receiveBatchHistogram)], [0, 0, 0, 0])
        t.equal([memory.slots, memory.peers, derived.averagePacketsPerBatch], [slots, 1, 0])
        sender.send('x')
        await received.have(21)
        await until(() => sender.stats().send.packetsSent === 1, 'counted from one')
      },
      { outside: true },
    ),
  )

  t.test('[U64] explain() tells the state, what is queued in each class, and the last errors', () =>
    running(t, subject, async ({ open, make }) => {
      t.equal([make().explain().state, make().explain().local], ['idle', null])
      const peer = await open()
      const received = receive(peer, 'message')
      const sender = await open({ ...HELD, broadcast: false })
      sender.send('x', { address: '127.255.255.255', port: 9 })
      sender.flush()
      await until(() => sender.stats().send.packetsFailed === 1, 'it has failed')
      await until(() => sender.explain().lastErrors.length === 1, 'it is remembered')
      await sender.connect(peer.address())
      for (const priority of [0, 0, 128]) sender.send('abc', undefined, { priority })
      const { state, local, remote, capabilities, sending, receiving, lastErrors } = sender.explain()
      t.equal([state, local, remote], ['connected', sender.address(), sender.remoteAddress()])
      t.equal([capabilities.backend, capabilities.drive], [subject.backend, subject.drive])
      const { queuedPackets, queuedBytes, pendingByClass, maxQueuedPackets, needDrain } = sending
      t.equal([queuedPackets, queuedBytes, pendingByClass], [3, 9, [2, 1, 0]])
      t.equal([maxQueuedPackets, needDrain, sending.oldestPendingMs >= 0], [1024, false, true])
      t.equal([receiving.mode, receiving.paused], ['none', false])
      const [{ event, code, address, port }] = lastErrors
      t.equal([event, code, address, port], ['datagramError', 'EACCES', '127.255.255.255', 9])
      sender.flush()
      await received.have(3)
      t.equal(peer.explain().receiving.mode, 'message')
      await sender.close()
      t.equal(sender.explain().state, 'closed')
    }),
  )
}

const bounds: UdpContract = (t, subject) => {
  t.test('[U65] the bound of the memory is the sum of its parts, as the formula says, and follows the options', () =>
    running(t, subject, async ({ open }) => {
      const small = await open({ slots: 64, largeSlots: 4, maxQueuedPackets: 16, maxQueuedBytes: 65536, maxPeers: 16 })
      const large = await open()
      for (const socket of [small, large]) {
        const { slotsBytes, ringsBytes, transmitBytes, peersBytes, totalBytes, formula } = socket.explain().memory
        t.equal(totalBytes, slotsBytes + ringsBytes + transmitBytes + peersBytes)
        t.equal(valueOf(formula), totalBytes, formula)
      }
      const rest = small.capabilities.gro ? 0 : 64 * (65535 - 2048)
      t.equal(small.explain().memory.slotsBytes, 64 * 2048 + 4 * 65536 + rest)
      t.equal(small.explain().memory.totalBytes < large.explain().memory.totalBytes / 4, true)
      const { totalBytes } = large.explain().memory
      const batch = large.createSendBatch()
      batch.add(Buffer.alloc(10), large.peer('127.0.0.1', 9))
      t.equal(large.explain().memory.totalBytes > totalBytes, true, 'the memory of a send batch counts')
    }),
  )

  t.test('[U68] the counters of a socket as Prometheus text', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair()
      for (let i = 0; i < 7; i++) sender.send('abc')
      await received.have(7)
      await until(() => sender.stats().send.packetsSent === 7, 'all are counted')
      const { MetricsRegistry, udpMetrics } = netvolley
      const registry = new MetricsRegistry()
      const forget = registry.register(udpMetrics(sender, { socket: 'a "b"' }))
      const lines = registry.text().split('\n')
      for (const line of [
        '# TYPE netvolley_udp_packets_sent_total counter',
        'netvolley_udp_packets_sent_total{socket="a \\"b\\""} 7',
        'netvolley_udp_bytes_sent_total{socket="a \\"b\\""} 21',
        'netvolley_udp_packets_dropped_total{socket="a \\"b\\"",reason="expired"} 0',
        '# TYPE netvolley_udp_packets_pending gauge',
        'netvolley_udp_packets_pending{socket="a \\"b\\"",class="high"} 0',
      ]) {
        t.equal(lines.includes(line), true, `${line}\nis in\n${lines.join('\n')}`)
      }
      t.equal(
        new Set(lines.filter((line) => line.startsWith('# TYPE'))).size,
        lines.filter((line) => line.startsWith('# TYPE')).length,
      )
      forget()
      t.equal(registry.text(), '')
    }),
  )
}

const sharing: UdpContract = (t, subject) => {
  t.test('[U58] share() needs an open socket, attach() what share() gave, and the owner keeps what is its own', () =>
    running(t, subject, async ({ make, open, track }) => {
      t.equal(thrown(() => make().share()).code, 'ERR_NETVOLLEY_SOCKET_STATE')
      t.equal(thrown(() => subject.UdpSocket.attach({} as never)).code, 'ERR_NETVOLLEY_OPTION_INVALID')
      const [owner, peer] = [await open(), await open()]
      const received = receive(peer, 'message')
      const attached = track(subject.UdpSocket.attach(owner.share()))
      t.equal([attached.state, attached.address()], ['bound', owner.address()])
      await t.rejects(attached.bind(), 'ERR_NETVOLLEY_SOCKET_STATE')
      await t.rejects(attached.connect(peer.address()), 'ERR_NETVOLLEY_SOCKET_STATE')
      for (const call of [() => attached.setOptions({}), () => attached.share(), () => attached.disconnect()]) {
        t.equal(thrown(call).code, 'ERR_NETVOLLEY_SOCKET_STATE')
      }
      t.equal(thrown(() => attached.on('message', () => undefined)).code, 'ERR_NETVOLLEY_OPTION_UNSUPPORTED')
      attached.send('of the other end', peer.address())
      await received.have(1)
      t.equal([received.texts[0], received.ports[0]], ['of the other end', owner.address().port])
      await attached.close()
      owner.send('still open', peer.address())
      t.equal((await received.have(2)).texts[1], 'still open')
    }),
  )
}

export const statisticsContract: UdpContract = (t, subject) => {
  for (const part of [counters, snapshots, bounds, sharing]) part(t, subject)
}

/** Adds up what a formula like `slots 64 x 2048 + rings (3 x 5 sent) 100` says; what stands in brackets is a remark. */
function valueOf(formula: string): number {
  const terms = formula.replace(/\([^)]*\)/g, '').split(' + ')
  return sum(
    terms.map((term) => {
      const product = /(\d+) x (\d+)$/.exec(term)
      return product === null ? Number(/\d+$/.exec(term)?.[0]) : Number(product[1]) * Number(product[2])
    }),
  )
}
