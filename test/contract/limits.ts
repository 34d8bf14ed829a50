import { TcpClient, frame } from '../support/tcp-client'
import { until } from '../support/until'
import type { Contract } from './contract'
import { U16, U32, deferred, echo, pattern, required, running } from './running'

const bodyLimits: Contract = (t, subject) => {
  t.test('[SV10] bodies around 65,536 bytes: up to the limit they are answered, above it the connection ends', () =>
    running(t, subject, { framing: U32 }, echo, async ({ tcp, stats }) => {
      const other = await tcp()
      for (const bytes of [65533, 65534, 65535, 65536]) {
        const client = await tcp()
        client.send(frame(4, pattern(bytes)))
        t.equal((await client.receiveFrame(4)).equals(pattern(bytes)), true, String(bytes))
      }
      const client = await tcp()
      client.send(frame(4, pattern(65537)))
      t.equal((await client.rest()).length, 0)
      t.equal(stats().frames.rejected.tooLarge, 1)
      other.send(frame(4, 'still here'))
      t.equal((await other.receiveFrame(4)).toString(), 'still here')
    }),
  )

  t.test('[SV10] a limit of 100 bytes, and one of none at all', async () => {
    for (const limit of [100, 0]) {
      await running(t, subject, { maxBodyBytes: limit }, echo, async ({ tcp, udp, stats }) => {
        const client = await tcp()
        client.send(Buffer.concat([frame(2, pattern(Math.max(0, limit - 1))), frame(2, pattern(limit))]))
        t.equal((await client.receiveFrame(2)).equals(pattern(Math.max(0, limit - 1))), true)
        t.equal((await client.receiveFrame(2)).equals(pattern(limit)), true)
        client.send(frame(2, pattern(limit + 1)))
        t.equal((await client.rest()).length, 0)
        t.equal(stats().frames.rejected.tooLarge, 1)
        const datagrams = await udp()
        datagrams.send(pattern(limit + 1))
        t.equal((await datagrams.ask(pattern(limit))).equals(pattern(limit)), true)
        t.equal(stats().frames.rejected.tooLarge, 2)
      })
    }
  })

  t.test(
    '[SV10] the announced length is refused before a byte of body has come, and the answers before it go out',
    () =>
      running(t, subject, { framing: U32, maxBodyBytes: 1000 }, echo, async ({ tcp, stats }) => {
        const client = await tcp()
        client.send(Buffer.concat([frame(4, 'good'), Buffer.from('ffffffff', 'hex')]))
        t.equal((await client.rest()).toString('hex'), frame(4, 'good').toString('hex'))
        t.equal(await client.ended, 'end')
        await until(() => stats().connections.active === 0, 'the connection is gone')
        t.equal(stats().connections.closed.protocol, 1)
        t.equal(stats().memory.bufferedBytes, 0)
      }),
  )

  t.test('[SV6] a length shorter than the header that it includes ends that connection and is counted', () =>
    running(
      t,
      subject,
      { framing: { ...U16, includesHeader: true }, frameReplies: false },
      echo,
      async ({ tcp, stats }) => {
        const client = await tcp()
        client.send(Buffer.from('0001', 'hex'))
        t.equal((await client.rest()).length, 0)
        t.equal(stats().frames.rejected.badLength, 1)
      },
    ),
  )
}

const connectionLimits: Contract = (t, subject) => {
  t.test('[SV17] 500 connections at once are all answered', () =>
    running(t, subject, {}, echo, async ({ address, stats }) => {
      const target = required(address.tcp)
      const clients = await Promise.all(Array.from({ length: 500 }, () => TcpClient.connect(target)))
      try {
        await Promise.all(
          clients.map(async (client, i) => {
            for (let round = 0; round < 3; round++) {
              const body = pattern(64 + i, i * 3 + round)
              client.send(frame(2, body))
              t.equal((await client.receiveFrame(2)).equals(body), true)
            }
          }),
        )
        t.equal(stats().connections.active, 500)
        t.equal(stats().connections.peak, 500)
        t.equal(stats().requests.tcp, 1500)
      } finally {
        for (const client of clients) client.close()
      }
      await until(() => stats().connections.active === 0, 'all are gone')
    }),
  )

  t.test('[SV17] above maxConnections a connection is refused and counted; a place that is free is used again', () =>
    running(t, subject, { maxConnections: 2 }, echo, async ({ tcp, stats }) => {
      const first = await tcp()
      const second = await tcp()
      for (const client of [first, second]) {
        client.send(frame(2, 'in'))
        t.equal((await client.receiveFrame(2)).toString(), 'in')
      }
      const third = await tcp()
      t.equal((await third.rest()).length, 0)
      await until(() => stats().connections.rejectedMax === 1, 'the third is counted')
      first.close()
      await until(() => stats().connections.active === 1, 'the first has gone')
      const fourth = await tcp()
      fourth.send(frame(2, 'again'))
      t.equal((await fourth.receiveFrame(2)).toString(), 'again')
      t.equal(stats().connections.peak, 2)
    }),
  )
}

const datagramLimits: Contract = (t, subject) => {
  t.test('[SV17] datagrams above maxUdpInFlight wait in the kernel and are answered later', () => {
    const gate = deferred<void>()
    const answer = async (call: { body: Buffer }): Promise<Buffer> => {
      const reply = Buffer.from(call.body)
      await gate.promise
      return reply
    }
    return running(t, subject, { maxUdpInFlight: 4 }, answer, async ({ udp, stats }) => {
      const client = await udp()
      for (let i = 0; i < 20; i++) client.send(`datagram ${String(i)}`)
      await until(() => stats().requests.inFlight === 4, 'four are in flight')
      t.equal(stats().requests.udp, 4)
      gate.resolve()
      const seen = new Set<string>()
      while (seen.size < 20) seen.add((await client.receive()).toString())
      t.equal(stats().requests.inFlightPeak, 4)
    })
  })
}

export const limitsContract: Contract = (t, subject) => {
  for (const part of [bodyLimits, connectionLimits, datagramLimits]) part(t, subject)
}
