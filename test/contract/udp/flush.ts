import { until } from '../../support/until'
import { pattern } from '../running'
import { receive } from './received'
import { HELD, running } from './running'
import type { UdpContract } from './subject'

/** A timer that is slow to come leaves this much of a window of 1000 ms. */
const AT_ONCE_MS = 900

const windows: UdpContract = (t, subject) => {
  t.test('[U13] a full batch leaves; the rest waits for flush()', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { flushTimeoutMs: 1000, batchSize: 8 } })
      const start = performance.now()
      for (let i = 0; i < 8; i++) sender.send(String(i))
      await received.have(8)
      for (let i = 8; i < 19; i++) sender.send(String(i))
      await received.have(19).catch(() => undefined)
      t.equal(received.count, 19)
      t.equal(performance.now() - start < 5000, true)
    })
  })

  t.test('[U13] flush() sends what is queued', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: HELD })
      const start = performance.now()
      for (let i = 0; i < 10; i++) sender.send(String(i))
      // A turn of everybody, in which it would have left without being asked.
      await new Promise((resolve) => setTimeout(resolve, 5))
      t.equal([received.count, sender.queuedPackets], [0, 10])
      sender.flush()
      await received.have(10)
      t.equal(performance.now() - start < AT_ONCE_MS, true)
    })
  })

  t.test('[U13] with flushTimeoutMs a datagram waits for that long, and not longer', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { flushTimeoutMs: 60, batchSize: 1024 } })
      const start = performance.now()
      sender.send('first')
      await new Promise((resolve) => setTimeout(resolve, 5))
      sender.send('second')
      const gap = performance.now() - start
      await received.have(2)
      const waited = performance.now() - start
      t.equal(waited >= 59 && waited < AT_ONCE_MS, true, `${String(waited)} ms`)
      // The window of the first one: both in one burst.
      if (gap < 40) t.equal(sender.stats().sendCalls.batchesSent, subject.batching ? 1 : 2)
    })
  })

  t.test('[U13] with 0, all that one job has queued leaves at its end, in one burst', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { gso: false } })
      for (let job = 1; job <= 3; job++) {
        for (let i = 0; i < 20; i++) sender.send(pattern(i))
        t.equal(sender.queuedPackets, 20, 'nothing has left within the job')
        await received.have(job * 20)
        t.equal(sender.stats().sendCalls.batchesSent, subject.batching ? job : job * 20)
      }
    })
  })
}

const moments: UdpContract = (t, subject) => {
  t.test('[U13] what a high priority has does not wait for the window, nor do those queued with it', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: HELD })
      const start = performance.now()
      sender.send('normal')
      sender.send('high', undefined, { priority: 192 })
      await received.have(2)
      t.equal(received.texts, ['high', 'normal'])
      t.equal(performance.now() - start < AT_ONCE_MS, true)
    })
  })

  t.test('[U13] what is sent in onBatch leaves when the callback returns', async () => {
    await running(t, subject, async ({ open }) => {
      const server = await open({ gro: false })
      let calls = 0
      server.onBatch = (batch) => {
        calls++
        for (let i = batch.first; i < batch.end; i++) batch.reply(i, batch.view(i))
      }
      const client = await open({ remote: server.address() })
      const answers = receive(client, 'message')
      for (let i = 1; i <= 20; i++) {
        client.send(pattern(i, i))
        await answers.have(i)
      }
      t.equal([calls, server.queuedPackets], [20, 0])
    })
  })

  t.test('[U13] [U48] close() right after queuing sends all (regression 6)', async () => {
    await running(t, subject, async ({ open }) => {
      const receiver = await open()
      const received = receive(receiver, 'message')
      const sender = await open({ ...HELD, remote: receiver.address() })
      for (let i = 0; i < 1000; i++) t.equal(sender.send(String(i)), true)
      await sender.close()
      const { packetsSent, packetsDropped } = sender.stats().send
      t.equal([packetsSent, packetsDropped.closed], [1000, 0])
      await received.have(1000)
    })
  })
}

const batches: UdpContract = (t, subject) => {
  t.test('[U12] [U21] no burst is larger than batchSize, whatever flush() finds (regression 5)', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { flushTimeoutMs: 1000, maxQueuedPackets: 2048 } })
      sender.setOptions({ batchSize: 1024 })
      for (let i = 0; i < 1000; i++) sender.send(pattern(10 + (i % 7), i))
      sender.setOptions({ batchSize: 64 })
      sender.flush()
      await received.have(1000)
      const { sendBatchHistogram, batchesSent } = sender.stats().sendCalls
      t.equal(sendBatchHistogram[7], 0)
      if (subject.batching) t.equal([sendBatchHistogram[6], batchesSent], [15, 16], sendBatchHistogram.join())
      else t.equal([sendBatchHistogram[0], batchesSent], [1000, 1000], sendBatchHistogram.join())
    })
  })

  t.test('[U12] [U62] batchSize is 64 unless it is changed, which counts from then on', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { flushTimeoutMs: 1000, gso: false } })
      let all = 0
      const full = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++) sender.send('x')
        all += count
        // It leaves by itself: nobody waits for the window.
        const start = performance.now()
        await received.have(all)
        t.equal(performance.now() - start < AT_ONCE_MS, true, `${String(count)} at once`)
      }
      await full(64)
      for (const batchSize of [5, 1, 300]) {
        sender.setOptions({ batchSize })
        await full(batchSize)
      }
      sender.setOptions({ batchSize: 1024 })
      for (let i = 0; i < 100; i++) sender.send('y')
      sender.flush()
      await received.have(all + 100)
      t.equal(sender.stats().send.packetsSent, all + 100)
    })
  })

  t.test('[U13] [U62] flushTimeoutMs that is changed counts for what is queued already', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: HELD })
      const start = performance.now()
      sender.send('waits')
      await until(() => sender.queuedPackets === 1, 'queued')
      sender.setOptions({ flushTimeoutMs: 0 })
      sender.send('goes')
      await received.have(2)
      t.equal(received.texts, ['waits', 'goes'])
      t.equal(performance.now() - start < AT_ONCE_MS, true)
    })
  })
}

const statistics: UdpContract = (t, subject) => {
  t.test('[U47] [U21] statistics count what the kernel has taken, not calls (regression 32)', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { ...HELD, gso: false } })
      for (let i = 0; i < 40; i++) sender.send('x')
      const held = sender.stats()
      t.equal([held.send.packetsQueued, held.send.packetsSent, held.send.packetsPending], [40, 0, 40])
      t.equal(held.sendCalls.sendCalls, 0)
      sender.flush()
      await received.have(40)
      const { send, sendCalls } = sender.stats()
      t.equal([send.packetsSent, send.bytesSent], [40, 40])
      t.equal([sendCalls.sendCalls, sendCalls.batchesSent], subject.batching ? [1, 1] : [40, 40])
    })
  })
}

export const flushContract: UdpContract = (t, subject) => {
  for (const part of [windows, moments, batches, statistics]) part(t, subject)
}
