import { type TcpClient, frame } from '../support/tcp-client'
import { until } from '../support/until'
import type { Contract } from './contract'
import { U32, echo, pattern, running } from './running'

const MIB = 1024 * 1024

/** Takes `bytes` in small steps, each in a turn of its own. */
async function receiveSlowly(client: TcpClient, bytes: number, step: number): Promise<Buffer> {
  const parts: Buffer[] = []
  for (let left = bytes; left > 0; left -= step) {
    client.socket.resume()
    parts.push(await client.receive(Math.min(step, left)))
    client.socket.pause()
    await new Promise((resolve) => setImmediate(resolve))
  }
  client.socket.resume()
  return Buffer.concat(parts)
}

const largeReplies: Contract = (t, subject) => {
  for (const mib of [4, 5, 12, 16]) {
    t.test(
      `[SV18] a reply of ${String(mib)} MiB, larger than what is handed over at once, arrives byte for byte`,
      () => {
        const big = pattern(mib * MIB)
        return running(
          t,
          subject,
          { framing: U32 },
          ({ body }) => (body.length === 0 ? big : body),
          async ({ tcp }) => {
            const client = await tcp()
            client.send(Buffer.concat([frame(4, ''), frame(4, 'behind')]))
            t.equal((await client.receiveFrame(4)).equals(big), true)
            t.equal((await client.receiveFrame(4)).toString(), 'behind')
          },
        )
      },
    )
  }

  t.test('[SV18] large replies to a slow reader and to others at once do not mix', () => {
    const options = { framing: U32, writeTimeoutMs: 20_000 }
    return running(
      t,
      subject,
      options,
      ({ body }) => (body.length === 1 ? pattern(7 * MIB, body[0]) : body),
      async ({ tcp, stats }) => {
        const clients = await Promise.all([tcp(), tcp(), tcp()])
        clients.forEach((client, i) => {
          client.send(Buffer.concat([frame(4, Buffer.from([i])), frame(4, 'behind')]))
        })
        await Promise.all(
          clients.map(async (client, i) => {
            const all = i === 0 ? receiveSlowly(client, 7 * MIB + 4, 256 * 1024) : client.receive(7 * MIB + 4)
            t.equal((await all).equals(frame(4, pattern(7 * MIB, i))), true, `client ${String(i)}`)
            t.equal((await client.receiveFrame(4)).toString(), 'behind')
          }),
        )
        t.equal(stats().memory.heldReplies, 0)
        t.equal(stats().memory.unsentBytes, 0)
      },
    )
  })
}

const slowReaders: Contract = (t, subject) => {
  t.test('[SV14] a large reply that is finished before its turn waits for it', () => {
    const first: { reply?: (data: Buffer) => void } = {}
    const answer = ({ body }: { body: Buffer }): Buffer | Promise<Buffer> => {
      if (body.length > 0) return pattern(6 * MIB)
      return new Promise((resolve) => (first.reply = resolve))
    }
    return running(t, subject, { framing: U32 }, answer, async ({ tcp, stats }) => {
      const client = await tcp()
      client.send(Buffer.concat([frame(4, ''), frame(4, 'large')]))
      await until(() => stats().memory.unsentBytes === 6 * MIB + 4, 'the second answer waits, whole')
      first.reply?.(Buffer.from('small'))
      t.equal((await client.receiveFrame(4)).toString(), 'small')
      t.equal((await client.receiveFrame(4)).equals(pattern(6 * MIB)), true)
    })
  })

  t.test('[SV18] a client that does not read its replies is not read any more, and later gets everything', () => {
    const reply = pattern(64 * 1024)
    const options = {
      framing: U32,
      writeHighWaterBytes: 256 * 1024,
      writeLowWaterBytes: 64 * 1024,
      writeTimeoutMs: 25_000,
    }
    return running(
      t,
      subject,
      options,
      ({ body }) => [body, reply],
      async ({ tcp, stats }) => {
        const client = await tcp()
        client.socket.pause()
        // 80 MiB of answers: without a stop they would pass writeLimitBytes (32 MiB) and cost the connection.
        const count = 1280
        const ask = (i: number): Buffer => frame(4, Buffer.from(String(i).padStart(8, '0')))
        client.send(Buffer.concat(Array.from({ length: count }, (_, i) => ask(i))))
        await until(() => stats().memory.unsentBytes > 256 * 1024, 'unsent bytes above the high-water mark')
        const other = await tcp()
        other.send(frame(4, 'other'))
        t.equal((await other.receiveFrame(4)).length, 5 + reply.length)
        // One read brings at most maxInFlightPerConnection requests past the mark.
        t.equal(
          stats().memory.unsentBytes < 256 * 1024 + 2 * 64 * (reply.length + 12),
          true,
          'unsent bytes are bounded',
        )
        t.equal(stats().requests.total < count, true, 'not all were taken')
        client.socket.resume()
        for (let i = 0; i < count; i++) {
          const got = await client.receiveFrame(4)
          const whole = Number(got.subarray(0, 8)) === i && got.subarray(8).equals(reply)
          if (!whole) t.equal(got.subarray(0, 8).toString(), String(i), 'every answer once, in order')
        }
        t.equal(stats().connections.closed.writeLimit, 0)
      },
    )
  })
}

const hardLimits: Contract = (t, subject) => {
  t.test('[SV18] replies above writeLimitBytes reset that connection and no other', () => {
    const reply = pattern(MIB)
    const options = { framing: U32, maxReplyBytes: MIB, writeLimitBytes: MIB, writeHighWaterBytes: 2 ** 30 }
    return running(
      t,
      subject,
      options,
      ({ body }) => (body.length === 0 ? reply : body),
      async ({ tcp, stats }) => {
        const client = await tcp()
        client.socket.pause()
        client.send(Buffer.concat(Array.from({ length: 64 }, () => frame(4, ''))))
        await until(() => stats().connections.closed.writeLimit === 1, 'the connection was cut off')
        const other = await tcp()
        other.send(frame(4, 'other'))
        t.equal((await other.receiveFrame(4)).toString(), 'other')
        t.equal(stats().memory.unsentBytes, 0)
      },
    )
  })

  t.test('[SV19] incomplete frames above maxBufferedBytes cost the oldest one its connection', () =>
    running(t, subject, { framing: U32, maxBufferedBytes: 65536 }, echo, async ({ tcp, stats }) => {
      const half = frame(4, Buffer.alloc(40_000)).subarray(0, 25_000)
      const clients = []
      for (let i = 1; i <= 3; i++) {
        const client = await tcp()
        clients.push(client)
        client.send(half)
        if (i < 3) await until(() => stats().memory.bufferedBytes === 25_000 * i, `half frame ${String(i)} is kept`)
      }
      t.equal(await clients[0].ended, 'ECONNRESET')
      t.equal(stats().connections.closed.shed, 1)
      for (const client of clients.slice(1)) {
        client.send(Buffer.alloc(15_004))
        t.equal((await client.receiveFrame(4)).length, 40_000)
      }
    }),
  )
}

export const backpressureContract: Contract = (t, subject) => {
  for (const part of [largeReplies, slowReaders, hardLimits]) part(t, subject)
}
