/** Handlers that throw, reject, or end the server from within. */
import type { ServerRequest } from 'netvolley'
import { frame } from '../support/tcp-client'
import { until } from '../support/until'
import type { Contract } from './contract'
import { U16, pattern, running, runningServer } from './running'

const closeWithin: Contract = (t, subject) => {
  let closer = (): Promise<unknown> => Promise.resolve()
  t.test(
    '[SV24] close() within the handler: that request and those before it are answered, then all is closed',
    async () => {
      for (const when of ['before', 'after']) {
        const reports: Promise<unknown>[] = []
        await running(
          t,
          subject,
          {},
          (call) => {
            const last = call.body.toString() === 'close'
            if (last && when === 'before') reports.push(closer())
            call.reply(call.body)
            if (last && when === 'after') reports.push(closer())
          },
          async ({ server, tcp, stats }) => {
            closer = () => server.close()
            const client = await tcp()
            client.send(Buffer.concat(['a', 'b', 'close'].map((body) => frame(2, body))))
            t.equal(
              (await client.rest()).toString(),
              ['a', 'b', 'close'].map((body) => frame(2, body).toString()).join(''),
            )
            t.equal((await Promise.all(reports)).length, 1)
            t.equal(server.state, 'closed')
            t.equal(stats().memory.slabFree, stats().memory.slabSlots)
          },
        )
      }
    },
  )
}

const destroyWithin: Contract = (t, subject) => {
  let destroyer = (): void => undefined
  t.test(
    '[SV42] destroy() within the handler ends the server at once; what the handler still answers is dropped',
    async () => {
      for (const transport of ['tcp', 'udp'] as const) {
        await running(
          t,
          subject,
          {},
          (call) => {
            destroyer()
            call.reply(call.body)
          },
          async ({ server, tcp, udp }) => {
            destroyer = () => {
              server.destroy()
            }
            const client = transport === 'tcp' ? await tcp() : await udp()
            client.send(Buffer.concat([frame(2, 'a'), frame(2, 'b')]))
            await until(() => server.state === 'closed', 'closed')
          },
        )
      }
    },
  )
}

const throwing: Contract = (t, subject) => {
  if (subject.style !== 'handler') return
  const { RequestServer, drive } = subject
  t.test('[SV24] a handler that throws or rejects fails that request only, and requestError tells', async () => {
    const seen: [unknown, ServerRequest | null][] = []
    const server = new RequestServer({
      framing: U16,
      drive,
      handler: (request) => {
        const what = request.body.toString()
        if (what === 'throw') throw new Error('thrown')
        if (what === 'reject') return Promise.reject(new Error('rejected'))
        return request.body
      },
    })
    server.on('requestError', (error: Error, request: ServerRequest | null) => seen.push([error.message, request]))
    await runningServer(t, server, async ({ tcp, udp, stats }) => {
      const other = await tcp()
      for (const what of ['throw', 'reject']) {
        const client = await tcp()
        client.send(Buffer.concat(['a', what, 'b'].map((body) => frame(2, body))))
        t.equal((await client.rest()).toString(), frame(2, 'a').toString(), 'the answers before it, then the end')
        const datagrams = await udp()
        datagrams.send(what)
        t.equal((await datagrams.ask('x')).toString(), 'x')
      }
      other.send(frame(2, 'other'))
      t.equal((await other.receiveFrame(2)).toString(), 'other')
      t.equal(
        seen.map(([message]) => message),
        ['thrown', 'thrown', 'rejected', 'rejected'],
      )
      t.equal(
        seen.map(([, request]) => [request?.transport, request?.answered]),
        [
          ['tcp', true],
          ['udp', true],
          ['tcp', true],
          ['udp', true],
        ],
      )
      t.equal(stats().requests.failed, 4)
    })
  })
}

const badAnswers: Contract = (t, subject) => {
  if (subject.style !== 'handler') return
  const { RequestServer, drive } = subject
  t.test('[SV24] an error after the answer is told, and the answer stands', async () => {
    const seen: (string | undefined)[] = []
    const server = new RequestServer({
      framing: U16,
      drive,
      handler: (request) => {
        request.reply(request.body)
        if (request.body[0] === 0x74) throw Object.assign(new Error('after'), { code: 'AFTER' })
        return Buffer.from('a second answer')
      },
    })
    server.on('requestError', (error: NodeJS.ErrnoException) => seen.push(error.code))
    await runningServer(t, server, async ({ tcp, stats }) => {
      const client = await tcp()
      client.send(Buffer.concat([frame(2, 'throw'), frame(2, 'return'), frame(2, 'throw')]))
      for (const body of ['throw', 'return', 'throw']) t.equal((await client.receiveFrame(2)).toString(), body)
      t.equal(seen, ['AFTER', 'ERR_NETVOLLEY_REPLY_TWICE', 'AFTER'])
      t.equal(stats().requests.replied, 3)
    })
  })

  t.test('[SV24] an answer that is not bytes, or too many of them, fails the request and says why', async () => {
    const answers: unknown[] = ['text', 42, null, {}, ['text'], [null], new ArrayBuffer(4), Buffer.alloc(65536)]
    const seen: (string | undefined)[] = []
    let next = 0
    const server = new RequestServer({
      framing: U16,
      drive,
      handler: () => answers[next++] as Uint8Array,
    })
    server.on('requestError', (error: NodeJS.ErrnoException) => seen.push(error.code))
    await runningServer(t, server, async ({ tcp }) => {
      for (const answer of answers) {
        const client = await tcp()
        client.send(frame(2, 'x'))
        t.equal((await client.rest()).toString('hex'), '', `nothing is sent for ${String(answer)}`)
      }
      const invalid = 'ERR_NETVOLLEY_OPTION_INVALID'
      t.equal(seen, [...Array<string>(7).fill(invalid), 'ERR_NETVOLLEY_REPLY_TOO_LARGE'])
    })
  })
}

const lateAnswers: Contract = (t, subject) => {
  if (subject.style !== 'handler') return
  const { RequestServer, drive } = subject
  t.test('[SV24] a handler that answers after the end of the server harms nothing', async () => {
    const kept: ServerRequest[] = []
    const server = new RequestServer({
      framing: U16,
      drive,
      handler: (request) => void kept.push(request),
    })
    await runningServer(t, server, async ({ tcp, udp, stats }) => {
      const client = await tcp()
      client.send(Buffer.concat([frame(2, 'a'), frame(2, 'b'), frame(2, 'c'), frame(2, 'd')]))
      const datagrams = await udp()
      await until(() => kept.length === 4, 'four are there')
      datagrams.send('e')
      await until(() => kept.length === 5, 'all are there')
      server.destroy()
      await until(() => server.state === 'closed', 'closed')
      const { aborted, replied, noReply, failed } = stats().requests
      t.equal([aborted, replied + noReply + failed], [5, 0])
      kept[0].reply(pattern(1000))
      kept[1].replyInPlace(2, 1)
      kept[2].noReply()
      kept[3].fail()
      t.equal(kept[4].body.toString(), 'e')
      t.equal(kept[4].remote.address, '127.0.0.1')
      kept[4].reply([pattern(100), pattern(3)])
    })
  })
}

export const failuresContract: Contract = (t, subject) => {
  for (const part of [closeWithin, destroyWithin, throwing, badAnswers, lateAnswers]) part(t, subject)
}
