import type { SendBatch, UdpPeer, UdpSocket } from 'netvolley'
import { until } from '../../support/until'
import { pattern, required, thrown } from '../running'
import { HELD, running } from './running'
import { receive } from './received'
import type { UdpContract } from './subject'

/** Fills it with datagrams `from`, `from + 1`, ... */
function fill(batch: SendBatch, to: UdpPeer, from: number, count: number): void {
  for (let i = from; i < from + count; i++) {
    if (!batch.add(Buffer.from(`datagram ${String(i)}`), to)) throw new Error(`no room for ${String(i)}`)
  }
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `datagram ${String(i)}`)

const peerOf = (from: UdpSocket, to: UdpSocket): UdpPeer => from.peer(to.address().address, to.address().port)

const handing: UdpContract = (t, subject) => {
  for (const count of [1, 20, 21, 63, 64, 65, 1024, 1025, 5000]) {
    t.test('[U8, U14] neighbours that would go as one run go as far as the queue reaches', async () => {
      await running(t, subject, async ({ pair }) => {
        const { sender, received } = await pair({ sender: { ...HELD, maxQueuedPackets: 6 } })
        const batch = sender.createSendBatch()
        for (let i = 0; i < 10; i++) batch.add(Buffer.alloc(8, i), undefined)
        t.equal([sender.sendBatch(batch), batch.count, sender.queuedPackets], [6, 4, 6])
        sender.flush()
        await received.have(6)
        await until(() => !sender.needDrain, 'drained')
        t.equal(sender.sendBatch(batch), 4)
        sender.flush()
        await received.have(10)
        t.equal(
          received.data.map(([first]) => first),
          [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        )
      })
    })

    t.test(`[U8] [U21] ${String(count)} datagrams of one call all arrive, in order (regression 4)`, async () => {
      await running(t, subject, async ({ open }) => {
        const receiver = await open()
        const sender = await open({ maxQueuedPackets: 8192 })
        const received = receive(receiver, 'batch')
        const batch = sender.createSendBatch({ maxPackets: count })
        fill(batch, peerOf(sender, receiver), 0, count)
        t.equal([batch.count, sender.sendBatch(batch), batch.count], [count, count, 0])
        await received.have(count)
        t.equal(received.texts, numbered(count))
        t.equal(sender.sendBatch(batch), 0, 'it is empty now')
      })
    })
  }

  t.test('[U8] reserve() and commit() write where the kernel reads', async () => {
    await running(t, subject, async ({ open }) => {
      const receiver = await open()
      const received = receive(receiver, 'message')
      const sender = await open()
      const to = peerOf(sender, receiver)
      const batch = sender.createSendBatch()
      for (let i = 0; i < 200; i++) {
        const { slab, offset } = required(batch.reserve(300))
        // Less than was asked for, down to nothing at all.
        slab.set(pattern(i, i), offset)
        batch.commit(i, to)
      }
      t.equal(sender.sendBatch(batch), 200)
      await received.have(200)
      t.equal(
        received.data.every((data, i) => data.equals(pattern(i, i))),
        true,
      )
    })
  })
}

const reusing: UdpContract = (t, subject) => {
  t.test('[U8] a batch that is filled again at once does not change what it was sent with', async () => {
    await running(t, subject, async ({ open }) => {
      const receiver = await open()
      const received = receive(receiver, 'batch')
      const sender = await open({ flushTimeoutMs: 1000, batchSize: 32 })
      const to = peerOf(sender, receiver)
      const batch = sender.createSendBatch({ maxPackets: 50 })
      // Not yet sent when it is written to again: 50 are more than one batch, and less than two.
      for (let round = 0; round < 10; round++) {
        fill(batch, to, round * 50, 50)
        t.equal(sender.sendBatch(batch), 50)
      }
      sender.flush()
      await received.have(500)
      t.equal(received.texts, numbered(500))
    })
  })
}

const mixing: UdpContract = (t, subject) => {
  t.test('[U8] the datagrams of a batch may differ in destination, class and size', async () => {
    await running(t, subject, async ({ open }) => {
      const receivers = [await open(), await open(), await open()]
      const received = receivers.map((socket) => receive(socket, 'message'))
      const sender = await open(HELD)
      const peers = receivers.map((socket) => peerOf(sender, socket))
      const batch = sender.createSendBatch()
      for (let i = 0; i < 90; i++) batch.add(pattern(i * 7, i), peers[i % 3], { priority: i % 2 === 0 ? 0 : 128 })
      t.equal(sender.sendBatch(batch), 90)
      sender.flush()
      for (const [i, one] of received.entries()) {
        await one.have(30)
        // Class by class, and in each the order that they were queued in.
        const order = Array.from({ length: 30 }, (_, n) => n * 3 + i)
        const expected = [...order.filter((n) => n % 2 === 1), ...order.filter((n) => n % 2 === 0)]
        t.equal(
          one.data.map((data, n) => data.equals(pattern(expected[n] * 7, expected[n]))),
          Array(30).fill(true),
        )
      }
    })
  })
}

const refusals: UdpContract = (t, subject) => {
  t.test('[U8] [U14] what the queue has no room for stays in the batch: always a prefix is taken', async () => {
    await running(t, subject, async ({ open }) => {
      const receiver = await open()
      const received = receive(receiver, 'batch')
      const sender = await open({ ...HELD, maxQueuedPackets: 100 })
      const batch = sender.createSendBatch({ maxPackets: 250 })
      fill(batch, peerOf(sender, receiver), 0, 250)
      let drains = 0
      const onDrain = (): void => {
        drains++
        sender.sendBatch(batch)
        sender.flush()
      }
      sender.on('drain', onDrain)
      t.equal([sender.sendBatch(batch), batch.count, sender.needDrain, sender.queuedPackets], [100, 150, true, 100])
      t.equal(sender.stats().send.packetsRefused, 150)
      t.equal([sender.sendBatch(batch), batch.count], [0, 150])
      sender.flush()
      await received.have(250)
      t.equal(received.texts, numbered(250))
      t.equal([batch.count, drains >= 2, drains <= 3], [0, true, true], `${String(drains)} drains`)
    })
  })

  t.test('[U8] a full batch takes no more; clear() empties it, dispose gives its memory back', async () => {
    await running(t, subject, async ({ open }) => {
      const receiver = await open()
      const received = receive(receiver, 'message')
      const sender = await open({ remote: receiver.address() })
      const batch = sender.createSendBatch({ maxPackets: 2 })
      const add = (text: string): boolean => batch.add(Buffer.from(text), undefined)
      t.equal(
        [add('dropped'), add('dropped'), add('no room'), batch.reserve(1), batch.count],
        [true, true, false, null, 2],
      )
      batch.clear()
      t.equal([batch.count, sender.sendBatch(batch)], [0, 0])
      t.equal([add('sent'), sender.sendBatch(batch)], [true, 1])
      await received.have(1)
      t.equal(received.texts, ['sent'])
      // The memory of three batches is all that a socket gives out: it goes round.
      for (let i = 0; i < 50; i++) {
        const another = sender.createSendBatch({ maxPackets: 1000 })
        another.add(Buffer.from(String(i)), undefined)
        t.equal(sender.sendBatch(another), 1)
        another[Symbol.dispose]()
      }
      await received.have(51)
      t.equal(
        received.texts.slice(1),
        Array.from({ length: 50 }, (_, i) => String(i)),
      )
    })
  })
}

const input: UdpContract = (t, subject) => {
  t.test('[U8] [U66] bad arguments are refused before anything is in the batch', async () => {
    await running(t, subject, async ({ open }) => {
      const [sender, other] = [await open(), await open()]
      const to = peerOf(sender, other)
      const batch = sender.createSendBatch()
      const code = (call: () => unknown): unknown => thrown(call).code
      const invalid = 'ERR_NETVOLLEY_OPTION_INVALID'
      t.equal(
        code(() => batch.add('text' as never, to)),
        invalid,
      )
      t.equal(
        code(() => batch.add(Buffer.from('x'), to, { priority: 256 })),
        'ERR_NETVOLLEY_PRIORITY_INVALID',
      )
      t.equal(
        code(() => batch.add(Buffer.alloc(65508), to)),
        'ERR_NETVOLLEY_MESSAGE_TOO_LARGE',
      )
      t.equal(
        code(() => batch.add(Buffer.from('x'), { address: 'localhost', port: 1 } as never)),
        'ERR_NETVOLLEY_ADDRESS_INVALID',
      )
      batch.clear()
      t.equal(
        code(() => batch.commit(1, to)),
        'ERR_NETVOLLEY_BATCH_STALE',
      )
      required(batch.reserve(10))
      for (const bytes of [11, -1, 0.5])
        t.equal(
          code(() => batch.commit(bytes, to)),
          invalid,
        )
      batch.clear()
      for (const bytes of [-1, NaN, 65528])
        t.equal(
          code(() => batch.reserve(bytes)),
          invalid,
        )
      for (const maxPackets of [0, 65537, '1']) {
        t.equal(
          code(() => sender.createSendBatch({ maxPackets: maxPackets as number })),
          invalid,
        )
      }
      t.equal(
        code(() => sender.sendBatch({} as never)),
        invalid,
      )
      batch.add(Buffer.from('x'), to)
      t.equal(
        code(() => other.sendBatch(batch)),
        invalid,
      )
      t.equal([batch.count, sender.stats().send.packetsQueued], [1, 0])
    })
  })
}

const closed: UdpContract = (t, subject) => {
  t.test('[U8] [U48] sendBatch() of a closed socket takes nothing', async () => {
    await running(t, subject, async ({ open }) => {
      const receiver = await open()
      const sender = await open({ remote: receiver.address() })
      const batch = sender.createSendBatch()
      batch.add(Buffer.from('x'), undefined)
      const closing = sender.close()
      t.equal([sender.sendBatch(batch), batch.count], [0, 1])
      await closing
      t.equal(sender.sendBatch(batch), 0)
      await until(() => sender.state === 'closed', 'closed')
    })
  })
}

export const sendBatchContract: UdpContract = (t, subject) => {
  for (const part of [handing, reusing, mixing, refusals, input, closed]) part(t, subject)
}
