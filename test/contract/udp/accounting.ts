import type { UdpSocket, UdpStats } from 'netvolley'
import { until } from '../../support/until'
import type { Kit } from '../contract'
import { sendEach } from './network'
import { receive } from './received'
import { imbalance, running } from './running'
import type { UdpContract } from './subject'

const BROADCAST = { address: '127.255.255.255', port: 9 }
/** Waits longer than any case: only flush() sends. */
const HELD = { flushTimeoutMs: 1000 }

const total = (parts: Readonly<Record<string, number>>): number => Object.values(parts).reduce((sum, n) => sum + n, 0)

function balanced(t: Kit, socket: UdpSocket): UdpStats {
  const stats = socket.stats()
  t.equal(imbalance(stats), '')
  return stats
}

const snapshots: UdpContract = (t, subject) => {
  t.test('[U46] the identities hold in every snapshot, also in the middle of sending and receiving', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair({ face: 'batch' })
      let last = { queued: 0, sent: 0, received: 0, delivered: 0 }
      await sendEach(sender, Array(1200).keys(), (i) => {
        const { send } = balanced(t, sender)
        const { receive: r } = balanced(t, receiver)
        const now = {
          queued: send.packetsQueued,
          sent: send.packetsSent,
          received: r.packetsReceived,
          delivered: r.packetsDelivered,
        }
        for (const name of ['queued', 'sent', 'received', 'delivered'] as const) {
          if (now[name] < last[name]) throw new Error(`${name} went from ${String(last[name])} to ${String(now[name])}`)
        }
        last = now
        return sender.send(String(i))
      })
      await received.have(1200)
      t.equal(balanced(t, sender).send.packetsSent, 1200)
    }),
  )

  t.test('[U46] inside the callbacks the identities hold too', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, receiver } = await pair({ face: 'batch' })
      let batches = 0
      receiver.onBatch = () => {
        balanced(t, receiver)
        balanced(t, sender)
        batches++
      }
      for (let i = 0; i < 300; i++) sender.send('x')
      await until(() => receiver.stats().receive.packetsDelivered === 300, 'all are delivered')
      t.equal(batches > 0, true)
    }),
  )

  t.test('[U46] sent means that the kernel has taken it, and nothing else (regression 32)', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: HELD })
      for (let i = 0; i < 10; i++) sender.send('ab')
      const { packetsQueued, packetsSent, packetsPending, bytesQueued, bytesSent, pendingByClass } = balanced(
        t,
        sender,
      ).send
      t.equal([packetsQueued, packetsSent, packetsPending, bytesQueued, bytesSent], [10, 0, 10, 20, 0])
      t.equal(pendingByClass, [0, 10, 0])
      t.equal([sender.queuedPackets, sender.queuedBytes], [10, 20])
      sender.flush()
      await received.have(10)
      await until(() => balanced(t, sender).send.packetsSent === 10, 'they are counted')
      t.equal([sender.queuedPackets, sender.queuedBytes, sender.stats().send.bytesSent], [0, 0, 20])
    }),
  )
}

const refusals: UdpContract = (t, subject) => {
  t.test('[U46] offered = queued + refused; what was refused is neither kept nor sent', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { ...HELD, maxQueuedPackets: 20, batchSize: 64 } })
      const taken = Array.from({ length: 50 }, (_, i) => sender.send(String(i)))
      const { packetsQueued, packetsRefused, packetsPending } = balanced(t, sender).send
      t.equal([packetsQueued, packetsRefused, packetsPending], [20, 30, 20])
      t.equal(
        taken,
        Array.from({ length: 50 }, (_, i) => i < 20),
      )
      sender.flush()
      t.equal(
        (await received.have(20)).texts,
        Array.from({ length: 20 }, (_, i) => String(i)),
      )
    }),
  )

  t.test('[U46] failed datagrams are counted once, whoever waits for them', () =>
    running(t, subject, async ({ open }) => {
      const [sender, peer] = [await open(), await open()]
      const received = receive(peer, 'message')
      let told = 0
      sender.on('datagramError', () => told++)
      const failures = await Promise.all(
        Array.from({ length: 30 }, (_, i) => {
          sender.send('x', i % 2 === 0 ? BROADCAST : peer.address())
          return sender.sendAsync('x', i % 3 === 0 ? BROADCAST : peer.address()).then(
            () => 0,
            () => 1,
          )
        }),
      )
      await received.have(15 + 20)
      await until(() => told === 15, 'those of send() are told')
      const { packetsQueued, packetsSent, packetsFailed } = balanced(t, sender).send
      t.equal([packetsQueued, packetsSent, packetsFailed], [60, 35, 25])
      t.equal(
        failures.reduce<number>((sum, n) => sum + n, 0),
        10,
        'promises that were rejected',
      )
      t.equal(sender.stats().errors.errorsByCode, { EACCES: 25 })
    }),
  )
}

const losses: UdpContract = (t, subject) => {
  t.test("[U34, U46] what did not fit into the kernel's buffer is counted, the last loss too", () =>
    running(
      t,
      subject,
      async ({ open }) => {
        const receiver = await open({ receiveBufferBytes: 4096, gro: false })
        const received = receive(receiver, 'message')
        const sender = await open({ remote: receiver.address(), maxQueuedPackets: 2048, gso: false })
        receiver.pause()
        for (let i = 0; i < 1000; i++) sender.send(Buffer.alloc(200))
        await until(() => sender.stats().send.packetsSent === 1000, 'all were sent')
        // Nothing comes behind the last loss that could tell of it.
        const { kernelDrops, packetsReceived } = balanced(t, receiver).receive
        t.equal([kernelDrops > 900, packetsReceived], [true, 0], `${String(kernelDrops)} dropped`)
        receiver.resume()
        await received.have(1000 - kernelDrops)
        receiver.pause()
        receiver.resetStats()
        t.equal(balanced(t, receiver).receive.kernelDrops, 0, 'counted from zero again')
        for (let i = 0; i < 1000; i++) sender.send(Buffer.alloc(200))
        await until(() => sender.stats().send.packetsSent === 2000, 'all were sent')
        await receiver.close()
        const { receive: r } = balanced(t, receiver)
        t.equal(r.kernelDrops > 900, true, 'also what was lost right before the end')
      },
      { outside: true },
    ),
  )

  t.test('[U46, U48] destroy() drops what is queued, as it says', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: HELD })
      sender.send('sent')
      sender.flush()
      await received.have(1)
      for (let i = 0; i < 10; i++) sender.send('dropped')
      const waiter = t.rejects(sender.sendAsync('dropped'), 'ERR_NETVOLLEY_SOCKET_CLOSED')
      sender.destroy()
      balanced(t, sender)
      await waiter
      await until(() => sender.state === 'closed', 'it is closed')
      const { packetsQueued, packetsSent, packetsDropped, packetsPending } = balanced(t, sender).send
      t.equal([packetsQueued, packetsSent, packetsDropped.closed, packetsPending], [12, 1, 11, 0])
      t.equal(total(packetsDropped), 11)
    }),
  )
}

const resets: UdpContract = (t, subject) => {
  t.test('[U46, U47] resetStats() in the middle of everything keeps the identities (regression 29)', () =>
    running(
      t,
      subject,
      async ({ pair }) => {
        const { sender, receiver, received } = await pair({ sender: { ...HELD, maxQueuedPackets: 40 } })
        receiver.on('message', () => {
          if (received.count % 7 === 0) receiver.resetStats()
          balanced(t, receiver)
        })
        let [sent, resets] = [0, 0]
        for (let round = 1; round <= 20; round++) {
          for (let i = 0; i < 10; i++) sender.send('x')
          if (round % 3 === 0) {
            sent += sender.stats().send.packetsSent
            const pending = sender.queuedPackets
            sender.resetStats()
            resets++
            const { send } = balanced(t, sender)
            t.equal([send.packetsQueued, send.packetsPending, send.packetsSent], [pending, pending, 0])
          }
          sender.flush()
          await received.have(round * 10)
          await until(() => sender.queuedPackets === 0, 'all have left')
          balanced(t, sender)
        }
        t.equal(sent + sender.stats().send.packetsSent, 200, `sent, over ${String(resets)} resets`)
        t.equal(sender.stats().send.packetsRefused, 0)
      },
      { outside: true },
    ),
  )
}

export const accountingContract: UdpContract = (t, subject) => {
  for (const part of [snapshots, refusals, losses, resets]) part(t, subject)
}
