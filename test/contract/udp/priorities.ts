import type { UdpSocket } from 'netvolley'
import { until } from '../../support/until'
import { HELD, running } from './running'
import type { UdpContract } from './subject'

const HIGH = { priority: 192 }
const LOW = { priority: 63 }

/** `'L0 N0 H0'`: one datagram each, with that text and the priority of its first letter. */
function send(socket: UdpSocket, names: string): boolean[] {
  const priorities = { L: LOW, N: undefined, H: HIGH } as const
  return names.split(' ').map((name) => socket.send(name, undefined, priorities[name[0] as 'L' | 'N' | 'H']))
}

const series = (letter: string, count: number, from = 0): string =>
  Array.from({ length: count }, (_, i) => `${letter}${String(from + i)}`).join(' ')

const order: UdpContract = (t, subject) => {
  t.test('[U15] high before normal before low, and each class in its order', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: HELD })
      send(sender, 'L0 N0 H0 N1 L1 H1 H2 L2 N2 L3 N3')
      t.equal(sender.stats().send.pendingByClass, [4, 4, 3])
      sender.flush()
      await received.have(11)
      t.equal(received.texts.join(' '), 'H0 H1 H2 N0 N1 N2 N3 L0 L1 L2 L3')
    })
  })

  t.test('[U15] 0 to 63 are low, 64 to 191 and none at all normal, 192 to 255 high', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: HELD })
      const priorities = [0, 63, 64, 128, 191, 192, 255, undefined]
      for (const priority of priorities) {
        sender.send(String(priority), undefined, priority === undefined ? {} : { priority })
      }
      sender.flush()
      await received.have(8)
      t.equal(received.texts, ['192', '255', '64', '128', '191', 'undefined', '0', '63'])
    })
  })

  t.test('[U16] priorities: false: all are one class, whatever they say', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { ...HELD, priorities: false, maxQueuedPackets: 5 } })
      t.equal(send(sender, 'L0 N0 H0 L1 H1 H2'), [true, true, true, true, true, false])
      t.equal(sender.stats().send.pendingByClass, [0, 5, 0])
      sender.flush()
      await received.have(5)
      t.equal(received.texts.join(' '), 'L0 N0 H0 L1 H1')
    })
  })
}

const ageing: UdpContract = (t, subject) => {
  t.test(
    '[U17] with agingMs what has waited rises, and a constant high load cannot starve it (regression 10)',
    async () => {
      await running(t, subject, async ({ pair }) => {
        const { sender, receiver, received } = await pair({
          face: 'batch',
          sender: { agingMs: 1, maxQueuedPackets: 12_000, maxQueuedBytes: 2 ** 24, batchSize: 16, flushTimeoutMs: 0 },
        })
        let low = 0
        let high = 0
        receiver.onBatch = (batch) => {
          batch.forEachDatagram((offset) => {
            if (batch.slab[offset] === 0x4c) low++
            else high++
          })
        }
        for (let i = 0; i < 2000; i++) sender.send('L', undefined, LOW)
        // As much again of the high class in every turn, until the last low one is through.
        let sent = 0
        const start = performance.now()
        while (low < 2000 && performance.now() - start < 10_000) {
          for (let i = 0; i < 64; i++) if (sender.send('H', undefined, HIGH)) sent++
          await new Promise((resolve) => setImmediate(resolve))
        }
        t.equal(low, 2000)
        const dropped = (): number => receiver.stats().receive.kernelDrops
        await until(() => high + dropped() === sent, 'the high ones too')
        t.equal(received.count, 0)
      })
    },
  )
}

const room: UdpContract = (t, subject) => {
  t.test('[U18] [U14] reservedHighPackets are for the high class alone', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { ...HELD, maxQueuedPackets: 10, reservedHighPackets: 3 } })
      t.equal(send(sender, series('N', 10)), Array(10).fill(true))
      t.equal(send(sender, 'N10 L0 H0 H1 H2 H3'), [false, false, true, true, true, false])
      t.equal([sender.queuedPackets, sender.stats().send.packetsRefused], [13, 3])
      sender.flush()
      await received.have(13)
      t.equal(received.texts.join(' '), `H0 H1 H2 ${series('N', 10)}`)
    })
  })

  t.test("[U18] overflow 'evictLower': a newcomer pushes out the newest of the lowest class", async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({
        sender: { ...HELD, maxQueuedPackets: 10, reservedHighPackets: 0, overflow: 'evictLower' },
      })
      t.equal(send(sender, `${series('L', 4)} ${series('N', 6)}`), Array(10).fill(true))
      // For two of the low class, then, with H, for the last two of it and one of the normal.
      t.equal(send(sender, 'N6 N7 H0 H1 H2'), Array(5).fill(true))
      t.equal(send(sender, 'L9'), [false], 'nothing is lower')
      sender.flush()
      await received.have(10)
      t.equal(received.texts.join(' '), 'H0 H1 H2 N0 N1 N2 N3 N4 N5 N6')
      const { packetsQueued, packetsSent, packetsDropped } = sender.stats().send
      t.equal([packetsQueued, packetsSent, packetsDropped.evicted], [15, 10, 5])
    })
  })

  t.test(
    "[U18] 'evictLower': a run that was pushed out makes room for as many newcomers as it had datagrams",
    async () => {
      await running(t, subject, async ({ pair, seen }) => {
        const { sender, received } = await pair({
          sender: { ...HELD, maxQueuedPackets: 256, reservedHighPackets: 0, overflow: 'evictLower' },
        })
        for (let i = 0; i < 4; i++) t.equal(sender.sendSegments(Buffer.alloc(64 * 8), 8, undefined, LOW), true)
        await seen()
        for (let i = 0; i < 8; i++) {
          t.equal(sender.send(`H${String(i)}`, undefined, HIGH), true)
          await seen()
        }
        t.equal(sender.stats().send.packetsDropped.evicted, 64)
        sender.flush()
        await received.have(3 * 64 + 8)
      })
    },
  )

  t.test("[U18] evictLower: where nothing is lower it is a refusal, and 'refuse' evicts nothing", async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({
        sender: { ...HELD, maxQueuedPackets: 4, reservedHighPackets: 0, overflow: 'evictLower' },
      })
      t.equal(send(sender, 'N0 N1 N2 N3 N4 L0'), [true, true, true, true, false, false])
      sender.setOptions({ overflow: 'refuse' })
      t.equal(send(sender, 'H0'), [false])
      sender.flush()
      await received.have(4)
      await until(() => !sender.needDrain, 'drained')
      t.equal(sender.stats().send.packetsDropped.evicted, 0)
    })
  })
}

const evicting: UdpContract = (t, subject) => {
  t.test('[U18] an evicted sendAsync() is told', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({
        sender: { ...HELD, maxQueuedPackets: 2, reservedHighPackets: 0, overflow: 'evictLower' },
      })
      const low = sender.sendAsync('low', undefined, LOW)
      t.equal(send(sender, 'N0 N1'), [true, true])
      sender.flush()
      await t.rejects(low, 'ENOBUFS')
      await received.have(2)
      t.equal(received.texts, ['N0', 'N1'])
    })
  })
}

const expiry: UdpContract = (t, subject) => {
  t.test('[U19] what was not sent in its expiresMs is dropped', async () => {
    await running(t, subject, async ({ pair, seen }) => {
      const { sender, received } = await pair({ sender: HELD })
      sender.send('stale', undefined, { expiresMs: 1 })
      const promise = sender.sendAsync('stale too', undefined, { expiresMs: 2 })
      sender.send('fresh', undefined, { expiresMs: 60_000 })
      sender.send('for ever')
      // Their time begins when the engine has them.
      await seen()
      const start = performance.now()
      await until(() => performance.now() - start > 5, 'the two are stale')
      sender.flush()
      await t.rejects(promise, 'ERR_NETVOLLEY_TIMEOUT')
      await received.have(2)
      t.equal(received.texts, ['fresh', 'for ever'])
      t.equal(sender.stats().send.packetsDropped.expired, 2)
    })
  })
}

export const prioritiesContract: UdpContract = (t, subject) => {
  for (const part of [order, ageing, room, evicting, expiry]) part(t, subject)
}
