import type { UdpSocketOptions } from 'netvolley'
import { until } from '../../support/until'
import { thrown } from '../running'
import { receive } from './received'
import { running } from './running'
import type { UdpContract } from './subject'

const STATE = 'ERR_NETVOLLEY_SOCKET_STATE'
const CLOSED = 'ERR_NETVOLLEY_SOCKET_CLOSED'

const explicit: UdpContract = (t, subject) => {
  t.test('[U1] bind() to port 0 gives a port of the system, and says so once', async () => {
    await running(t, subject, async ({ make }) => {
      const socket = make({ address: '127.0.0.1' })
      const seen: string[] = [socket.state, thrown(() => socket.address()).code ?? '']
      socket.on('listening', () => seen.push(`listening ${socket.state}`))
      const binding = socket.bind()
      seen.push(socket.state)
      const { address, port, family } = await binding
      t.equal(seen, ['idle', STATE, 'binding', 'listening bound'])
      t.equal([address, family, port > 0 && port < 65536], ['127.0.0.1', 'IPv4', true])
      t.equal([socket.address(), socket.remoteAddress()], [{ address, port, family }, null])
      t.equal((await t.rejects(socket.bind(), STATE)).message.includes('bound once'), true)
    })
  })

  t.test(
    '[U1] the address and port of the call go before those of the options, and both before 0.0.0.0:0',
    async () => {
      await running(t, subject, async ({ make, open }) => {
        const free = await open()
        const { port } = free.address()
        await free.close()
        const byOptions = make({ address: '127.0.0.2', port })
        t.equal(await byOptions.bind(), { address: '127.0.0.2', port, family: 'IPv4' })
        const byCall = make({ address: '127.0.0.2', port })
        t.equal((await byCall.bind({ address: '127.0.0.3' })).address, '127.0.0.3')
        t.equal(byCall.address().port, port)
        t.equal((await make().bind()).address, '0.0.0.0')
      })
    },
  )

  t.test('[U1] a closed socket has left its port: the next one is bound to it (regression 21)', async () => {
    await running(t, subject, async ({ open }) => {
      const first = await open()
      const { port } = first.address()
      await first.close()
      for (let i = 0; i < 10; i++) {
        const socket = await open({ port })
        t.equal(socket.address().port, port)
        await socket.close()
      }
    })
  })
}

const failures: UdpContract = (t, subject) => {
  t.test('[U1] a bind that fails rejects with the error of the system; the socket is closed', async () => {
    await running(t, subject, async ({ open, make }) => {
      const { port } = (await open()).address()
      const refused = async (options: UdpSocketOptions, code: string): Promise<void> => {
        const socket = make(options)
        const errors: Error[] = []
        socket.on('error', (error) => errors.push(error))
        const error = (await t.rejects(socket.bind(), code)) as NodeJS.ErrnoException & {
          address: string
          port: number
        }
        const { address, syscall } = error
        t.equal([address, error.port, syscall], [options.address, options.port, 'bind'])
        await until(() => socket.state === 'closed', 'closed')
        t.equal(errors, [], 'who awaits the bind has been told')
        await t.rejects(socket.bind(), CLOSED)
      }
      await refused({ address: '127.0.0.1', port }, 'EADDRINUSE')
      await refused({ address: '203.0.113.1', port }, 'EADDRNOTAVAIL')
    })
  })

  t.test('[U1] bad arguments of bind() are refused, and the socket can still be bound', async () => {
    await running(t, subject, async ({ make }) => {
      const socket = make()
      for (const port of [-1, 65536, 1.5, NaN, '53']) {
        await t.rejects(socket.bind({ port: port as number }), 'ERR_NETVOLLEY_PORT_INVALID')
      }
      for (const address of ['localhost', '::1', '127.0.0.256', '']) {
        await t.rejects(socket.bind({ address }), 'ERR_NETVOLLEY_ADDRESS_INVALID')
      }
      await t.rejects(socket.bind({ adress: '127.0.0.1' } as object), 'ERR_NETVOLLEY_OPTION_INVALID')
      t.equal(socket.state, 'idle')
      t.equal((await socket.bind({ address: '127.0.0.1' })).address, '127.0.0.1')
    })
  })

  t.test('[U1] an aborted bind() rejects with the reason of its signal', async () => {
    await running(t, subject, async ({ make }) => {
      const reason = Object.assign(new Error('enough'), { code: 'ENOUGH' })
      const early = make()
      await t.rejects(early.bind({}, { signal: AbortSignal.abort(reason) }), 'ENOUGH')
      t.equal(early.state, 'idle')
      const late = make()
      const control = new AbortController()
      const binding = late.bind({}, { signal: control.signal })
      control.abort(reason)
      await t.rejects(binding, 'ENOUGH')
    })
  })
}

const implicit: UdpContract = (t, subject) => {
  t.test('[U1] send() binds by itself; what was sent before is sent then', async () => {
    await running(t, subject, async ({ make, open }) => {
      const receiver = await open()
      const received = receive(receiver, 'message')
      const sender = make({ address: '127.0.0.1' })
      t.equal(sender.send('one', receiver.address()), true)
      t.equal(sender.state, 'binding')
      t.equal(sender.send('two', receiver.address()), true)
      await until(() => sender.state === 'bound', 'bound')
      t.equal(sender.send('three', receiver.address()), true)
      await received.have(3)
      t.equal([received.texts, new Set(received.ports)], [['one', 'two', 'three'], new Set([sender.address().port])])
    })
  })

  t.test("[U1] an implicit bind that fails: 'error', and what was queued has failed", async () => {
    await running(t, subject, async ({ make, open }) => {
      const taken = await open()
      const sender = make({ address: '127.0.0.1', port: taken.address().port })
      const errors: unknown[] = []
      sender.on('error', ({ code }: NodeJS.ErrnoException) => errors.push(code))
      for (let i = 0; i < 3; i++) t.equal(sender.send('lost', taken.address()), true)
      const promise = sender.sendAsync('lost', taken.address())
      t.equal(((await promise.catch((error: unknown) => error)) as NodeJS.ErrnoException).code, 'EADDRINUSE')
      await until(() => sender.state === 'closed', 'closed')
      t.equal(errors, ['EADDRINUSE'])
      const { packetsQueued, packetsFailed, packetsPending } = sender.stats().send
      t.equal([packetsQueued, packetsFailed, packetsPending], [4, 4, 0])
    })
  })
}

export const bindContract: UdpContract = (t, subject) => {
  for (const part of [explicit, failures, implicit]) part(t, subject)
}
