import type { UdpAddress } from 'netvolley'
import { until } from '../../support/until'
import { thrown } from '../running'
import { receive } from './received'
import { HELD, running } from './running'
import type { UdpContract } from './subject'

const STATE = 'ERR_NETVOLLEY_SOCKET_STATE'

const connecting: UdpContract = (t, subject) => {
  t.test('[U2] a connected socket sends without a destination, and takes none', async () => {
    await running(t, subject, async ({ open, make }) => {
      const receiver = await open()
      const received = receive(receiver, 'message')
      const sender = make({ address: '127.0.0.1' })
      const seen: string[] = []
      sender.on('listening', () => seen.push(`listening ${sender.state}`))
      sender.on('connect', () => seen.push(`connect ${sender.state}`))
      const done = sender.connect(receiver.address())
      await done
      t.equal(seen, ['listening bound', 'connect connected'])
      t.equal([sender.state, sender.remoteAddress()], ['connected', receiver.address()])
      t.equal(sender.send('hello'), true)
      await received.have(1)
      for (const to of [receiver.address(), { address: '127.0.0.1', port: 9 }]) {
        t.equal(thrown(() => sender.send('x', to)).code, 'ERR_NETVOLLEY_DESTINATION_FORBIDDEN')
      }
      t.equal(sender.stats().send.packetsQueued, 1)
      await t.rejects(sender.connect(receiver.address()), STATE)
    })
  })

  t.test(
    '[U1, U2] address() of a socket that was bound to no address is the one that connecting chose, until disconnect()',
    async () => {
      await running(t, subject, async ({ open, make }) => {
        const receiver = await open()
        const socket = make({ address: '0.0.0.0' })
        const bound = await socket.bind()
        t.equal(bound.address, '0.0.0.0')
        await socket.connect(receiver.address())
        t.equal(socket.address(), { ...bound, address: '127.0.0.1' })
        socket.disconnect()
        t.equal(socket.address(), bound)
      })
    },
  )

  t.test('[U2] an unconnected socket needs a destination', async () => {
    await running(t, subject, async ({ open }) => {
      const socket = await open()
      const all = [
        (): unknown => socket.send('x'),
        (): unknown => socket.sendSegments(Buffer.from('x'), 1),
        (): unknown => socket.createSendBatch().add(Buffer.from('x'), undefined),
      ]
      for (const call of all) t.equal(thrown(call).code, 'ERR_NETVOLLEY_DESTINATION_REQUIRED')
      await t.rejects(socket.sendAsync('x'), 'ERR_NETVOLLEY_DESTINATION_REQUIRED')
      t.equal([socket.queuedPackets, socket.stats().send.packetsQueued], [0, 0])
    })
  })

  t.test('[U2] open({ remote }) connects, also by a name', async () => {
    await running(t, subject, async ({ open }) => {
      const receiver = await open()
      const received = receive(receiver, 'message')
      const { port } = receiver.address()
      const sender = await open({ remote: { address: 'localhost', port } })
      t.equal(sender.remoteAddress(), { address: '127.0.0.1', port, family: 'IPv4' })
      sender.send('by name')
      await received.have(1)
    })
  })
}

const hearing: UdpContract = (t, subject) => {
  t.test('[U2] a connected socket hears its peer alone', async () => {
    await running(
      t,
      subject,
      async ({ open }) => {
        const [server, stranger] = [await open(), await open()]
        const client = await open({ remote: server.address() })
        const received = receive(client, 'message')
        stranger.send('from a stranger', client.address())
        await until(() => stranger.stats().send.packetsSent === 1, 'sent')
        server.send('from the peer', client.address())
        await received.have(1)
        t.equal(received.texts, ['from the peer'])
        t.equal(client.stats().receive.packetsReceived, 1)
      },
      { outside: true },
    )
  })
}

const ending: UdpContract = (t, subject) => {
  t.test('[U2] disconnect() keeps the port: anybody is heard there again, and a destination is needed', async () => {
    await running(t, subject, async ({ open }) => {
      const [server, other] = [await open(), await open()]
      const client = await open({ remote: server.address() })
      const received = receive(client, 'message')
      const before = client.address()
      client.disconnect()
      t.equal([client.state, client.remoteAddress(), client.address()], ['bound', null, before])
      t.equal(thrown(() => client.disconnect()).code, STATE)
      other.send('from anybody', before)
      await received.have(1)
      t.equal(thrown(() => client.send('x')).code, 'ERR_NETVOLLEY_DESTINATION_REQUIRED')
      const answers = receive(other, 'message')
      client.send('answer', received.infos[0].peer)
      await answers.have(1)
      t.equal(answers.ports, [before.port])
      await client.connect(other.address())
      client.send('connected again')
      await answers.have(2)
    })
  })

  t.test('[U2] what was queued before connect() and disconnect() goes where it was addressed', async () => {
    await running(t, subject, async ({ open }) => {
      const [one, two] = [await open(), await open()]
      const [first, second] = [receive(one, 'message'), receive(two, 'message')]
      const sender = await open(HELD)
      const texts = { one: [] as string[], two: [] as string[] }
      const send = (to: 'one' | 'two', target?: UdpAddress): void => {
        for (let i = 0; i < 20; i++) {
          const text = `${to} ${String(texts[to].length)}`
          texts[to].push(text)
          sender.send(text, target)
        }
      }
      for (let round = 0; round < 10; round++) {
        send('one', one.address())
        await sender.connect(two.address())
        send('two')
        sender.disconnect()
        send('two', two.address())
        await sender.connect(one.address())
        send('one')
        sender.disconnect()
      }
      sender.flush()
      await first.have(400)
      await second.have(400)
      t.equal([first.texts, second.texts], [texts.one, texts.two])
    })
  })
}

const failures: UdpContract = (t, subject) => {
  t.test('[U2] a connect() that fails rejects with the error of the system and changes nothing', async () => {
    await running(t, subject, async ({ open }) => {
      const receiver = await open()
      const received = receive(receiver, 'message')
      const socket = await open()
      // A broadcast address, which the socket may not send to.
      const to = { address: '127.255.255.255', port: 9 }
      const error = await t.rejects(socket.connect(to), 'EACCES')
      const { syscall, address, port } = error as NodeJS.ErrnoException & typeof to
      t.equal({ syscall, address, port }, { syscall: 'connect', ...to })
      t.equal([socket.state, socket.remoteAddress()], ['bound', null])
      socket.send('it still sends', receiver.address())
      await received.have(1)
      await t.rejects(socket.connect({ address: '127.0.0.1', port: 0 }), 'ERR_NETVOLLEY_PORT_INVALID')
      await t.rejects(socket.connect({ address: '::1', port: 9 }), 'ERR_NETVOLLEY_ADDRESS_INVALID')
      t.equal(thrown(() => socket.disconnect()).code, STATE)
      await socket.close()
      await t.rejects(socket.connect(receiver.address()), 'ERR_NETVOLLEY_SOCKET_CLOSED')
    })
  })
}

export const connectContract: UdpContract = (t, subject) => {
  for (const part of [connecting, hearing, ending, failures]) part(t, subject)
}
