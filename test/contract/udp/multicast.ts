import type { UdpSocket, UdpSocketOptions } from 'netvolley'
import { until } from '../../support/until'
import { thrown } from '../running'
import { arrived, loopbackName } from './network'
import { type Received, receive } from './received'
import { type Running, running } from './running'
import type { UdpContract } from './subject'

const GROUP = '239.7.7.7'
const MULTICAST = 16
/** What the loopback interface has as its broadcast address. */
const BROADCAST = '127.255.255.255'

interface Scene {
  readonly receiver: UdpSocket
  readonly received: Received
  readonly sender: UdpSocket
  readonly interfaceIndex: number
  /** By the loopback interface. */
  multicast(text: string, from?: UdpSocket): void
  /** What has come to the receiver by now. */
  arrived(): Promise<string[]>
}

/** A receiver that hears every address of its port, and a sender that knows the loopback interface's number. */
async function scene({ open }: Running, options: UdpSocketOptions = {}): Promise<Scene> {
  const receiver = await open({ address: '0.0.0.0', packetInfo: true, receiveHopLimit: true, ...options })
  const received = receive(receiver, 'message')
  const sender = await open()
  const { port } = receiver.address()
  const all = (): Promise<string[]> => arrived(sender, { address: '127.0.0.1', port }, () => received.texts)
  await all()
  const interfaceIndex = received.infos[0].interfaceIndex ?? 0
  const multicast = (text: string, from = sender): void => {
    from.send(text, { address: GROUP, port }, { interfaceIndex })
  }
  return { receiver, received, sender, interfaceIndex, multicast, arrived: all }
}

/** What is sent to a group comes once for each member, or to nobody: sums over the sockets say nothing. */
const OUTSIDE = { outside: true }

const joining: UdpContract = (t, subject) => {
  for (const by of ['name', 'address', 'index'] as const) {
    t.test(`[U36] a group is received from addMembership() to dropMembership(); interface by ${by}`, () =>
      running(
        t,
        subject,
        async (r) => {
          const s = await scene(r)
          const name = { name: loopbackName(), address: '127.0.0.1', index: String(s.interfaceIndex) }[by]
          s.multicast('too early')
          t.equal(await s.arrived(), [])
          s.receiver.addMembership(GROUP, { interface: name })
          s.multicast('member')
          t.equal(await s.arrived(), ['member'])
          const info = s.received.infos[s.received.texts.indexOf('member')]
          t.equal([info.localAddress, info.interfaceIndex, info.hopLimit], [GROUP, s.interfaceIndex, 1])
          t.equal(thrown(() => s.receiver.addMembership(GROUP, { interface: name })).code, 'EADDRINUSE', 'twice')
          s.receiver.dropMembership(GROUP, { interface: name })
          s.multicast('too late')
          t.equal(await s.arrived(), ['member'])
          const again = thrown(() => s.receiver.dropMembership(GROUP, { interface: name }))
          t.equal([again.code, again.syscall], ['EADDRNOTAVAIL', 'dropMembership'])
        },
        OUTSIDE,
      ),
    )
  }

  t.test('[U36] of a source-specific group only the source is heard', () =>
    running(
      t,
      subject,
      async (r) => {
        const s = await scene(r)
        const other = await r.open({ address: '127.0.0.3' })
        const membership = { interface: loopbackName(), source: '127.0.0.3' }
        s.receiver.addMembership(GROUP, membership)
        s.multicast('of another')
        s.multicast('of the source', other)
        await until(() => s.received.texts.includes('of the source'), 'the source is heard')
        t.equal(await s.arrived(), ['of the source'])
        s.receiver.dropMembership(GROUP, membership)
        s.multicast('too late', other)
        await until(() => other.queuedPackets === 0, 'it has left')
        t.equal(await s.arrived(), ['of the source'])
      },
      OUTSIDE,
    ),
  )
}

const neighbours: UdpContract = (t, subject) => {
  t.test('[U36] groups of other sockets are heard with multicastAll alone', () =>
    running(
      t,
      subject,
      async (r) => {
        const s = await scene(r, { reuseAddress: true })
        const { port } = s.receiver.address()
        const own = await r.open({ address: '0.0.0.0', port, reuseAddress: true })
        const all = await r.open({ address: '0.0.0.0', port, reuseAddress: true, multicastAll: true })
        const [ofOwn, ofAll] = [receive(own, 'message'), receive(all, 'message')]
        s.receiver.addMembership(GROUP, { interface: loopbackName() })
        s.multicast('for members')
        await until(() => s.received.texts.includes('for members'), 'the member hears it')
        t.equal((await ofAll.have(1)).texts, ['for members'])
        t.equal(ofOwn.texts, [])
      },
      OUTSIDE,
    ),
  )

  t.test('[U36, U62] multicastTtl is the hop limit of what goes to groups, and hot', () =>
    running(
      t,
      subject,
      async (r) => {
        const s = await scene(r)
        s.receiver.addMembership(GROUP, { interface: loopbackName() })
        s.multicast('1')
        await s.arrived()
        s.sender.setOptions({ multicastTtl: 5 })
        s.multicast('5')
        const texts = await s.arrived()
        t.equal(texts, ['1', '5'])
        t.equal(
          texts.map((text) => s.received.infos[s.received.texts.indexOf(text)].hopLimit),
          [1, 5],
        )
        const other = await r.open({ multicastTtl: 7 })
        s.multicast('7', other)
        await until(() => s.received.texts.includes('7'), 'it has arrived')
        t.equal(s.received.infos.at(-1)?.hopLimit, 7)
      },
      OUTSIDE,
    ),
  )
}

const answers: UdpContract = (t, subject) => {
  t.test('[U36] a batch tells what came by a group; an answer to it leaves from an address of ours', () =>
    running(
      t,
      subject,
      async (r) => {
        const s = await scene(r)
        s.receiver.removeAllListeners('message')
        const flags: number[] = []
        s.receiver.onBatch = (batch) => {
          for (let i = batch.first; i < batch.end; i++) {
            flags.push(batch.flags[i] & MULTICAST)
            batch.reply(i, Buffer.from('answer'))
          }
        }
        s.receiver.addMembership(GROUP, { interface: loopbackName() })
        const answers = receive(s.sender, 'message')
        s.multicast('for the group')
        s.sender.send('for one', { address: '127.0.0.1', port: s.receiver.address().port })
        t.equal((await answers.have(2)).texts, ['answer', 'answer'])
        t.equal(flags, [MULTICAST, 0])
      },
      OUTSIDE,
    ),
  )

  t.test('[U36] IPv6 groups can be joined and left, and bad memberships are refused with their reason', () =>
    running(t, subject, async ({ open, make }) => {
      const on = { interface: loopbackName() }
      const six = await open({ address: '::1' })
      six.addMembership('ff02::7777', on)
      t.equal(thrown(() => six.addMembership('ff02::7777', on)).code, 'EADDRINUSE')
      six.dropMembership('ff02::7777', on)
      t.equal(thrown(() => six.dropMembership('ff02::7777', on)).code, 'EADDRNOTAVAIL')
      const four = await open()
      t.equal(thrown(() => four.addMembership('127.0.0.1', on)).code, 'EINVAL', 'no group')
      t.equal(thrown(() => four.addMembership(GROUP, { interface: 'nosuch0' })).code, 'ENODEV')
      t.equal(thrown(() => four.addMembership('all of us', on)).code, 'ERR_NETVOLLEY_ADDRESS_INVALID')
      t.equal(thrown(() => four.addMembership('ff02::1', on)).code, 'ERR_NETVOLLEY_ADDRESS_INVALID')
      t.equal(thrown(() => make().addMembership(GROUP, on)).code, 'ERR_NETVOLLEY_SOCKET_STATE', 'not bound')
    }),
  )

  t.test("[U36] above the system's limit a join fails, and the socket goes on", () =>
    running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair()
      const on = { interface: loopbackName() }
      const join = (): void => {
        for (let i = 0; i < 2 ** 16; i++) receiver.addMembership(`239.9.${String(i >> 8)}.${String(i & 255)}`, on)
      }
      t.equal(thrown(join).code, 'ENOBUFS')
      sender.send('still here')
      t.equal((await received.have(1)).texts, ['still here'])
    }),
  )
}

const broadcasts: UdpContract = (t, subject) => {
  t.test('[U37, U62] broadcast is refused until it is allowed, and harms no other datagram', () =>
    running(
      t,
      subject,
      async (r) => {
        const s = await scene(r)
        const { port } = s.receiver.address()
        const refused: unknown[] = []
        s.sender.on('datagramError', ({ code, address, bytes }) => refused.push([code, address, bytes]))
        const [one, all] = [
          { address: '127.0.0.1', port },
          { address: BROADCAST, port },
        ]
        for (const to of [one, all, one]) s.sender.send(to === all ? 'no' : 'one', to)
        await until(() => refused.length === 1, 'it is refused')
        t.equal(refused, [['EACCES', BROADCAST, 2]])
        t.equal(await s.arrived(), ['one', 'one'])
        s.sender.setOptions({ broadcast: true })
        s.sender.send('all', all)
        t.equal(await s.arrived(), ['one', 'one', 'all'])
        const info = s.received.infos[s.received.texts.indexOf('all')]
        // An address that can be answered from.
        t.equal(info.localAddress, '127.0.0.1')
        s.sender.setOptions({ broadcast: false })
        s.sender.send('no', all)
        await until(() => refused.length === 2, 'it is refused again')
        const other = await r.open({ broadcast: true })
        other.send('other', all)
        await until(() => s.received.texts.includes('other'), 'allowed from the start')
      },
      OUTSIDE,
    ),
  )
}

export const multicastContract: UdpContract = (t, subject) => {
  for (const part of [joining, neighbours, answers, broadcasts]) part(t, subject)
}
