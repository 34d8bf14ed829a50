import type { DatagramError, UdpPeerError, UdpSocket, UdpSocketOptions } from 'netvolley'
import { until } from '../../support/until'
import { deadTarget, sendEach } from './network'
import { receive } from './received'
import { running } from './running'
import type { UdpContract } from './subject'

const MODES = ['off', 'connected', 'on'] as const
const EACH = 1000
/** Events of errors that one socket tells in a second. */
const TOLD = 100
const BROADCAST = { address: '127.255.255.255', port: 9 }

/** What goes to nobody is in nobody's books. */
const OUTSIDE = { outside: true }

function watch(socket: UdpSocket): { peers: UdpPeerError[]; datagrams: DatagramError[]; fatal: Error[] } {
  const seen = { peers: [] as UdpPeerError[], datagrams: [] as DatagramError[], fatal: [] as Error[] }
  socket.on('peerError', (error) => seen.peers.push(error))
  socket.on('datagramError', (error) => seen.datagrams.push(error))
  socket.on('error', (error) => seen.fatal.push(error))
  return seen
}

const deadBetweenHealthy: UdpContract = (t, subject) => {
  for (const icmpErrors of MODES) {
    for (const run of [1, 8]) {
      const title = `a dead peer between two healthy ones, ${String(run)} in a row, icmpErrors '${icmpErrors}'`
      t.test(`[U41, U43] ${title}: both get everything (regression 13)`, () =>
        running(
          t,
          subject,
          async ({ open }) => {
            const healthy = [await open(), await open()]
            const received = healthy.map((socket) => receive(socket, 'message'))
            const dead = await deadTarget(subject)
            const sender = await open({ icmpErrors })
            const seen = watch(sender)
            const peers = [healthy[0].address(), dead, healthy[1].address()].map((to) =>
              sender.peer(to.address, to.port),
            )
            for (let from = 0; from < EACH; from += run) {
              const numbers = Array.from({ length: run }, (_, i) => from + i)
              for (const to of peers)
                await sendEach(sender, numbers, (i) => sender.send(String(i).padStart(4, '0'), to))
            }
            const all = Array.from({ length: EACH }, (_, i) => String(i).padStart(4, '0'))
            for (const one of received) t.equal((await one.have(EACH)).texts, all)
            await until(() => sender.queuedPackets === 0, 'all have left')
            const { send, errors } = sender.stats()
            t.equal([send.packetsSent, send.packetsFailed, seen.datagrams, seen.fatal], [3 * EACH, 0, [], []])
            t.equal(sender.state, 'bound')
            t.equal(errors.peerErrors > 0, icmpErrors === 'on', 'what the network said of the dead one was heard')
            t.equal(
              seen.peers.every(({ peer, code }) => peer?.port === dead.port && code === 'ECONNREFUSED'),
              true,
            )
          },
          OUTSIDE,
        ),
      )
    }
  }
}

const connectedToDead: UdpContract = (t, subject) => {
  for (const icmpErrors of MODES) {
    for (const reads of [true, false]) {
      const title = `connected to a dead peer, icmpErrors '${icmpErrors}', ${reads ? 'reading' : 'not reading'}`
      t.test(`[U41, U43] ${title}: 'peerError', and the socket lives (regression 13)`, () =>
        running(
          t,
          subject,
          async ({ open }) => {
            const dead = await deadTarget(subject)
            const sender = await open({ icmpErrors, remote: dead })
            const seen = watch(sender)
            if (reads) receive(sender, 'message')
            for (let i = 0; seen.peers.length < 2; i++) {
              if (i === 200) throw new Error('200 datagrams to a dead peer, and no word of it')
              sender.send('anybody there?')
              await until(() => sender.queuedPackets === 0, 'it has left')
              await new Promise(setImmediate)
            }
            const { code, peer, port, origin, syscall } = seen.peers[0]
            t.equal(code, 'ECONNREFUSED')
            t.equal([peer?.port ?? dead.port, port ?? dead.port], [dead.port, dead.port])
            t.equal(origin, icmpErrors === 'off' ? undefined : 'icmp', syscall)
            t.equal(sender.state, 'connected')
            const risen = receive(await open({ port: dead.port }), 'message')
            for (let i = 0; i < 10; i++) sender.send(`again ${String(i)}`)
            t.equal((await risen.have(10)).texts[9], 'again 9')
            t.equal([sender.stats().send.packetsFailed, seen.datagrams, seen.fatal], [0, [], []])
          },
          OUTSIDE,
        ),
      )
    }
  }

  t.test("[U43] with icmpErrors 'on' each refusal is told, with who and why, while nothing is read or sent", () =>
    running(
      t,
      subject,
      async ({ open }) => {
        const dead = await deadTarget(subject)
        const sender = await open({ icmpErrors: 'on' })
        const { peers } = watch(sender)
        for (let i = 1; i <= 3; i++) {
          sender.send('anybody there?', dead)
          await until(() => peers.length === i, `refusal ${String(i)} is told`)
        }
        const [{ code, errno, syscall, address, port, peer, origin, icmpType, icmpCode, offender }] = peers
        t.equal(
          [code, syscall, address, port, peer],
          ['ECONNREFUSED', 'recvmsg', dead.address, dead.port, { ...dead, family: 'IPv4' }],
        )
        t.equal(errno < 0, true, 'errno as Node has it')
        // Destination unreachable: port unreachable.
        t.equal([origin, icmpType, icmpCode, offender], ['icmp', 3, 3, '127.0.0.1'])
        t.equal(sender.stats().errors, {
          errorsByCode: { ECONNREFUSED: 3 },
          peerErrors: 3,
          errorsSuppressed: 0,
          receiveErrors: 0,
        })
      },
      OUTSIDE,
    ),
  )
}

const quiet: UdpContract = (t, subject) => {
  t.test('[U43] the same of an IPv6 peer', () =>
    running(
      t,
      subject,
      async ({ open }) => {
        const dead = await deadTarget(subject, '::1')
        const sender = await open({ icmpErrors: 'on', address: '::1' })
        const { peers } = watch(sender)
        sender.send('anybody there?', dead)
        await until(() => peers.length === 1, 'it is told')
        const [{ origin, icmpType, icmpCode, offender, peer }] = peers
        t.equal([origin, icmpType, icmpCode, offender, peer?.address], ['icmpv6', 1, 4, '::1', '::1'])
      },
      OUTSIDE,
    ),
  )

  t.test('[U43] an error that nobody reads does not keep the reactor busy', () =>
    running(
      t,
      subject,
      async ({ open, pair, engine }) => {
        for (const icmpErrors of MODES) {
          const lonely = await open({ icmpErrors, remote: await deadTarget(subject) })
          lonely.send('anybody there?')
          await until(() => lonely.stats().send.packetsSent === 1, 'it has left')
        }
        const { sender, received } = await pair()
        const before = engine.stats().pollCalls
        // A reactor that spins makes thousands of calls in this time.
        for (let i = 1; i <= 50; i++) {
          sender.send('x')
          await received.have(i)
        }
        const calls = engine.stats().pollCalls - before
        t.equal(calls < 2000, true, `${String(calls)} calls of poll`)
      },
      OUTSIDE,
    ),
  )
}

const reported: UdpContract = (t, subject) => {
  t.test('[U41] nobody listens to any event: neither a refusal nor a failure ends anything (regression 14)', () =>
    running(
      t,
      subject,
      async ({ open }) => {
        const [dead, healthy] = [await deadTarget(subject), await open()]
        const received = receive(healthy, 'message')
        for (const options of [{ icmpErrors: 'on' }, { remote: dead }] satisfies UdpSocketOptions[]) {
          const sender = await subject.open(options)
          const to = sender.state === 'connected' ? undefined : dead
          for (let i = 0; i < 20; i++) {
            sender.send('x', to)
            if (to !== undefined) sender.send('x', BROADCAST)
            await until(() => sender.queuedPackets === 0, 'it has left')
          }
          await until(() => sender.stats().errors.peerErrors > 0, 'the refusal was noticed')
          if (sender.state === 'connected') sender.disconnect()
          t.equal(sender.state, 'bound')
          sender.send('still here', healthy.address())
          await until(() => sender.stats().send.packetsPending === 0, 'it has left')
          await sender.close()
        }
        t.equal((await received.have(2)).texts, ['still here', 'still here'])
      },
      OUTSIDE,
    ),
  )

  t.test('[U41] of thousands of failures a hundred are told in a second; all are counted', () =>
    running(t, subject, async ({ open }) => {
      const sender = await open({ maxQueuedPackets: 4096 })
      const { datagrams } = watch(sender)
      for (let i = 0; i < 3 * TOLD; i++) sender.send('x', BROADCAST)
      await until(() => sender.stats().send.packetsFailed === 3 * TOLD, 'all have failed')
      await until(() => datagrams.length + sender.stats().errors.errorsSuppressed === 3 * TOLD, 'told or suppressed')
      // Another second may have begun meanwhile, not two.
      t.equal([datagrams.length >= TOLD, datagrams.length < 3 * TOLD], [true, true], `${String(datagrams.length)} told`)
      t.equal(sender.stats().errors.errorsByCode, { EACCES: 3 * TOLD })
      const error = await t.rejects(sender.sendAsync('x', BROADCAST), 'EACCES')
      t.equal(error.message, 'send EACCES 127.255.255.255:9')
      t.equal(sender.explain().lastErrors.at(-1)?.code, 'EACCES')
    }),
  )
}

export const errorsContract: UdpContract = (t, subject) => {
  for (const part of [deadBetweenHealthy, connectedToDead, quiet, reported]) part(t, subject)
}
