import type { ReceivedBatch } from 'netvolley'
import { until } from '../../support/until'
import { pattern, required, thrown } from '../running'
import { receive } from './received'
import { HELD, running } from './running'
import type { UdpContract } from './subject'

const STALE = 'ERR_NETVOLLEY_BATCH_STALE'
const MODE = 'ERR_NETVOLLEY_RECEIVE_MODE'

const columns: UdpContract = (t, subject) => {
  t.test('[U5] the columns say where each datagram lies and who sent it', async () => {
    await running(t, subject, async ({ open }) => {
      const receiver = await open({ gro: false })
      const senders = [await open(), await open()]
      const seen: [number, number][] = []
      receiver.onBatch = (batch) => {
        t.equal([batch.count, batch.datagrams], [batch.end - batch.first, batch.count])
        let bytes = 0
        for (let i = batch.first; i < batch.end; i++) {
          const { slab, offset, length, port, family, segmentBytes, segmentCount } = batch
          const data = slab.subarray(offset[i], offset[i] + length[i])
          t.equal([batch.view(i).equals(data), batch.copy(i).equals(data)], [true, true])
          t.equal([family[i], segmentBytes[i], segmentCount[i], batch.addressOf(i)], [4, 0, 1, '127.0.0.1'])
          t.equal({ ...batch.peerOf(i) }, { address: '127.0.0.1', port: port[i], family: 'IPv4' })
          t.equal([batch.localAddressOf(i), batch.timestampMsOf(i)], [null, NaN])
          t.equal(data.equals(pattern(length[i], length[i])), true)
          seen.push([port[i], length[i]])
          bytes += length[i]
        }
        t.equal(batch.bytes, bytes)
      }
      for (const [i, sender] of senders.entries()) {
        const peer = sender.peer('127.0.0.1', receiver.address().port)
        for (let n = 0; n < 50; n++) sender.send(pattern(n * 2 + i, n * 2 + i), peer)
      }
      await until(() => seen.length === 100, '100 datagrams')
      for (const [i, sender] of senders.entries()) {
        const mine = seen.filter(([port]) => port === sender.address().port).map(([, length]) => length)
        t.equal(
          mine,
          Array.from({ length: 50 }, (_, n) => n * 2 + i),
        )
      }
    })
  })

  t.test('[U5] one call for a burst, with one and the same object', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair({ face: 'batch', sender: { ...HELD, gso: false } })
      const objects = new Set<ReceivedBatch>()
      receiver.onBatch = (batch) => {
        objects.add(batch)
        received.onBatch(batch)
      }
      // They are all there before the receiver is given its turn.
      receiver.pause()
      for (let i = 0; i < 600; i++) sender.send(String(i))
      sender.flush()
      await until(() => sender.stats().send.packetsSent === 600, 'sent')
      receiver.resume()
      await received.have(600)
      t.equal(received.bursts < 120, true, `${String(received.bursts)} calls for 600 datagrams`)
      t.equal(objects.size, 1)
    })
  })
}

const bounds: UdpContract = (t, subject) => {
  t.test('[U5] a batch never goes over the end of the ring, nor over maxBatchEntries', async () => {
    await running(t, subject, async ({ open }) => {
      for (const options of [{ ringEntries: 8 }, { maxBatchEntries: 3 }]) {
        const receiver = await open({ gro: false, ...options })
        const sender = await open({ remote: receiver.address() })
        const received = receive(receiver, 'batch')
        const bad: unknown[] = []
        receiver.onBatch = (batch) => {
          const { first, end } = batch
          const most = options.maxBatchEntries ?? 8
          if (!(first >= 0 && first < end && end <= batch.length.length && end - first <= most)) bad.push([first, end])
          received.onBatch(batch)
        }
        for (let i = 0; i < 300; i++) sender.send(String(i))
        await received.have(300)
        t.equal(bad, [])
        t.equal(
          received.texts,
          Array.from({ length: 300 }, (_, i) => String(i)),
        )
      }
    })
  })
}

const faces: UdpContract = (t, subject) => {
  t.test("[U5] 'message' and onBatch exclude each other; one may follow the other", async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair({ face: 'batch' })
      const listener = (): void => undefined
      t.equal(thrown(() => receiver.on('message', listener)).code, MODE)
      t.equal(thrown(() => receiver.messages()[Symbol.asyncIterator]()).code, MODE)
      t.equal(receiver.listenerCount('message'), 0)
      sender.send('by batch')
      await received.have(1)
      receiver.onBatch = null
      receiver.on('message', received.onMessage)
      t.equal(thrown(() => (receiver.onBatch = listener)).code, MODE)
      sender.send('by message')
      await received.have(2)
      receiver.off('message', received.onMessage)
      receiver.onBatch = received.onBatch
      sender.send('by batch again')
      await received.have(3)
      t.equal(received.texts, ['by batch', 'by message', 'by batch again'])
      t.equal(thrown(() => (receiver.onBatch = 1 as never)).code, 'ERR_NETVOLLEY_OPTION_INVALID')
    })
  })

  t.test('[U5] a batch is over when its callback has returned, and holds nothing outside of its ends', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair({ face: 'batch' })
      const kept: { batch?: ReceivedBatch; first?: number } = {}
      const codes: unknown[] = []
      const all = (batch: ReceivedBatch, i: number): unknown[] =>
        [
          () => batch.view(i),
          () => batch.copy(i),
          () => batch.addressOf(i),
          () => batch.peerOf(i),
          () => batch.localAddressOf(i),
          () => batch.timestampMsOf(i),
          () => batch.reply(i, Buffer.from('x')),
          () => batch.replyInPlace(i, 1),
        ].map((call) => thrown(call).code)
      receiver.onBatch = (batch) => {
        kept.batch ??= batch
        kept.first ??= batch.first
        for (const i of [batch.first - 1, batch.end, NaN]) codes.push(...all(batch, i))
        received.onBatch(batch)
      }
      sender.send('x')
      await received.have(1)
      t.equal(codes, Array(24).fill(STALE))
      const batch = required(kept.batch)
      t.equal([batch.first, batch.end, batch.count, batch.datagrams, batch.bytes], [0, 0, 0, 0, 0])
      t.equal(all(batch, required(kept.first)), Array(8).fill(STALE))
      t.equal(receiver.stats().send.packetsQueued, 0)
    })
  })
}

const handlers: UdpContract = (t, subject) => {
  t.test('[U5] another handler, or none, from within the callback', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair({ face: 'batch', receiver: { gro: false, maxBatchEntries: 1 } })
      const first: number[] = []
      receiver.onBatch = (batch) => {
        first.push(batch.count)
        received.onBatch(batch)
        receiver.onBatch = first.length < 3 ? receiver.onBatch : null
      }
      for (let i = 0; i < 10; i++) sender.send(String(i))
      await until(() => sender.stats().send.packetsSent === 10 && first.length === 3, 'three calls')
      await new Promise((resolve) => setTimeout(resolve, 5))
      t.equal(received.count, 3)
      receiver.onBatch = received.onBatch
      await received.have(10)
      t.equal(received.texts.join(''), '0123456789')
    })
  })
}

export const batchesContract: UdpContract = (t, subject) => {
  for (const part of [columns, bounds, faces, handlers]) part(t, subject)
}
