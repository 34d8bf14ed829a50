import { createSocket } from 'node:dgram'
import type { ReceivedBatch, UdpSocket, UdpSocketOptions } from 'netvolley'
import { until } from '../../support/until'
import { pattern, thrown } from '../running'
import { receive } from './received'
import { HELD, running } from './running'
import { type UdpContract, eachFace } from './subject'

/** The datagrams that `data` makes. */
function cut(data: Buffer, bytes: number): Buffer[] {
  const all: Buffer[] = []
  for (let at = 0; at < data.length || at === 0; at += bytes) all.push(data.subarray(at, at + bytes))
  return all
}

const same = (left: readonly Buffer[], right: readonly Buffer[]): boolean =>
  left.length === right.length && left.every((data, i) => data.equals(right[i]))

/** [bytes in all, bytes of a segment]: even and uneven ends, the 64 segments of one message and more, large and tiny ones. */
const SHAPES = [
  [1, 1],
  [0, 10],
  [10, 10],
  [10, 1000],
  [11, 10],
  [300, 1],
  [64 * 100, 100],
  [64 * 100 + 1, 100],
  [200 * 333 + 5, 333],
  [65507, 65507],
  [100_000, 1472],
  [150_000, 30_000],
  [200_000, 65_000],
] as const

const cutting: UdpContract = (t, subject) => {
  eachFace(t, '[U9] sendSegments() is as many datagrams, with the same bytes, offloads on or off', async (face) => {
    await running(t, subject, async ({ pair }) => {
      const offloads: readonly [UdpSocketOptions, UdpSocketOptions][] = [
        [{}, {}],
        [{ gso: false }, {}],
        [{}, { gro: false }],
        [{ gso: false }, { gro: false }],
      ]
      for (const [mine, theirs] of offloads) {
        const { sender, received } = await pair({ face, sender: mine, receiver: theirs })
        const expected: Buffer[] = []
        for (const [i, [total, bytes]] of SHAPES.entries()) {
          const data = pattern(total, i)
          expected.push(...cut(data, bytes))
          t.equal(sender.sendSegments(data, bytes), true)
          data.fill(0)
          await received.have(expected.length)
          // Copies of the same pattern: `data` was given away.
          expected.splice(-cut(data, bytes).length, Infinity, ...cut(pattern(total, i), bytes))
        }
        t.equal(same(received.data, expected), true)
        const { packetsQueued, packetsSent, bytesSent } = sender.stats().send
        const bytes = SHAPES.reduce((sum, [total]) => sum + total, 0)
        t.equal([packetsQueued, packetsSent, bytesSent], [expected.length, expected.length, bytes])
      }
    })
  })

  t.test('[U9] [U24] with segmentation offload it takes one message for 64 datagrams, without it none', async () => {
    await running(t, subject, async ({ pair }) => {
      for (const gso of ['auto', false] as const) {
        const { sender, received } = await pair({ sender: { gso } })
        const offload = sender.capabilities.gsoMaxSegments > 1
        t.equal(offload, subject.batching && gso === 'auto')
        sender.sendSegments(pattern(640 * 100), 100)
        await received.have(640)
        const { gsoSends, gsoSegments, gsoFallbacks } = sender.stats().sendCalls
        t.equal([gsoSends, gsoSegments, gsoFallbacks], offload ? [10, 640, 0] : [0, 0, 0])
      }
    })
  })

  t.test('[U9] it is taken whole, or not at all; what no queue could hold is refused for good', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { ...HELD, maxQueuedPackets: 100, maxQueuedBytes: 65536 } })
      t.equal(sender.sendSegments(pattern(60), 1), true)
      t.equal(sender.sendSegments(pattern(41), 1), false, 'packets')
      t.equal([sender.queuedPackets, sender.needDrain, sender.stats().send.packetsRefused], [60, true, 41])
      t.equal(sender.sendSegments(pattern(40), 1), true)
      sender.flush()
      await received.have(100)
      await until(() => sender.queuedPackets === 0 && !sender.needDrain, 'drained')
      t.equal(sender.sendSegments(pattern(60_000), 1000), true)
      t.equal(sender.sendSegments(pattern(6_000), 1000), false, 'bytes')
      sender.flush()
      await received.have(160)
      const code = (data: Buffer, bytes: number): unknown => thrown(() => sender.sendSegments(data, bytes)).code
      t.equal([code(pattern(101), 1), code(pattern(65537), 1000)], Array(2).fill('ERR_NETVOLLEY_MESSAGE_TOO_LARGE'))
    })
  })
}

const input: UdpContract = (t, subject) => {
  t.test('[U9] [U66] bad segment sizes and data are refused, and nothing is queued', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender } = await pair()
      for (const bytes of [0, -1, 1.5, NaN, 65536, '100', undefined]) {
        t.equal(thrown(() => sender.sendSegments(pattern(10), bytes as number)).code, 'ERR_NETVOLLEY_OPTION_INVALID')
      }
      t.equal(thrown(() => sender.sendSegments(pattern(65520), 65508)).code, 'ERR_NETVOLLEY_MESSAGE_TOO_LARGE')
      t.equal(thrown(() => sender.sendSegments('text' as never, 1)) instanceof Error, true)
      t.equal(sender.stats().send.packetsQueued, 0)
    })
  })
}

const joined: UdpContract = (t, subject) => {
  t.test('[U26] what the kernel has joined is one entry with its segments', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair({ face: 'batch' })
      const entries: [number, number, number][] = []
      receiver.onBatch = (batch: ReceivedBatch) => {
        received.onBatch(batch)
        for (let i = batch.first; i < batch.end; i++) {
          entries.push([batch.length[i], batch.segmentBytes[i], batch.segmentCount[i]])
        }
      }
      const data = pattern(19 * 100 + 50)
      sender.sendSegments(data, 100)
      await received.have(20)
      t.equal(same(received.data, cut(data, 100)), true)
      const { groMessages, groSegments, packetsReceived } = receiver.stats().receive
      t.equal(packetsReceived, 20)
      const isJoined = receiver.capabilities.gro && sender.capabilities.gsoMaxSegments > 1
      t.equal(isJoined, subject.batching)
      if (isJoined) t.equal([entries, groMessages, groSegments], [[[1950, 100, 20]], 1, 20])
      else t.equal([entries.length, groMessages], [20, 0])
    })
  })

  eachFace(t, '[U26] a socket with GRO is fed by plain senders too (regression 18)', async (face) => {
    await running(
      t,
      subject,
      async ({ open }) => {
        const receiver = await open({ gro: 'auto' })
        const received = receive(receiver, face)
        const plain = createSocket('udp4')
        const { port } = receiver.address()
        const sizes = [100, 100, 100, 40, 0, 1200, 1200, 3000, 1, 65507]
        for (const [i, size] of sizes.entries()) plain.send(pattern(size, i), port, '127.0.0.1')
        await received.have(sizes.length)
        plain.close()
        const expected = sizes.map((size, i) => pattern(size, i))
        t.equal(same(received.data, expected), true)
      },
      { outside: true },
    )
  })

  t.test(
    '[U24] datagrams of one size to one destination are joined by themselves; the bytes are the same',
    async () => {
      await running(t, subject, async ({ open }) => {
        const receivers: UdpSocket[] = [await open({ gro: false }), await open({ gro: false })]
        const received = receivers.map((socket) => receive(socket, 'batch'))
        const sender = await open(HELD)
        const [a, b] = receivers.map((socket) => socket.address())
        // The first vector of the specification: A x 4 and its shorter end are one message, the others go by themselves.
        const order = [a, a, a, a, a, a, b, b, b]
        const sizes = [1000, 1000, 1000, 1000, 600, 1000, 1000, 0, 1000]
        for (const [i, to] of order.entries()) sender.send(pattern(sizes[i], i), to)
        sender.flush()
        await received[0].have(6)
        await received[1].have(3)
        const sent = sizes.map((size, i) => pattern(size, i))
        t.equal([same(received[0].data, sent.slice(0, 6)), same(received[1].data, sent.slice(6))], [true, true])
        const { gsoSends, gsoSegments } = sender.stats().sendCalls
        t.equal([gsoSends, gsoSegments], subject.batching ? [1, 5] : [0, 0])
      })
    },
  )
}

export const segmentsContract: UdpContract = (t, subject) => {
  for (const part of [cutting, input, joined]) part(t, subject)
}
