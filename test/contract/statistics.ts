import { frame } from '../support/tcp-client'
import { until } from '../support/until'
import type { Contract } from './contract'
import { echo, pattern, running } from './running'

export const statisticsContract: Contract = (t, subject) => {
  t.test('[SV43] counts requests, bytes and datagrams exactly', () =>
    running(t, subject, {}, echo, async ({ tcp, udp, stats }) => {
      const client = await tcp()
      const datagrams = await udp()
      for (let i = 0; i < 50; i++) {
        client.send(frame(2, pattern(i)))
        await client.receiveFrame(2)
        await datagrams.ask(pattern(i))
      }
      const bytes = 50 * 2 + 2 * ((49 * 50) / 2)
      await until(() => stats().bytes.out === bytes && stats().requests.inFlight === 0, 'all is counted')
      const { requests, frames, bytes: counted, udp: ofUdp, connections, memory, engine } = stats()
      t.equal([requests.tcp, requests.udp, requests.total, requests.replied], [50, 50, 100, 100])
      t.equal([requests.lateReplies, requests.inFlight, requests.inFlightPeak > 0], [0, 0, true])
      t.equal(frames.ok, 50)
      t.equal(counted, { in: bytes, out: bytes })
      t.equal([ofUdp.datagramsIn, ofUdp.datagramsOut, ofUdp.sendErrors], [50, 50, 0])
      t.equal([connections.active, connections.peak, connections.accepted], [1, 1, 1])
      t.equal([memory.bufferedBytes, memory.unsentBytes, memory.heldReplies, memory.pausedConnections], [0, 0, 0, 0])
      t.equal(engine !== undefined && engine.readCalls > 0 && engine.writeCalls > 0 && engine.pollCalls > 0, true)
    }),
  )

  t.test('[SV43] after close() every slot of the slab is free, and the counters stay', async () => {
    let kept: (() => ReturnType<typeof Object.assign>) | undefined
    await running(t, subject, {}, echo, async ({ server, tcp, udp, stats }) => {
      const clients = await Promise.all([tcp(), tcp(), tcp()])
      for (const client of clients) client.send(Buffer.concat([frame(2, pattern(3000)), frame(2, pattern(60_000))]))
      for (const client of clients) await client.receive(63_004)
      await (await udp()).ask(pattern(20_000))
      await server.close()
      t.equal(stats().memory.slabFree, stats().memory.slabSlots)
      t.equal(stats().requests.replied, 7)
      kept = stats
    })
    t.equal((kept?.() as { requests: { replied: number } }).requests.replied, 7)
  })

  t.test('[SV43] stats() of a server that has not listened is all zero', async () => {
    const server = new subject.RequestServer({
      framing: { kind: 'lengthPrefixed', bytes: 2 },
      drive: subject.drive,
      handler: () => undefined,
    })
    const { connections, requests, bytes, memory } = server.stats()
    t.equal([connections.accepted, requests.total, bytes.in, memory.slabSlots], [0, 0, 0, 0])
    await server.close()
  })
}
