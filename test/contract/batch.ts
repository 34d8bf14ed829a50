import type { BatchHandler, RequestBatch, RequestServer, ServerRequest } from 'netvolley'
import { frame } from '../support/tcp-client'
import { until } from '../support/until'
import type { Contract, Subject } from './contract'
import { U16, deferred, pattern, required, runningServer, thrown } from './running'

const STALE = 'ERR_NETVOLLEY_BATCH_STALE'

const serve = (subject: Subject, batchHandler: BatchHandler): RequestServer =>
  new subject.RequestServer({ framing: U16, drive: subject.drive, batchHandler })

const columns: Contract = (t, subject) => {
  t.test('[SV25] the columns describe each request where it lies in the slab', async () => {
    const seen: unknown[] = []
    const handler: BatchHandler = (batch) => {
      t.equal(batch.count, batch.end - batch.first)
      for (let i = batch.first; i < batch.end; i++) {
        const { slab, offset, headerBytes, bodyBytes, flags, connectionId } = batch
        const at = offset[i]
        const header = slab.subarray(at, at + headerBytes[i])
        const body = slab.subarray(at + headerBytes[i], at + headerBytes[i] + bodyBytes[i])
        t.equal([batch.header(i).equals(header), batch.body(i).equals(body)], [true, true])
        seen.push([flags[i], header.toString('hex'), body.toString(), connectionId[i] === 0xffffffff])
        batch.reply(i, body)
      }
    }
    await runningServer(t, serve(subject, handler), async ({ tcp, udp }) => {
      const client = await tcp()
      client.send(Buffer.concat([frame(2, 'one'), frame(2, '')]))
      await client.receiveFrame(2)
      await client.receiveFrame(2)
      await (await udp()).ask('two')
      t.equal(seen, [
        [0, '0003', 'one', false],
        [0, '0000', '', false],
        [1, '', 'two', true],
      ])
    })
  })

  t.test('[SV25] the requests of a burst come in one call; peerId and connectionId tell senders apart', async () => {
    const bursts: { connections: Set<number>; peers: Set<number>; count: number }[] = []
    const handler: BatchHandler = (batch) => {
      const of = (column: Uint32Array): Set<number> => new Set(column.subarray(batch.first, batch.end))
      bursts.push({ connections: of(batch.connectionId), peers: of(batch.peerId), count: batch.count })
      for (let i = batch.first; i < batch.end; i++) batch.replyInPlace(i, batch.headerBytes[i], batch.bodyBytes[i])
    }
    await runningServer(t, serve(subject, handler), async ({ tcp }) => {
      const clients = await Promise.all([tcp(), tcp()])
      for (const client of clients) client.send(Buffer.concat(Array.from({ length: 50 }, () => frame(2, 'x'))))
      for (const client of clients) await client.receive(150)
      const total = bursts.reduce((sum, { count }) => sum + count, 0)
      t.equal(total, 100)
      t.equal(bursts.length < 100, true, `${String(bursts.length)} calls for 100 requests`)
      t.equal(new Set(bursts.flatMap(({ connections }) => [...connections])).size, 2)
      t.equal(new Set(bursts.flatMap(({ peers }) => [...peers])).size, 2)
    })
  })
}

const asyncHandlers: Contract = (t, subject) => {
  t.test('[SV25] an async handler keeps its batch, with the same indices, while others come', async () => {
    const gates: (() => void)[] = []
    let taken = 0
    const handler: BatchHandler = async (batch) => {
      const indices = Array.from({ length: batch.count }, (_, k) => batch.first + k)
      const bodies = indices.map((i) => Buffer.from(batch.body(i)))
      const gate = deferred<void>()
      gates.push(gate.resolve)
      taken += batch.count
      await gate.promise
      t.equal([batch.first, batch.end], [indices[0], indices[0] + indices.length])
      indices.forEach((i, k) => {
        t.equal(batch.body(i).equals(bodies[k]), true)
        batch.reply(i, [batch.header(i).subarray(0, 0), batch.body(i)])
      })
    }
    await runningServer(t, serve(subject, handler), async ({ tcp }) => {
      const clients = await Promise.all([tcp(), tcp(), tcp()])
      for (const [i, client] of clients.entries()) {
        client.send(Buffer.concat([frame(2, pattern(500, i)), frame(2, pattern(2500, i))]))
        await until(() => taken === 2 * (i + 1), 'its requests are kept')
      }
      // The last first; the one in the middle goes on with both neighbours gone.
      while (gates.length > 0) {
        gates.splice(gates.length > 2 ? gates.length - 1 : 0, 1)[0]()
        await new Promise((resolve) => setImmediate(resolve))
      }
      for (const [i, client] of clients.entries()) {
        t.equal((await client.receiveFrame(2)).equals(pattern(500, i)), true)
        t.equal((await client.receiveFrame(2)).equals(pattern(2500, i)), true)
      }
    })
  })

  t.test('[SV25] requests that a handler leaves unanswered fail; those it took with requestOf stay open', async () => {
    const taken: ServerRequest[] = []
    const handler: BatchHandler = (batch) => {
      for (let i = batch.first; i < batch.end; i++)
        if (batch.body(i).toString() === 'take') taken.push(batch.requestOf(i))
    }
    await runningServer(t, serve(subject, handler), async ({ tcp, udp, stats }) => {
      const client = await tcp()
      client.send(frame(2, 'take'))
      const datagrams = await udp()
      datagrams.send('take')
      datagrams.send('leave')
      const left = await tcp()
      left.send(frame(2, 'leave'))
      t.equal((await left.rest()).length, 0)
      await until(() => taken.length === 2 && stats().requests.failed === 2, 'two failed')
      t.equal(stats().requests.inFlight, 2)
      for (const request of taken) request.reply(Buffer.from(`${request.transport} ${request.remote.family}`))
      t.equal((await client.receiveFrame(2)).toString(), 'tcp IPv4')
      t.equal((await datagrams.receive()).toString(), 'udp IPv4')
    })
  })
}

const ends: Contract = (t, subject) => {
  t.test(
    '[SV25] a batch that is used after its end, or beyond its ends, throws ERR_NETVOLLEY_BATCH_STALE',
    async () => {
      const kept: { batch?: RequestBatch; first?: number } = {}
      const inside: unknown[] = []
      const all = (batch: RequestBatch, i: number): unknown[] =>
        [
          () => {
            batch.reply(i, Buffer.alloc(0))
          },
          () => {
            batch.replyInPlace(i, 0, 0)
          },
          () => {
            batch.noReply(i)
          },
          () => {
            batch.fail(i)
          },
          () => batch.requestOf(i),
        ].map((act) => thrown(act).code)
      const handler: BatchHandler = (batch) => {
        if (kept.batch === undefined) {
          inside.push(...all(batch, batch.end), ...all(batch, batch.first - 1), ...all(batch, NaN))
          kept.batch = batch
          kept.first = batch.first
        }
        for (let i = batch.first; i < batch.end; i++) batch.reply(i, batch.body(i))
      }
      await runningServer(t, serve(subject, handler), async ({ tcp }) => {
        const client = await tcp()
        client.send(frame(2, 'x'))
        await client.receiveFrame(2)
        t.equal(inside, Array(15).fill(STALE))
        t.equal(all(required(kept.batch), required(kept.first)), Array(5).fill(STALE))
      })
    },
  )
}

const retention: Contract = (t, subject) => {
  t.test('[SV25] retain() keeps a batch until release(), which fails the rest; both may be called twice', async () => {
    const kept: RequestBatch[] = []
    const handler: BatchHandler = (batch) => {
      t.equal(batch.retain() === batch && batch.retain() === batch, true)
      kept.push(batch)
    }
    await runningServer(t, serve(subject, handler), async ({ tcp, udp, stats }) => {
      const clients = [await tcp(), await tcp()]
      for (const [i, client] of clients.entries()) {
        client.send(frame(2, `client ${String(i)}`))
        await until(() => kept.length === i + 1, 'kept')
      }
      const datagrams = await udp()
      datagrams.send('datagram')
      await until(() => kept.length === 3, 'kept')
      t.equal(new Set(kept).size, 3)
      t.equal(kept[1].body(kept[1].first).toString(), 'client 1')
      kept[1].replyInPlace(kept[1].first, 2, 8)
      t.equal((await clients[1].receiveFrame(2)).toString(), 'client 1')
      for (const batch of kept) {
        const { first } = batch
        batch[Symbol.dispose]()
        batch.release()
        t.equal(
          thrown(() => {
            batch.noReply(first)
          }).code,
          STALE,
        )
      }
      t.equal((await clients[0].rest()).length, 0)
      await until(() => stats().requests.failed === 2, 'the other two failed')
    })
  })

  t.test('[SV25] a batch handler that throws or rejects fails what it has not answered, and only that', async () => {
    const seen: unknown[] = []
    const handler: BatchHandler = (batch) => {
      const text = batch.body(batch.first).toString()
      batch.reply(batch.first, Buffer.from('answered'))
      if (text === 'throw') throw new Error('thrown')
      if (text === 'reject') return Promise.reject(new Error('rejected'))
      for (let i = batch.first + 1; i < batch.end; i++) batch.reply(i, batch.body(i))
      return undefined
    }
    const server = serve(subject, handler)
    server.on('requestError', (error: Error, request: unknown) => seen.push([error.message, request]))
    await runningServer(t, server, async ({ tcp, stats }) => {
      for (const what of ['throw', 'reject']) {
        const client = await tcp()
        client.send(Buffer.concat([frame(2, what), frame(2, 'unanswered'), frame(2, 'unanswered')]))
        t.equal((await client.rest()).toString(), frame(2, 'answered').toString())
      }
      const client = await tcp()
      client.send(frame(2, 'good'))
      t.equal((await client.receiveFrame(2)).toString(), 'answered')
      t.equal(seen, [
        ['thrown', null],
        ['rejected', null],
      ])
      t.equal(stats().requests.failed + stats().requests.aborted, 4)
    })
  })
}

export const batchContract: Contract = (t, subject) => {
  if (subject.style !== 'batchHandler') return
  for (const part of [columns, asyncHandlers, ends, retention]) part(t, subject)
}
