import type { DatagramError, UdpSocket } from 'netvolley'
import { until } from '../../support/until'
import { pattern } from '../running'
import { receive } from './received'
import { running } from './running'
import { type UdpContract, eachFace } from './subject'

const TRUNCATED = 1
const EMPTY = 2
const LARGE = 32

/** Datagrams that could not be sent, as the socket tells them. */
function failuresOf(socket: UdpSocket): DatagramError[] {
  const failures: DatagramError[] = []
  socket.on('datagramError', (error) => failures.push(error))
  return failures
}

const dropped: UdpContract = (t, subject) => {
  eachFace(t, '[U45] a datagram above maxDatagramBytes is dropped and counted; the others come whole', (face) =>
    running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair({ face, receiver: { maxDatagramBytes: 100 } })
      for (const size of [99, 101, 100, 5000, 0, 65507, 7]) sender.send(pattern(size, size))
      await received.have(4)
      await until(() => receiver.stats().receive.receiveDropped.oversize === 3, 'three are counted')
      t.equal(
        received.data.map((data) => Buffer.from(data)),
        [99, 100, 0, 7].map((size) => pattern(size, size)),
      )
      t.equal(receiver.stats().receive.packetsReceived, 7)
    }),
  )

  t.test('[U45] of a run that the system joined only what is too long is dropped', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair({ receiver: { maxDatagramBytes: 100 } })
      sender.sendSegments(pattern(8 * 101 + 50), 101)
      sender.sendSegments(pattern(8 * 100), 100)
      await received.have(1 + 8)
      await until(() => receiver.stats().receive.receiveDropped.oversize === 8, 'eight are counted')
      t.equal(Buffer.from(received.data[0]), pattern(8 * 101 + 50).subarray(8 * 101))
      t.equal(Buffer.concat(received.data.slice(1)), pattern(8 * 100))
    }),
  )

  t.test("[U45] oversize 'truncate' cuts it, and tells its real size", () =>
    running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair({ receiver: { maxDatagramBytes: 100, oversize: 'truncate' } })
      const sizes = [99, 100, 101, 3000, 65507]
      for (const size of sizes) sender.send(pattern(size))
      await received.have(5)
      t.equal(
        received.data.map((data) => Buffer.from(data)),
        sizes.map((size) => pattern(size).subarray(0, 100)),
      )
      t.equal(
        received.infos.map(({ size }) => size),
        sizes,
      )
      // Which of the datagrams that it joined was cut could not be told.
      t.equal(receiver.capabilities.gro, false)
      t.equal(receiver.stats().receive.receiveDropped.oversize, 0)
    }),
  )

  t.test('[U45, U44, U20] the flags of a batch: cut, empty, in a large slot', () =>
    running(t, subject, async ({ open }) => {
      const receiver = await open({ maxDatagramBytes: 4000, oversize: 'truncate' })
      const seen: number[][] = []
      receiver.onBatch = (batch) => {
        for (let i = batch.first; i < batch.end; i++) seen.push([batch.length[i], batch.flags[i]])
      }
      const sender = await open({ remote: receiver.address() })
      for (const size of [0, 2048, 2049, 4001]) sender.send(pattern(size))
      await until(() => seen.length === 4, 'all have arrived')
      t.equal(seen, [
        [0, EMPTY],
        [2048, 0],
        [2049, LARGE],
        [4000, LARGE | TRUNCATED],
      ])
    }),
  )
}

const sizes: UdpContract = (t, subject) => {
  eachFace(t, '[U45, U20] every size around a slot and up to the largest datagram arrives whole', (face) =>
    running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ face })
      const sizes = [1, 2047, 2048, 2049, 4096, 32768, 65506, 65507]
      for (const size of sizes) sender.send(pattern(size, size))
      await received.have(sizes.length)
      t.equal(
        received.data.every((data, i) => data.equals(pattern(sizes[i], sizes[i]))),
        true,
      )
    }),
  )

  t.test('[U45] IPv6 carries 65,527 bytes, IPv4 65,507', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { address: '::1' }, receiver: { address: '::1' } })
      sender.send(pattern(65527))
      t.equal((await received.have(1)).data[0].equals(pattern(65527)), true)
    }),
  )

  eachFace(
    t,
    '[U44] empty datagrams first, in the middle and last in a batch are sent and delivered (regression 8)',
    (face) =>
      running(t, subject, async ({ pair }) => {
        const { sender, receiver, received } = await pair({ face })
        const batch = sender.createSendBatch()
        for (const text of ['', 'a', 'a', 'a', 'a', '', '', 'b', '']) batch.add(Buffer.from(text))
        t.equal(sender.sendBatch(batch), 9)
        await received.have(9)
        t.equal(received.texts, ['', 'a', 'a', 'a', 'a', '', '', 'b', ''])
        sender.send('')
        sender.sendSegments(Buffer.alloc(0), 100)
        await sender.sendAsync('')
        t.equal((await received.have(12)).texts.slice(9), ['', '', ''])
        await until(() => receiver.stats().receive.packetsDelivered === 12, 'all are counted')
        t.equal([sender.stats().send.packetsSent, sender.stats().send.bytesSent], [12, 5])
        t.equal(receiver.stats().receive.bytesReceived, 5)
      }),
  )

  t.test('[U44] an empty datagram is answered with an empty one', () =>
    running(t, subject, async ({ open }) => {
      const server = await open()
      server.onBatch = (batch) => {
        for (let i = batch.first; i < batch.end; i++) {
          batch.reply(i, Buffer.alloc(0))
          batch.replyInPlace(i, 0)
        }
      }
      const client = await open({ remote: server.address() })
      const answers = receive(client, 'message')
      client.send('')
      t.equal((await answers.have(2)).texts, ['', ''])
    }),
  )
}

const pathMtu: UdpContract = (t, subject) => {
  for (const at of [0, 30, 63]) {
    t.test(
      `[U40, U41] EMSGSIZE at index ${String(at)} of a batch of 64: that one fails, 63 arrive (regression 2)`,
      () =>
        running(t, subject, async ({ pair }) => {
          // Without fragments, IPv6 carries a little less over loopback than a datagram may have.
          const { sender, received } = await pair({
            sender: { address: '::1', pathMtu: 'do' },
            receiver: { address: '::1' },
          })
          const failures = failuresOf(sender)
          for (let i = 0; i < 64; i++) sender.send(i === at ? Buffer.alloc(65527) : String(i))
          await received.have(63)
          await until(() => failures.length === 1, 'the failure is told')
          t.equal(
            received.texts,
            Array.from({ length: 64 }, (_, i) => String(i)).filter((_, i) => i !== at),
          )
          const [{ code, bytes, mtuBytes }] = failures
          t.equal([code, bytes, mtuBytes], ['EMSGSIZE', 65527, 65536])
          const { send, errors } = sender.stats()
          t.equal([send.packetsSent, send.packetsFailed, errors.errorsByCode], [63, 1, { EMSGSIZE: 1 }])
        }),
    )
  }

  for (const [pathMtu, passes] of [
    ['os', true],
    ['dont', true],
    ['do', false],
    ['probe', false],
  ] as const) {
    t.test(`[U40] pathMtu '${pathMtu}': above the path MTU a datagram ${passes ? 'goes in fragments' : 'fails'}`, () =>
      running(t, subject, async ({ pair }) => {
        const { sender, received } = await pair({ sender: { address: '::1', pathMtu }, receiver: { address: '::1' } })
        const failures = failuresOf(sender)
        sender.send(Buffer.alloc(65527, 1))
        if (!passes) await until(() => failures.length === 1, 'it fails')
        else t.equal((await received.have(1)).data[0].equals(Buffer.alloc(65527, 1)), true)
        const error = await sender.sendAsync(Buffer.alloc(65527)).then(
          () => null,
          (reason: NodeJS.ErrnoException) => reason,
        )
        t.equal(error?.code ?? null, passes ? null : 'EMSGSIZE')
      }),
    )
  }
}

export const oversizeContract: UdpContract = (t, subject) => {
  for (const part of [dropped, sizes, pathMtu]) part(t, subject)
}
