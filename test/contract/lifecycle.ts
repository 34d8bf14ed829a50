import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { RequestServer } from 'netvolley'
import { TcpClient, frame } from '../support/tcp-client'
import { until } from '../support/until'
import { type Contract, handlerOf, type Kit, type Subject } from './contract'
import { U16, echo, required, running, thrown } from './running'

const make = (subject: Subject): RequestServer =>
  new subject.RequestServer({ framing: U16, drive: subject.drive, ...handlerOf(subject, echo) })

async function asks(t: Kit, target: { address: string; port: number }): Promise<void> {
  const client = await TcpClient.connect(target)
  client.send(frame(2, 'echo'))
  t.equal((await client.receiveFrame(2)).toString(), 'echo')
  client.close()
}

const states: Contract = (t, subject) => {
  t.test('[SV42] state, address() and the events of a life', async () => {
    const server = make(subject)
    const events: string[] = []
    for (const name of ['listening', 'close']) server.on(name, () => events.push(`${name} ${server.state}`))
    t.equal([server.state, server.address()], ['idle', null])
    const address = await server.listen({ host: '127.0.0.1' })
    t.equal([server.state, server.address()], ['listening', address])
    t.equal(address.tcp, { address: '127.0.0.1', port: address.tcp?.port, family: 'IPv4' })
    t.equal(address.udp, address.tcp)
    await until(() => events.length === 1, "'listening' is emitted")
    const closing = server.close()
    t.equal(server.state, 'draining')
    await closing
    t.equal([server.state, server.address()], ['closed', null])
    await until(() => events.length === 2, "'close' is emitted")
    t.equal(events, ['listening listening', 'close closed'])
    t.equal(server.stats().memory.slabFree, server.stats().memory.slabSlots)
  })

  t.test('[SV42] close() twice gives the same promise, before and after the end', async () => {
    const server = make(subject)
    await server.listen({ host: '127.0.0.1' })
    const closing = server.close()
    t.equal(server.close({ graceMs: 1 }) === closing, true)
    const report = await closing
    t.equal(Object.keys(report), ['served', 'aborted', 'idleClosed', 'destroyed', 'durationMs'])
    t.equal(server.close() === closing, true)
    server.destroy()
    t.equal((await server.close()) === report, true)
  })

  t.test('[SV42] close() and destroy() before listen() end the server', async () => {
    const closed = make(subject)
    const report = await closed.close()
    t.equal([report.served, report.aborted, report.idleClosed, report.destroyed], [0, 0, 0, 0])
    t.equal(closed.state, 'closed')
    const destroyed = make(subject)
    destroyed.destroy()
    destroyed.destroy()
    t.equal(destroyed.state, 'closed')
    await destroyed.close()
    for (const server of [closed, destroyed]) await t.rejects(server.listen(), 'ERR_NETVOLLEY_SERVER_STATE')
  })
}

const endings: Contract = (t, subject) => {
  t.test('[SV42] destroy() resets every connection, and a close() then resolves', async () => {
    const server = make(subject)
    const address = await server.listen({ host: '127.0.0.1' })
    const client = await TcpClient.connect(required(address.tcp))
    client.send(frame(2, 'x'))
    await client.receiveFrame(2)
    server.destroy()
    t.equal(await client.ended, 'ECONNRESET')
    await server.close()
    t.equal(server.stats().connections.closed.destroyed, 1)
  })

  t.test(
    '[SV42] an aborted signal rejects listen() with its reason; one that aborts later ends the server',
    async () => {
      const server = make(subject)
      const reason = Object.assign(new Error('not now'), { code: 'NOT_NOW' })
      await t.rejects(server.listen({ signal: AbortSignal.abort(reason) }), 'NOT_NOW')
      t.equal(server.state, 'idle')
      const controller = new AbortController()
      const address = await server.listen({ host: '127.0.0.1', signal: controller.signal })
      await asks(t, required(address.tcp))
      controller.abort()
      await until(() => server.state === 'closed', 'the server has ended')
    },
  )

  t.test('[SV42] Symbol.asyncDispose closes', async () => {
    const server = make(subject)
    await server.listen({ host: '127.0.0.1' })
    await server[Symbol.asyncDispose]()
    t.equal(server.state, 'closed')
  })
}

const listening: Contract = (t, subject) => {
  t.test('[SV42] listen() twice is refused and the first stands; so is listen() after close()', async () => {
    const server = make(subject)
    const first = server.listen({ host: '127.0.0.1' })
    await t.rejects(server.listen({ host: '127.0.0.1' }), 'ERR_NETVOLLEY_SERVER_STATE')
    await asks(t, required((await first).tcp))
    await t.rejects(server.listen(), 'ERR_NETVOLLEY_SERVER_STATE')
    await server.close()
    await t.rejects(server.listen(), 'ERR_NETVOLLEY_SERVER_STATE')
  })

  t.test('[SV42] an address that is not of this host rejects with EADDRNOTAVAIL', async () => {
    const server = make(subject)
    await t.rejects(server.listen({ host: '192.0.2.1' }), 'EADDRNOTAVAIL')
    await server.close()
  })

  t.test('[SV42] a port that was let go can be listened on at once', async () => {
    let port = 0
    for (let i = 0; i < 5; i++) {
      const server = make(subject)
      const address = await server.listen({ host: '127.0.0.1', port })
      port = required(address.tcp).port
      await asks(t, required(address.tcp))
      await server.close()
    }
  })

  t.test('[SV42] ref() and unref() give the server', () =>
    running(t, subject, {}, echo, async ({ server, tcp }) => {
      t.equal(server.unref() === server && server.ref() === server, true)
      server.unref()
      const client = await tcp()
      client.send(frame(2, 'x'))
      t.equal((await client.receiveFrame(2)).toString(), 'x')
    }),
  )
}

const takenPorts: Contract = (t, subject) => {
  t.test(
    '[SV42] a port that is taken rejects with the system error, leaves nothing open, and the server can listen elsewhere',
    async () => {
      const tcp = createServer().listen(0, '127.0.0.1')
      await once(tcp, 'listening')
      // A number that TCP had: one that only UDP chooses may be that of somebody's connection.
      const free = createServer().listen(0, '127.0.0.1')
      await once(free, 'listening')
      const udp = createSocket('udp4').bind((free.address() as AddressInfo).port, '127.0.0.1')
      await Promise.all([once(udp, 'listening'), once(free.close(), 'close')])
      try {
        for (const [port, syscall] of [
          [(tcp.address() as AddressInfo).port, 'listen'],
          [udp.address().port, 'bind'],
        ] as const) {
          const server = make(subject)
          const error = await t.rejects(server.listen({ port, host: '127.0.0.1' }), 'EADDRINUSE')
          t.equal(
            [error.errno, error.syscall, (error as { address?: string }).address, (error as { port?: number }).port],
            [-98, syscall, '127.0.0.1', port],
          )
          t.equal(error.message, `${syscall} EADDRINUSE 127.0.0.1:${String(port)}`)
          t.equal([server.state, server.address()], ['idle', null])
          if (syscall === 'bind') {
            await t.rejects(TcpClient.connect({ address: '127.0.0.1', port }), 'ECONNREFUSED')
          }
          await asks(t, required((await server.listen({ host: '127.0.0.1' })).tcp))
          await server.close()
        }
      } finally {
        tcp.close()
        udp.close()
      }
    },
  )
}

const engines: Contract = (t, subject) => {
  t.test('[SV46] servers that share an engine end one by one; engine.close() ends what is left', async () => {
    const engine = new subject.Engine({ drive: subject.drive })
    const shared = { framing: U16, engine, ...handlerOf(subject, echo) }
    const servers = [1, 2, 3].map(() => new subject.RequestServer(shared))
    const addresses = await Promise.all(servers.map((server) => server.listen({ host: '127.0.0.1' })))
    await servers[0].close()
    for (const address of addresses.slice(1)) await asks(t, required(address.tcp))
    const client = await TcpClient.connect(required(addresses[1].tcp))
    const closed = Promise.all(servers.map((server) => server.close()))
    engine.close()
    engine.close()
    await closed
    t.equal(
      servers.map((server) => server.state),
      ['closed', 'closed', 'closed'],
    )
    await client.ended
    const late = new subject.RequestServer(shared)
    await t.rejects(late.listen(), 'ERR_NETVOLLEY_SOCKET_CLOSED')
  })

  t.test('[SV46] engine.close() ends a server that nobody has closed', async () => {
    const engine = new subject.Engine({ drive: subject.drive })
    const server = new subject.RequestServer({ framing: U16, engine, ...handlerOf(subject, echo) })
    const ended = once(server, 'close')
    await server.listen({ host: '127.0.0.1' })
    engine.close()
    await ended
    t.equal([server.state, server.address()], ['closed', null])
  })
}

const argumentsOf: Contract = (t, subject) => {
  t.test('[SV42] close() and listen() refuse bad arguments', async () => {
    const server = make(subject)
    const invalid = 'ERR_NETVOLLEY_OPTION_INVALID'
    for (const bad of [{ graceMs: -1 }, { graceMs: NaN }, { graceMs: '1' }, { grace: 1 }, null]) {
      t.equal(thrown(() => server.close(bad as object)).code, invalid, JSON.stringify(bad))
    }
    for (const bad of [
      { port: -1 },
      { port: 65536 },
      { port: 1.5 },
      { port: '80' },
      { host: 'localhost' },
      { host: '' },
      { host: 'fe80::1%1' },
      { host: 4 },
      { signal: 1 },
      { signal: {} },
      { prot: 1 },
      null,
    ]) {
      await t.rejects(server.listen(bad as object), invalid)
    }
    t.equal(server.state, 'idle')
    await server.close()
  })
}

export const lifecycleContract: Contract = (t, subject) => {
  for (const part of [states, endings, listening, takenPorts, engines, argumentsOf]) part(t, subject)
}
