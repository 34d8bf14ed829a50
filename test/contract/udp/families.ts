import { until } from '../../support/until'
import { thrown } from '../running'
import { arrived, linkLocal, loopbackName } from './network'
import { receive } from './received'
import { running } from './running'
import type { UdpContract } from './subject'

const bothFamilies: UdpContract = (t, subject) => {
  t.test('[U35] IPv6 there and back', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair({
        sender: { family: 'ipv6', address: '::1' },
        receiver: { address: '::1' },
      })
      const back = receive(sender, 'message')
      sender.send('there')
      await received.have(1)
      const { address, family, peer, port } = received.infos[0]
      t.equal([address, family, port], ['::1', 'IPv6', sender.address().port])
      t.equal(receiver.address(), { address: '::1', family: 'IPv6', port: receiver.address().port })
      receiver.send('back', peer)
      t.equal((await back.have(1)).texts, ['back'])
    }),
  )

  t.test('[U35] a dual-stack socket talks to both families; IPv4 is shown as IPv4', () =>
    running(t, subject, async ({ open }) => {
      const server = await open({ family: 'dual' })
      const { port } = server.address()
      t.equal(server.address(), { address: '::', family: 'IPv6', port })
      const asked = receive(server, 'message')
      server.on('message', (data, { peer }) => server.send(data, peer))
      for (const [address, family] of [
        ['127.0.0.1', 'IPv4'],
        ['::1', 'IPv6'],
      ] as const) {
        const client = await open({ address })
        const answers = receive(client, 'message')
        client.send(address, { address, port })
        t.equal((await answers.have(1)).texts, [address])
        const info = asked.infos.at(-1)
        t.equal([info?.address, info?.family, info?.port], [address, family, client.address().port])
        t.equal(info?.peer.address, address)
      }
    }),
  )

  t.test('[U35] one burst of a dual-stack socket goes to both families, in order for each', () =>
    running(t, subject, async ({ open }) => {
      const [four, six] = [await open({ address: '127.0.0.1' }), await open({ address: '::1' })]
      const both = await open({ family: 'dual' })
      const got = [receive(four, 'message'), receive(six, 'message')]
      for (let i = 0; i < 50; i++) for (const to of [four, six]) both.send(String(i), to.address())
      const all = Array.from({ length: 50 }, (_, i) => String(i))
      for (const one of got) t.equal((await one.have(50)).texts, all)
    }),
  )

  t.test('[U35] a mapped address of a dual-stack socket is the IPv4 one', () =>
    running(t, subject, async ({ open }) => {
      const [four, both] = [await open(), await open({ family: 'dual' })]
      const received = receive(four, 'message')
      both.send('mapped', { address: '::ffff:127.0.0.1', port: four.address().port })
      await received.have(1)
      t.equal(received.infos[0].address, '127.0.0.1')
      await both.connect(four.address())
      t.equal(both.remoteAddress(), { ...four.address() })
      both.send('connected')
      t.equal((await received.have(2)).texts, ['mapped', 'connected'])
    }),
  )
}

const ports: UdpContract = (t, subject) => {
  t.test('[U35] an IPv6 socket leaves IPv4 of its port to others; a dual-stack one does not', () =>
    running(t, subject, async ({ open }) => {
      const six = await open({ family: 'ipv6' })
      const { port } = six.address()
      const four = await open({ address: '0.0.0.0', port })
      const got = [receive(six, 'message'), receive(four, 'message')]
      const sender = await open()
      sender.send('for IPv4', { address: '127.0.0.1', port })
      t.equal((await got[1].have(1)).texts, ['for IPv4'])
      const other = await open({ address: '::1' })
      t.equal(await arrived(other, { address: '::1', port }, () => got[0].texts), [], 'IPv4 at the IPv6 socket')
      const both = await open({ family: 'dual' })
      await t.rejects(subject.open({ address: '0.0.0.0', port: both.address().port }), 'EADDRINUSE')
    }),
  )

  t.test('[U35] a zone is a name or an index of an interface that there is', () =>
    running(t, subject, async ({ open }) => {
      const socket = await open({ address: '::1' })
      const zoned = `fe80::1%${loopbackName()}`
      t.equal(socket.peer(zoned, 9).address, zoned)
      t.equal(socket.peer('fe80::1%1', 9).family, 'IPv6')
      const error = thrown(() => socket.peer('fe80::1%nosuch0', 9))
      t.equal(error.code, 'ERR_NETVOLLEY_ADDRESS_INVALID', error.message)
      t.equal(thrown(() => socket.send('x', { address: 'fe80::1%nosuch0', port: 9 })).code, error.code)
      t.equal(socket.queuedPackets, 0)
    }),
  )

  t.test('[U35] an address of one link works with its zone, and is told with it', () =>
    running(t, subject, async ({ open, pair }) => {
      const address = linkLocal()
      if (address === null) {
        // Without such an address there is nobody to talk to: the error is the system's, of that datagram alone.
        const socket = await open({ address: '::1' })
        const codes: string[] = []
        socket.on('datagramError', ({ code }) => codes.push(code))
        socket.send('x', { address: 'fe80::1%1', port: 9 })
        await until(() => codes.length === 1, 'the system refuses it')
        return
      }
      const { sender, receiver, received } = await pair({ sender: { address }, receiver: { address } })
      const back = receive(sender, 'message')
      sender.send('there')
      await received.have(1)
      const [bare] = address.split('%')
      t.equal(received.infos[0].address.split('%')[0], bare)
      t.equal(received.infos[0].address.includes('%'), true, `with a zone: ${received.infos[0].address}`)
      receiver.send('back', received.infos[0].peer)
      t.equal((await back.have(1)).texts, ['back'])
    }),
  )
}

export const familiesContract: UdpContract = (t, subject) => {
  for (const part of [bothFamilies, ports]) part(t, subject)
}
