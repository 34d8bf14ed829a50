/** Clients that leave: half-closed, reset, or while they are being answered. */
import { SEED } from '../support/seed'
import { smallRandom } from '../support/small-random'
import { type TcpClient, frame } from '../support/tcp-client'
import { until } from '../support/until'
import type { Contract } from './contract'
import { U32, deferred, echo, pattern, running } from './running'

const halfClosed: Contract = (t, subject) => {
  t.test('[SV22] requests followed at once by FIN are answered, also by handlers that take their time', async () => {
    const later = async ({ body }: { body: Buffer }): Promise<Buffer> => {
      const reply = Buffer.from(body)
      await new Promise((resolve) => setTimeout(resolve, 20))
      return reply
    }
    for (const answer of [echo, later]) {
      await running(t, subject, {}, answer, async ({ tcp, stats }) => {
        const bytes = Buffer.concat([frame(2, 'one'), frame(2, 'two')])
        for (let i = 0; i < 20; i++) {
          const client = await tcp()
          client.socket.end(bytes)
          t.equal((await client.rest()).toString(), bytes.toString())
          t.equal(await client.ended, 'end')
        }
        await until(() => stats().connections.closed.eof === 20, 'all ended by their FIN')
      })
    }
  })

  t.test('[SV22] a FIN in the middle of a frame ends the connection and is counted as truncated', () =>
    running(t, subject, {}, echo, async ({ tcp, stats }) => {
      const client = await tcp()
      client.socket.end(Buffer.concat([frame(2, 'whole'), frame(2, 'cut off').subarray(0, 5)]))
      t.equal((await client.rest()).toString(), frame(2, 'whole').toString())
      t.equal(stats().frames.rejected.truncated, 1)
    }),
  )

  t.test('[SV22] more requests than may be in flight, then FIN: all are answered', () =>
    running(
      t,
      subject,
      { maxInFlightPerConnection: 2 },
      async ({ body }) => {
        const reply = Buffer.from(body)
        await new Promise((resolve) => setImmediate(resolve))
        return reply
      },
      async ({ tcp }) => {
        const client = await tcp()
        const bytes = Buffer.concat(Array.from({ length: 50 }, (_, i) => frame(2, pattern(3000, i))))
        client.socket.end(bytes)
        t.equal((await client.rest()).equals(bytes), true)
      },
    ),
  )
}

const lingering: Contract = (t, subject) => {
  t.test('[SV21] the last reply arrives although the client has sent more than the server reads', () =>
    running(
      t,
      subject,
      { framing: U32, lingerBytes: 2 ** 20 },
      (call) => {
        call.reply(Buffer.from('goodbye'), { close: true })
      },
      async ({ tcp }) => {
        for (let i = 0; i < 10; i++) {
          const client = await tcp()
          client.send(Buffer.concat([frame(4, 'hello'), Buffer.alloc(300_000)]))
          t.equal((await client.rest()).toString(), frame(4, 'goodbye').toString())
          t.equal(await client.ended, 'end')
        }
      },
    ),
  )

  t.test('[SV21] a client that never ends its side is let go at lingerTimeoutMs', () =>
    running(
      t,
      subject,
      { lingerTimeoutMs: 50 },
      (call) => {
        call.reply(Buffer.from('bye'), { close: true })
      },
      async ({ tcp, stats }) => {
        const client = await tcp()
        client.socket.removeAllListeners('end')
        client.send(frame(2, 'hello'))
        t.equal((await client.receiveFrame(2)).toString(), 'bye')
        await until(() => stats().connections.active === 0, 'the connection is gone')
        t.equal(stats().connections.closed.handler, 1)
      },
    ),
  )
}

const resets: Contract = (t, subject) => {
  t.test(`[SV22] clients that reset at any point cost nothing but their own requests (seed ${String(SEED)})`, () => {
    const random = smallRandom(SEED)
    const answer = async ({ body }: { body: Buffer }): Promise<Buffer> => {
      const reply = Buffer.from(body)
      if (reply.length % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
      return reply
    }
    return running(t, subject, {}, answer, async ({ tcp, stats }) => {
      const good = await tcp()
      const bytes = Buffer.concat(Array.from({ length: 20 }, (_, i) => frame(2, pattern(10 + i * 31, i))))
      const resetSomewhere = async (): Promise<void> => {
        const client = await tcp()
        const at = Math.floor(random() * bytes.length)
        client.send(bytes.subarray(0, at))
        if (random() < 0.5) await new Promise((resolve) => setImmediate(resolve))
        if (random() < 0.3 && at > 12) await client.receive(12)
        client.reset()
      }
      for (let round = 0; round < 40; round++) {
        const resets = Array.from({ length: 8 }, resetSomewhere)
        good.send(bytes)
        t.equal((await good.receive(bytes.length)).equals(bytes), true)
        await Promise.all(resets)
      }
      await until(() => stats().connections.active === 1, 'only the good one is left')
      await until(() => stats().requests.inFlight === 0, 'no request is left')
      t.equal(stats().connections.accepted, 321)
      t.equal(stats().memory.bufferedBytes, 0)
      t.equal(stats().memory.unsentBytes, 0)
    })
  })

  t.test('[SV22] the answer to a client that has gone is dropped and counted as late', () => {
    const gate = deferred<void>()
    const answer = async ({ body }: { body: Buffer }): Promise<Buffer> => {
      const reply = Buffer.from(body)
      if (reply.toString() === 'wait') await gate.promise
      return reply
    }
    return running(t, subject, {}, answer, async ({ tcp, stats }) => {
      const gone: TcpClient = await tcp()
      gone.send(frame(2, 'wait'))
      await until(() => stats().requests.inFlight === 1, 'it waits')
      gone.reset()
      await until(() => stats().connections.active === 0, 'it has gone')
      // A new connection must not get the answer of the old one, whose place it could take.
      const next = await tcp()
      next.send(frame(2, 'next'))
      t.equal((await next.receiveFrame(2)).toString(), 'next')
      gate.resolve()
      await until(() => stats().requests.lateReplies === 1, 'the answer came late')
      t.equal(stats().requests.aborted, 1)
      next.send(frame(2, 'more'))
      t.equal((await next.receiveFrame(2)).toString(), 'more')
      t.equal(stats().connections.closed.reset, 1)
    })
  })
}

export const departuresContract: Contract = (t, subject) => {
  for (const part of [halfClosed, lingering, resets]) part(t, subject)
}
