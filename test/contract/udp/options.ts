import type { UdpSocketOptions } from 'netvolley'
import { until } from '../../support/until'
import { thrown } from '../running'
import { arrived } from './network'
import { receive } from './received'
import { running } from './running'
import type { UdpContract } from './subject'

const HELD = { flushTimeoutMs: 1000 }

/** Values that each option refuses, and a part of the message that tells what is allowed. */
const BAD: Readonly<Record<string, readonly [allowed: string, ...bad: unknown[]]>> = {
  address: ['an IP literal', 'localhost', '127.0.0.256', ''],
  port: ['from 0 to 65535', -1, 65536, 1.5, '0'],
  remote: ['an object', 7, 'localhost'],
  family: ['one of "ipv4", "ipv6", "dual"', 'IPv4', 4],
  reuseAddress: ['true or false', 1, 'yes'],
  reusePort: ['true or false', 1],
  batchSize: ['an integer from 1 to 1024', 0, 1025, 1.5, NaN, '64'],
  flushTimeoutMs: ['from 0 to 1000', -1, 1001, NaN],
  maxQueuedPackets: ['from 1 to 1048576', 0, 2 ** 20 + 1, 1.5],
  maxQueuedBytes: ['from 65536 to 1073741824', 65535, 2 ** 31],
  reservedHighPackets: ['from 0 to 65536', -1, 65537],
  drainRatio: ['a number from 0 to 1', -0.1, 1.1, NaN],
  overflow: ['one of "refuse", "evictLower"', 'drop'],
  agingMs: ['from 0 to 3600000', -1, 3600001],
  maxDatagramBytes: ['from 1 to 65535', 0, 65536],
  oversize: ['one of "drop", "truncate"', 'cut'],
  slotBytes: ['a power of two from 64 to 65536', 1500],
  slots: ['a power of two from 1 to', 1000],
  largeSlots: ['from 1 to 4096', 0, 4097],
  ringEntries: ['a power of two from 2 to', 1000],
  maxBatchEntries: ['from 1 to', 0],
  maxBatchMs: ['from 0.01 to 1000', 0, 1001],
  receiveBufferBytes: ['from 0 to 1073741824', -1, 2 ** 31],
  sendBufferBytes: ['from 0 to 1073741824', -1, 2 ** 31],
  gso: ['"auto" or false', true, 'on'],
  gro: ['"auto" or false', true, 1],
  gsoMinSegments: ['from 2 to 64', 1, 65],
  gsoMaxSegments: ['from 2 to 64', 1, 65, 128],
  gsoGrouping: ['one of "adjacent", "gather"', 'all'],
  gsoRetryMs: ['from 0 to 2147483647', -1],
  ecn: ['true or false', 2],
  packetInfo: ['true or false', 'yes'],
  receiveHopLimit: ['true or false', 1],
  timestamps: ['"software" or false', true, 'hardware'],
  icmpErrors: ['one of "off", "connected", "on"', true, 'all'],
  pathMtu: ['one of "os", "dont", "do", "probe"', 'discover', 2],
  trafficClass: ['from 0 to 255', -1, 256],
  hopLimit: ['from 0 to 255', -1, 256],
  broadcast: ['true or false', 1],
  multicastTtl: ['from 0 to 255', -1, 256],
  multicastLoopback: ['true or false', 0],
  multicastAll: ['true or false', 'no'],
  maxPeers: ['from 16 to 1048576', 15, 2 ** 21],
  closeTimeoutMs: ['from 0 to 2147483647', -1, 2 ** 31],
  busyPollUs: ['from 0 to 1000000', -1, 1e7],
  spinUs: ['from 0 to 1000000', -1, 1e7],
  maxSendWaiters: ['from 0 to', -1],
  leaseWarnMs: ['from 0 to', -1],
  poison: ['true or false', 1],
  priorities: ['true or false', 'on'],
  drive: ['one of "auto", "thread", "inline"', 'both'],
  engine: ['an Engine', {}, 7],
  runtime: ['an object', 7],
  signal: ['an AbortSignal', {}, 7],
}

const checks: UdpContract = (t, subject) => {
  t.test('[U62, U66] every bad value of every option throws at once, and the message tells what is allowed', () => {
    for (const [name, [allowed, ...bad]] of Object.entries(BAD)) {
      for (const value of bad) {
        const { code, message } = thrown(() => new subject.UdpSocket({ [name]: value }))
        t.equal([code?.startsWith('ERR_NETVOLLEY_'), message.startsWith(`"${name}" must be `)], [true, true], message)
        t.equal(message.includes(allowed), true, `"${message}" says "${allowed}"`)
      }
    }
    const unknown = thrown(() => new subject.UdpSocket({ batchsize: 64 } as UdpSocketOptions))
    t.equal(
      [unknown.code, unknown.message.includes('did you mean "batchSize"')],
      ['ERR_NETVOLLEY_OPTION_INVALID', true],
    )
    t.equal(thrown(() => new subject.UdpSocket(7 as never)).code, 'ERR_NETVOLLEY_OPTION_INVALID')
  })

  t.test('[U52, U51] a named back end that cannot be had throws and lists the others (regression 31)', () => {
    const { drive, backend } = subject
    for (const name of ['kqueue', 'wsapoll', 'iouring', 'node', 'x']) {
      const error = thrown(() => new subject.UdpSocket({ backend: name }))
      t.equal(error.code, 'ERR_NETVOLLEY_BACKEND_UNAVAILABLE', error.message)
      t.equal(error.message.includes('available: mmsg, single, poll'), true, error.message)
    }
    const unsupported = [{ drive: 'split' }, { pacing: { bitsPerSecond: 1e6 } }, { backend: 'poll', drive: 'inline' }]
    for (const options of unsupported) {
      const { code } = thrown(() => new subject.UdpSocket(options as UdpSocketOptions))
      t.equal(code, 'ERR_NETVOLLEY_OPTION_UNSUPPORTED', JSON.stringify(options))
    }
    const { capabilities } = new subject.UdpSocket({ drive, backend })
    t.equal([capabilities.drive, capabilities.backend, capabilities.batching], [drive, backend, subject.batching])
    t.equal(new subject.UdpSocket({ backend }).capabilities.backend, backend)
  })

  t.test('[U51] inline it is sent when flush() returns; a thread sends while JavaScript is busy', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { ...HELD, batchSize: 1024 } })
      for (let i = 0; i < 100; i++) sender.send('x')
      t.equal(sender.stats().send.packetsSent, 0)
      sender.flush()
      if (subject.drive === 'inline') t.equal(sender.stats().send.packetsSent, 100)
      // No turn of the event loop comes in between.
      const end = performance.now() + 5000
      while (sender.stats().send.packetsSent < 100 && performance.now() < end);
      t.equal([sender.stats().send.packetsSent, received.count], [100, 0])
      await received.have(100)
    }),
  )
}

const runtimeKinds: UdpContract = (t, subject) => {
  for (const options of [{ spinUs: 200 }, { busyPollUs: 50 }] satisfies UdpSocketOptions[]) {
    t.test(`[U60] ${JSON.stringify(options)}: everything there and back as without`, () =>
      running(t, subject, async ({ open, track }) => {
        const { drive, backend } = subject
        const make = async (): ReturnType<typeof open> =>
          'spinUs' in options
            ? track(await subject.UdpSocket.open({ address: '127.0.0.1', drive, backend, ...options }))
            : open(options)
        const [server, client] = [await make(), await make()]
        server.on('message', (data, { peer }) => server.send(data, peer))
        const answers = receive(client, 'message')
        for (let i = 0; i < 50; i++) client.send(String(i), server.address())
        t.equal(
          (await answers.have(50)).texts,
          Array.from({ length: 50 }, (_, i) => String(i)),
        )
      }),
    )
  }

  t.test('[U62] hot options of what is received with a datagram: trafficClass, hopLimit', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({
        receiver: { ecn: true, receiveHopLimit: true },
        sender: { trafficClass: 1, hopLimit: 11 },
      })
      const seen = async (): Promise<unknown> => {
        sender.send('x')
        const { ecn, hopLimit } = (await received.have(received.count + 1)).infos.at(-1) ?? {}
        return [ecn, hopLimit]
      }
      t.equal(await seen(), [1, 11])
      sender.setOptions({ trafficClass: 2, hopLimit: 12 })
      t.equal(await seen(), [2, 12])
      sender.setOptions({ trafficClass: 0, hopLimit: 0 })
      const [ecn, hopLimit] = (await seen()) as number[]
      t.equal([ecn, hopLimit > 12], [0, true], "the system's hop limit again")
    }),
  )
}

const hotLimits: UdpContract = (t, subject) => {
  t.test('[U62, U12] hot batchSize is the most of one call', () =>
    running(
      t,
      subject,
      async ({ pair }) => {
        const { sender, received } = await pair({ sender: { gso: false } })
        for (const [batchSize, bucket] of [
          [64, 6],
          [8, 3],
          [1024, 7],
        ] as const) {
          sender.setOptions({ batchSize })
          sender.resetStats()
          for (let i = 0; i < 128; i++) sender.send('x')
          await received.have(received.count + 128)
          await until(() => sender.stats().send.packetsSent === 128, 'all are counted')
          const { sendBatchHistogram, sendCalls } = sender.stats().sendCalls
          const above = sendBatchHistogram.slice(bucket + 1).reduce((sum, n) => sum + n, 0)
          t.equal(above, 0, `calls of more than ${String(batchSize)}: ${sendBatchHistogram.join(' ')}`)
          if (!subject.batching) t.equal([sendBatchHistogram[0], sendCalls], [128, 128])
          else if (batchSize === 8) t.equal(sendBatchHistogram[3] > 8, true, sendBatchHistogram.join(' '))
        }
      },
      { outside: true },
    ),
  )

  t.test('[U62] hot flushTimeoutMs, queue limits, drainRatio and overflow count for the next datagram', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { ...HELD, drainRatio: 0 } })
      sender.setOptions({ maxQueuedPackets: 3, maxQueuedBytes: 65536 })
      t.equal(
        ['a', 'b', 'c', 'd'].map((text) => sender.send(text)),
        [true, true, true, false],
      )
      t.equal(sender.stats().send.packetsSent, 0, 'held')
      sender.flush()
      await received.have(3)
      sender.setOptions({ maxQueuedPackets: 1024, flushTimeoutMs: 0, drainRatio: 1 })
      t.equal(
        [sender.send(Buffer.alloc(60000)), sender.send(Buffer.alloc(60000))],
        [true, false],
        '65,536 bytes at most',
      )
      await received.have(4)
      sender.setOptions({ ...HELD, maxQueuedPackets: 2, overflow: 'evictLower' })
      const low = { priority: 0 }
      t.equal(
        [sender.send('low', undefined, low), sender.send('low', undefined, low), sender.send('normal')],
        [true, true, true],
      )
      sender.flush()
      await until(() => sender.stats().send.packetsDropped.evicted === 1, 'one of the low ones has left for it')
      t.equal((await received.have(6)).texts.slice(4), ['normal', 'low'])
      t.equal(thrown(() => sender.setOptions({ maxQueuedPackets: 1025 })).message.includes('at most 1024'), true)
    }),
  )
}

const hotSystem: UdpContract = (t, subject) => {
  t.test('[U62] hot buffer sizes are those of the system; 0 is its default again', () =>
    running(t, subject, async ({ open }) => {
      const socket = await open({ receiveBufferBytes: 0 })
      const { receiveBufferBytes, sendBufferBytes } = socket.capabilities
      t.equal([receiveBufferBytes > 0, sendBufferBytes > 0], [true, true])
      socket.setOptions({ receiveBufferBytes: 32768, sendBufferBytes: 16384 })
      t.equal([socket.capabilities.receiveBufferBytes, socket.capabilities.sendBufferBytes], [65536, 32768])
      socket.setOptions({ receiveBufferBytes: 0, sendBufferBytes: 0 })
      t.equal(
        [socket.capabilities.receiveBufferBytes, socket.capabilities.sendBufferBytes],
        [receiveBufferBytes, sendBufferBytes],
      )
    }),
  )

  t.test('[U62] setOptions() sets all or nothing, before and after bind(), and not after close()', () =>
    running(t, subject, async ({ make, open }) => {
      const receiver = await open({ receiveHopLimit: true })
      const received = receive(receiver, 'message')
      const socket = make()
      socket.setOptions({ hopLimit: 21 })
      socket.send('x', receiver.address())
      t.equal((await received.have(1)).infos[0].hopLimit, 21)
      const bad = (options: object): string | undefined => thrown(() => socket.setOptions(options)).code
      t.equal(bad({ hopLimit: 22, batchSize: 0 }), 'ERR_NETVOLLEY_OPTION_INVALID')
      t.equal(bad({ slots: 64 }), 'ERR_NETVOLLEY_OPTION_INVALID')
      t.equal(bad({ pacing: {} }), 'ERR_NETVOLLEY_OPTION_UNSUPPORTED')
      socket.send('y', receiver.address())
      t.equal((await received.have(2)).infos[1].hopLimit, 21)
      t.equal(await arrived(socket, receiver.address(), () => received.texts), ['x', 'y'])
      await socket.close()
      t.equal(bad({ hopLimit: 1 }), 'ERR_NETVOLLEY_SOCKET_CLOSED')
    }),
  )
}

export const optionsContract: UdpContract = (t, subject) => {
  for (const part of [checks, runtimeKinds, hotLimits, hotSystem]) part(t, subject)
}
