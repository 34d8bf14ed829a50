import { frame } from '../support/tcp-client'
import { until } from '../support/until'
import type { Contract } from './contract'
import { U32, deferred, echo, pattern, running } from './running'

const graceful: Contract = (t, subject) => {
  t.test('[SV41] close() answers what is in flight, closes what is idle, and takes nothing new', () => {
    const gate = deferred<void>()
    const answer = async ({ body }: { body: Buffer }): Promise<Buffer> => {
      const reply = Buffer.from(body)
      if (reply.toString() === 'wait') await gate.promise
      return reply
    }
    return running(t, subject, {}, answer, async ({ server, tcp, udp, stats }) => {
      const idle = [await tcp(), await tcp()]
      const busy = await tcp()
      const datagrams = await udp()
      busy.send(Buffer.concat([frame(2, 'wait'), frame(2, 'second')]))
      datagrams.send('wait')
      await until(() => stats().requests.inFlight === 2 && stats().requests.total === 3, 'all are in the handler')
      const closing = server.close({ graceMs: 20_000 })
      for (const client of idle) t.equal(await client.ended, 'end')
      await t.rejects(tcp(), 'ECONNREFUSED')
      t.equal(server.state, 'draining')
      gate.resolve()
      t.equal((await busy.rest()).toString(), Buffer.concat([frame(2, 'wait'), frame(2, 'second')]).toString())
      t.equal((await datagrams.receive()).toString(), 'wait')
      const { served, aborted, idleClosed, destroyed, durationMs } = await closing
      t.equal({ served, aborted, idleClosed, destroyed }, { served: 1, aborted: 0, idleClosed: 2, destroyed: 0 })
      t.equal(durationMs > 0 && durationMs < 10_000, true)
      t.equal(stats().connections.closed.drain, 3)
      t.equal(stats().memory.slabFree, stats().memory.slabSlots)
    })
  })

  t.test(
    '[SV41] requests that had arrived when close() was called are answered: connection, datagram and accept queue',
    () =>
      running(t, subject, { maxInFlightPerConnection: 2 }, echo, async ({ server, tcp, udp, stats }) => {
        const bytes = Buffer.concat(Array.from({ length: 10 }, (_, i) => frame(2, `request ${String(i)}`)))
        const client = await tcp()
        client.send(frame(2, 'warm'))
        await client.receiveFrame(2)
        const datagrams = await udp()
        const before = stats().requests.total
        // Both are in the kernel when these calls return; the server cannot have seen them yet with the inline drive.
        client.send(bytes)
        datagrams.send('datagram')
        const closing = server.close()
        t.equal((await client.rest()).toString(), bytes.toString())
        await closing
        t.equal(stats().requests.total - before, 11)
        t.equal((await datagrams.receive()).toString(), 'datagram')
      }),
  )
}

const grace: Contract = (t, subject) => {
  t.test('[SV41] graceMs ends a handler that never answers; its request counts as aborted', () => {
    const answer = (): Promise<Buffer> => new Promise(() => undefined)
    return running(t, subject, {}, answer, async ({ server, tcp, udp, stats }) => {
      const client = await tcp()
      client.send(frame(2, 'never'))
      const datagrams = await udp()
      datagrams.send('never')
      await until(() => stats().requests.inFlight === 2, 'in the handler')
      const start = performance.now()
      const { served, aborted, idleClosed, destroyed, durationMs } = await server.close({ graceMs: 80 })
      t.equal(performance.now() - start >= 80 && durationMs >= 80, true, `grace of ${String(durationMs)} ms`)
      t.equal({ served, aborted, idleClosed, destroyed }, { served: 1, aborted: 2, idleClosed: 0, destroyed: 1 })
      t.equal(await client.ended, 'ECONNRESET')
      t.equal(stats().requests.aborted, 2)
    })
  })

  t.test('[SV41] graceMs 0 ends everything at once', () => {
    const answer = (): Promise<Buffer> => new Promise(() => undefined)
    return running(t, subject, {}, answer, async ({ server, tcp, stats }) => {
      const client = await tcp()
      client.send(frame(2, 'never'))
      await until(() => stats().requests.inFlight === 1, 'in the handler')
      t.equal((await server.close({ graceMs: 0 })).aborted, 1)
    })
  })
}

const graceAfterQuiet: Contract = (t, subject) => {
  t.test('[SV41] the grace time counts from close(), however long nothing has happened before', () => {
    const answer = (): Promise<Buffer> => new Promise(() => undefined)
    return running(t, subject, {}, answer, async ({ server, tcp, stats }) => {
      const client = await tcp()
      client.send(frame(2, 'never'))
      await until(() => stats().requests.inFlight === 1, 'in the handler')
      const quiet = performance.now() + 300
      await until(() => performance.now() > quiet, 'time has passed')
      const start = performance.now()
      await server.close({ graceMs: 150 })
      const took = performance.now() - start
      t.equal(took >= 150, true, `a grace of 150 ms took ${String(took)} ms`)
    })
  })
}

const leftovers: Contract = (t, subject) => {
  t.test('[SV41] a frame that is incomplete when close() is called is not waited for', () =>
    running(t, subject, {}, echo, async ({ server, tcp, stats }) => {
      const client = await tcp()
      client.send(Buffer.concat([frame(2, 'whole'), frame(2, 'cut off').subarray(0, 5)]))
      t.equal((await client.receiveFrame(2)).toString(), 'whole')
      await until(() => stats().memory.bufferedBytes === 5, 'the part is kept')
      const { durationMs } = await server.close()
      t.equal(durationMs < 5000, true)
      t.equal((await client.rest()).length, 0)
      t.equal(await client.ended, 'end')
    }),
  )

  t.test('[SV41] close() waits until a slow reader has everything', () => {
    const big = pattern(12 * 1024 * 1024)
    const options = { framing: U32, writeTimeoutMs: 20_000 }
    return running(
      t,
      subject,
      options,
      () => big,
      async ({ server, tcp, stats }) => {
        const client = await tcp()
        client.socket.pause()
        client.send(frame(4, ''))
        await until(() => stats().memory.unsentBytes > 0, 'some of it waits')
        const closing = server.close({ graceMs: 20_000 })
        client.socket.resume()
        t.equal((await client.receiveFrame(4)).equals(big), true)
        t.equal(await client.ended, 'end')
        const { served, aborted, destroyed } = await closing
        t.equal({ served, aborted, destroyed }, { served: 1, aborted: 0, destroyed: 0 })
      },
    )
  })
}

export const drainContract: Contract = (t, subject) => {
  for (const part of [graceful, grace, graceAfterQuiet, leftovers]) part(t, subject)
}
