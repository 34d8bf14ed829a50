import { type TcpClient, frame } from '../support/tcp-client'
import { until } from '../support/until'
import type { Contract } from './contract'
import { U32, echo, pattern, running } from './running'

const NEVER = 60_000

/** Sends `bytes` one at a time until the server ends the connection. @returns ms that it took */
async function drip(client: TcpClient, bytes: Buffer, everyMs: number): Promise<number> {
  const start = performance.now()
  let at = 0
  const timer = setInterval(() => {
    if (at < bytes.length) client.send(bytes.subarray(at, ++at))
  }, everyMs)
  await client.ended
  clearInterval(timer)
  return performance.now() - start
}

const headers: Contract = (t, subject) => {
  t.test('[SV20] a client that sends its header byte by byte is closed at headerTimeoutMs, others are served', () => {
    const framing = { kind: 'lengthPrefixed', bytes: 4, offset: 28 } as const
    const options = { framing, frameReplies: false, headerTimeoutMs: 150, idleTimeoutMs: NEVER }
    return running(
      t,
      subject,
      options,
      ({ header, body }) => [header, body],
      async ({ tcp, stats }) => {
        const good = await tcp()
        const whole = Buffer.concat([Buffer.alloc(28), frame(4, 'good')])
        const start = performance.now()
        const slow = await tcp()
        const silent = await tcp()
        let open = 2
        const end = (): void => void open--
        const ends = [drip(slow, whole, 30).then(end), silent.ended.then(end)]
        let served = 0
        while (open > 0) {
          good.send(whole)
          t.equal((await good.receive(whole.length)).equals(whole), true)
          served++
        }
        await Promise.all(ends)
        const took = performance.now() - start
        t.equal(took >= 150 && took < 1500, true, `closed after ${String(took)} ms`)
        t.equal(served > 10, true, `served ${String(served)}`)
        await until(() => stats().connections.closed.headerTimeout === 2, 'counted as headerTimeout')
        await until(() => stats().connections.active === 1, 'only the good one is left')
      },
    )
  })

  t.test('[SV20] the header of a later frame has its time from its first byte', () =>
    running(t, subject, { headerTimeoutMs: 100, idleTimeoutMs: NEVER }, echo, async ({ tcp, stats }) => {
      const client = await tcp()
      client.send(frame(2, 'first'))
      t.equal((await client.receiveFrame(2)).toString(), 'first')
      const first = performance.now()
      client.send(Buffer.from([0]))
      t.equal(await client.ended, 'end')
      // Counted from the turn that read it, which may have begun just before.
      const took = performance.now() - first
      t.equal(took >= 98, true, `closed after ${String(took)} ms`)
      await until(() => stats().connections.closed.headerTimeout === 1, 'counted as headerTimeout')
    }),
  )
}

const bodiesAndIdleness: Contract = (t, subject) => {
  t.test('[SV20] a body has bodyTimeoutMs, and longer at minBytesPerSec', () => {
    const options = { framing: U32, bodyTimeoutMs: 100, minBytesPerSec: 10, headerTimeoutMs: NEVER }
    return running(t, subject, options, echo, async ({ tcp, stats }) => {
      const slow = await tcp()
      const start = performance.now()
      const ended = drip(slow, frame(4, Buffer.alloc(60_000)).subarray(0, 4), 1)
      // 100 bytes earn 10 s: it may finish after the 100 ms.
      const fair = await tcp()
      const whole = frame(4, pattern(200))
      fair.send(whole.subarray(0, 104))
      await ended
      const took = performance.now() - start
      t.equal(took >= 100 && took < 1500, true, `closed after ${String(took)} ms`)
      await until(() => stats().connections.closed.bodyTimeout === 1, 'counted as bodyTimeout')
      fair.send(whole.subarray(104))
      t.equal((await fair.receive(whole.length)).equals(whole), true)
    })
  })

  t.test('[SV20] an idle connection is closed at idleTimeoutMs, one that is being answered is not', () => {
    const answer = async ({ body }: { body: Buffer }): Promise<Buffer> => {
      const reply = Buffer.from(body)
      if (reply.toString() === 'slow') await new Promise((resolve) => setTimeout(resolve, 400))
      return reply
    }
    return running(t, subject, { idleTimeoutMs: 100 }, answer, async ({ tcp, stats }) => {
      const idle = await tcp()
      const busy = await tcp()
      busy.send(frame(2, 'slow'))
      idle.send(frame(2, 'fast'))
      t.equal((await idle.receiveFrame(2)).toString(), 'fast')
      t.equal(await idle.ended, 'end')
      await until(() => stats().connections.closed.idleTimeout === 1, 'counted as idleTimeout')
      t.equal((await busy.receiveFrame(2)).toString(), 'slow')
      await busy.ended
      await until(() => stats().connections.closed.idleTimeout === 2, 'counted as idleTimeout')
    })
  })
}

const afterQuiet: Contract = (t, subject) => {
  t.test('[SV20] the write time counts from the reply, however long the handler took', () => {
    const options = { framing: U32, writeTimeoutMs: 400, minBytesPerSec: 2 ** 30 }
    const big = pattern(16 * 1024 * 1024)
    let repliedMs = 0
    const answer = async (): Promise<Buffer> => {
      await new Promise((resolve) => setTimeout(resolve, 600))
      repliedMs = performance.now()
      return big
    }
    return running(t, subject, options, answer, async ({ tcp, stats }) => {
      const client = await tcp()
      client.socket.pause()
      client.send(frame(4, ''))
      await until(() => stats().connections.closed.writeTimeout === 1, 'cut off')
      const took = performance.now() - repliedMs
      t.equal(took >= 400, true, `cut off ${String(took)} ms after the reply`)
    })
  })
}

const debtsAndWrites: Contract = (t, subject) => {
  t.test('[SV20] a sender that is too slow still gets the answers to its complete requests', () => {
    const answer = async ({ body }: { body: Buffer }): Promise<Buffer> => {
      const reply = Buffer.from(body)
      await new Promise((resolve) => setTimeout(resolve, 300))
      return reply
    }
    return running(t, subject, { headerTimeoutMs: 60 }, answer, async ({ tcp, stats }) => {
      const client = await tcp()
      client.send(Buffer.concat([frame(2, 'whole'), Buffer.from([0])]))
      t.equal((await client.rest()).toString(), frame(2, 'whole').toString())
      t.equal(await client.ended, 'end')
      await until(() => stats().connections.closed.headerTimeout === 1, 'closed for its header')
    })
  })

  t.test('[SV20] a client that does not read is reset at writeTimeoutMs', () => {
    const options = { framing: U32, writeTimeoutMs: 100, minBytesPerSec: 2 ** 30 }
    return running(
      t,
      subject,
      options,
      () => pattern(16 * 1024 * 1024),
      async ({ tcp, stats }) => {
        const client = await tcp()
        client.socket.pause()
        client.send(frame(4, ''))
        await until(() => stats().connections.closed.writeTimeout === 1, 'cut off')
        t.equal(stats().memory.unsentBytes, 0)
        client.socket.resume()
        t.equal((await client.rest()).length < 16 * 1024 * 1024, true)
      },
    )
  })
}

export const deadlinesContract: Contract = (t, subject) => {
  for (const part of [headers, bodiesAndIdleness, afterQuiet, debtsAndWrites]) part(t, subject)
}
