import { until } from '../../support/until'
import { running } from './running'
import { receive } from './received'
import type { UdpContract } from './subject'

const ALL = { ecn: true, packetInfo: true, receiveHopLimit: true, timestamps: 'software' } as const

/** Receiver, and where it is sent to: a dual-stack socket gets IPv4's messages for IPv4 packets. */
const WAYS: readonly { name: string; family: 'ipv4' | 'ipv6' | 'dual'; to: string; from: string }[] = [
  { name: 'IPv4', family: 'ipv4', to: '127.0.0.1', from: '127.0.0.2' },
  { name: 'IPv6', family: 'ipv6', to: '::1', from: '::1' },
  { name: 'IPv4 on a dual-stack socket', family: 'dual', to: '127.0.0.1', from: '127.0.0.2' },
  { name: 'IPv6 on a dual-stack socket', family: 'dual', to: '::1', from: '::1' },
]

const wildcard = (family: string): string => (family === 'ipv4' ? '0.0.0.0' : '::')

const marks: UdpContract = (t, subject) => {
  for (const { name, family, to, from } of WAYS) {
    t.test(`[U30, U31, U32, U33] what comes beside the payload, and what goes with it: ${name}`, () =>
      running(t, subject, async ({ open }) => {
        const receiver = await open({ family, address: wildcard(family), ...ALL })
        const sender = await open({ family, address: wildcard(family) })
        const received = receive(receiver, 'message')
        const at = { address: to, port: receiver.address().port }
        const before = Date.now()
        sender.send('plain', at)
        sender.send('marked', at, { ecn: 2, hopLimit: 9, localAddress: from })
        await received.have(2)
        const [plain, marked] = received.infos
        t.equal([plain.ecn, plain.localAddress, plain.address], [0, to, to], 'ECN, where it was sent to, where from')
        t.equal([marked.ecn, marked.hopLimit, marked.localAddress, marked.address], [2, 9, to, from], 'as it was told')
        t.equal(isBetween(plain.hopLimit, 10, 255), true, `the system's hop limit: ${String(plain.hopLimit)}`)
        t.equal(isBetween(plain.interfaceIndex, 1, 65535), true, 'an interface')
        for (const { timestampMs } of [plain, marked]) {
          t.equal(
            isBetween(timestampMs, before - 1, Date.now() + 1),
            true,
            'between sending and now, by the wall clock',
          )
        }
      }),
    )
  }

  t.test('[U30, U31, U32, U33] the same in the columns of a batch', () =>
    running(t, subject, async ({ open }) => {
      const receiver = await open({ address: '0.0.0.0', ...ALL })
      const sender = await open({ trafficClass: 0xb8 })
      const seen: unknown[] = []
      receiver.onBatch = (batch) => {
        for (let i = batch.first; i < batch.end; i++) {
          const isNow = Math.abs(batch.timestampMsOf(i) - Date.now()) < 60_000
          seen.push([batch.trafficClass[i], batch.hopLimit[i], batch.localAddressOf(i), isNow, batch.addressOf(i)])
        }
      }
      const at = { address: '127.0.0.7', port: receiver.address().port }
      sender.send('a', at, { hopLimit: 3 })
      sender.send('b', at, { hopLimit: 4, ecn: 1 })
      await until(() => seen.length === 2, 'all have arrived')
      t.equal(seen, [
        [0xb8, 3, '127.0.0.7', true, '127.0.0.1'],
        // Its own ECN beside the DSCP of its socket.
        [0xb9, 4, '127.0.0.7', true, '127.0.0.1'],
      ])
    }),
  )

  t.test('[U30] datagrams of one size to one peer that differ in ECN keep their own', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ receiver: { ecn: true } })
      const sent = Array.from({ length: 64 }, (_, i) => ((i >> 3) & 3) as 0 | 1 | 2 | 3)
      for (const ecn of sent) sender.send('same size', undefined, { ecn })
      await received.have(64)
      t.equal(
        received.infos.map(({ ecn }) => ecn),
        sent,
      )
    }),
  )
}

const addresses: UdpContract = (t, subject) => {
  t.test('[U31] an answer leaves from the address that was asked', () =>
    running(t, subject, async ({ open }) => {
      const server = await open({ address: '0.0.0.0', packetInfo: true })
      server.onBatch = (batch) => {
        for (let i = batch.first; i < batch.end; i++) {
          batch.reply(i, batch.copy(i))
          batch.replyInPlace(i, batch.length[i])
        }
      }
      const client = await open({ address: '127.0.0.9' })
      const received = receive(client, 'message')
      client.send('who?', { address: '127.0.0.5', port: server.address().port })
      await received.have(2)
      t.equal(
        received.infos.map(({ address }) => address),
        ['127.0.0.5', '127.0.0.5'],
      )
    }),
  )

  t.test('[U31] an interface alone leaves the address that the socket is bound to', () =>
    running(t, subject, async ({ open }) => {
      const receiver = await open({ address: '0.0.0.0', packetInfo: true })
      const sender = await open({ address: '127.0.0.4' })
      const received = receive(receiver, 'message')
      const at = { address: '127.0.0.1', port: receiver.address().port }
      sender.send('a', at)
      const [{ interfaceIndex = 0 }] = (await received.have(1)).infos
      sender.send('b', at, { interfaceIndex })
      await received.have(2)
      t.equal(
        received.infos.map(({ address }) => address),
        ['127.0.0.4', '127.0.0.4'],
      )
    }),
  )

  t.test('[U30, U31, U32, U33] nothing of it comes unasked', () =>
    running(t, subject, async ({ open, pair }) => {
      const { sender, received } = await pair()
      sender.send('a', undefined, { ecn: 3, hopLimit: 8 })
      const [info] = (await received.have(1)).infos
      t.equal(Object.keys(info).sort(), ['address', 'family', 'peer', 'port', 'size'])
      const plain = await open()
      const seen: unknown[] = []
      plain.onBatch = (batch) => {
        for (let i = batch.first; i < batch.end; i++) seen.push([batch.localAddressOf(i), batch.timestampMsOf(i)])
      }
      const other = await open({ remote: plain.address() })
      other.send('b')
      await until(() => seen.length === 1, 'all have arrived')
      t.equal(seen, [[null, NaN]])
    }),
  )
}

const joined: UdpContract = (t, subject) => {
  t.test('[U26] of what the system joined, one entry tells the size and the number; each can be had by itself', () =>
    running(t, subject, async ({ open }) => {
      const receiver = await open()
      const sender = await open({ remote: receiver.address() })
      const entries: { bytes: number; segment: number; count: number }[] = []
      let datagrams = 0
      const each: number[] = []
      receiver.onBatch = (batch) => {
        datagrams += batch.datagrams
        for (let i = batch.first; i < batch.end; i++) {
          entries.push({ bytes: batch.length[i], segment: batch.segmentBytes[i], count: batch.segmentCount[i] })
        }
        batch.forEachDatagram((offset, length) => each.push(length * 1000 + batch.slab[offset]))
      }
      const data = Buffer.alloc(950)
      for (let i = 0; i < 10; i++) data.fill(i, i * 100)
      sender.sendSegments(data, 100)
      await until(() => datagrams === 10, 'all have arrived')
      t.equal(each, [...Array.from({ length: 9 }, (_, i) => 100_000 + i), 50_009], 'bytes and first byte of each')
      const joins = receiver.capabilities.gro && sender.capabilities.gsoMaxSegments > 1
      t.equal(joins, subject.batching, 'the offloads work here where the back end has them')
      const whole = [{ bytes: 950, segment: 100, count: 10 }]
      if (joins) t.equal(entries, whole)
      else
        t.equal(
          entries.every(({ segment, count }) => segment === 0 && count === 1),
          true,
          'nothing is joined',
        )
    }),
  )

  t.test('[U26] a socket with GRO takes what plain senders give it (regression 18)', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, received, receiver } = await pair({ sender: { gso: false } })
      const sizes = Array.from({ length: 200 }, (_, i) => 1 + ((i * 37) % 1400))
      for (const size of sizes) sender.send(Buffer.alloc(size, size))
      await received.have(200)
      t.equal(
        received.data.map(({ length }) => length),
        sizes,
      )
      t.equal(receiver.capabilities.gro, subject.batching)
      t.equal(sender.stats().sendCalls.gsoSends, 0)
    }),
  )
}

export const metadataContract: UdpContract = (t, subject) => {
  for (const part of [marks, addresses, joined]) part(t, subject)
}

const isBetween = (value: number | undefined, least: number, most: number): boolean =>
  value !== undefined && value >= least && value <= most
