import type { UdpSocket } from 'netvolley'
import { until } from '../../support/until'
import { pattern } from '../running'
import { receive } from './received'
import { HELD, running } from './running'
import type { UdpContract } from './subject'

/** Sends until it is refused. @returns how many were taken */
function fill(sender: UdpSocket, data: Buffer, most = 100_000): number {
  for (let i = 0; i < most; i++) if (!sender.send(data)) return i
  return most
}

function countDrains(socket: UdpSocket): { count: number } {
  const drains = { count: 0 }
  socket.on('drain', () => {
    drains.count++
    if (socket.needDrain) throw new Error("needDrain in 'drain'")
  })
  return drains
}

const limits: UdpContract = (t, subject) => {
  t.test("[U3] [U14] send() says false when maxQueuedPackets are pending, and 'drain' comes once, later", async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { ...HELD, maxQueuedPackets: 50 } })
      const drains = countDrains(sender)
      t.equal([fill(sender, pattern(10)), sender.needDrain, sender.queuedPackets], [50, true, 50])
      // A refused one is not kept; another refusal does not call for another drain.
      t.equal([sender.send(pattern(10)), sender.send(pattern(10))], [false, false])
      t.equal(sender.stats().send.packetsRefused, 3)
      sender.flush()
      t.equal(drains.count, 0, 'never within a call')
      await until(() => drains.count > 0, 'drained')
      t.equal(sender.needDrain, false)
      await received.have(50)
      t.equal(fill(sender, pattern(10)), 50)
      sender.flush()
      await until(() => drains.count > 1, 'drained again')
      await received.have(100)
      const { packetsRefused, packetsSent } = sender.stats().send
      t.equal([drains.count, sender.stats().sendCalls.drains, packetsRefused, packetsSent], [2, 2, 4, 100])
    })
  })

  t.test('[U14] maxQueuedBytes is a limit of its own', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { ...HELD, maxQueuedBytes: 65536 } })
      const drains = countDrains(sender)
      t.equal([fill(sender, pattern(1000)), sender.queuedPackets, sender.queuedBytes], [65, 65, 65000])
      t.equal([sender.send(pattern(537)), sender.send(pattern(536)), sender.send('')], [false, true, true])
      t.equal(sender.queuedBytes, 65536)
      sender.flush()
      await until(() => drains.count === 1, 'drained')
      await received.have(67)
      t.equal([sender.queuedPackets, sender.queuedBytes], [0, 0])
    })
  })

  t.test("[U3] no 'drain' without a refusal", async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { maxQueuedPackets: 100 } })
      const drains = countDrains(sender)
      for (let burst = 1; burst <= 5; burst++) {
        for (let i = 0; i < 100; i++) t.equal(sender.send('x'), true)
        await received.have(burst * 100)
        await until(() => sender.queuedPackets === 0, 'sent')
      }
      t.equal([drains.count, sender.stats().send.packetsRefused], [0, 0])
    })
  })
}

const ratio: UdpContract = (t, subject) => {
  t.test("[U3] [U62] 'drain' waits until both are down to drainRatio of their limits", async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { ...HELD, maxQueuedPackets: 40, drainRatio: 0 } })
      const pending: number[] = []
      sender.on('drain', () => pending.push(sender.queuedPackets))
      t.equal(fill(sender, pattern(10)), 40)
      sender.flush()
      await until(() => pending.length === 1, 'drained')
      t.equal(pending, [0])
      // Above its limit by now: refused at once, and all 40 must leave before there is room for one of 20.
      t.equal(fill(sender, pattern(10)), 40)
      sender.setOptions({ maxQueuedPackets: 20, drainRatio: 1 })
      t.equal(sender.send('x'), false)
      sender.flush()
      await until(() => pending.length === 2, 'drained again')
      t.equal(pending[1] <= 20, true)
      await received.have(80)
    })
  })
}

const flows: UdpContract = (t, subject) => {
  t.test("[U3] what is sent within 'drain' is not lost, and nothing is sent twice (regression 12)", async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ face: 'batch', sender: { maxQueuedPackets: 30, gso: false } })
      let next = 0
      const more = (): void => {
        while (next < 3000 && sender.send(String(next))) next++
      }
      sender.on('drain', more)
      more()
      t.equal(next < 3000, true)
      await received.have(3000)
      t.equal(
        received.texts,
        Array.from({ length: 3000 }, (_, i) => String(i)),
      )
      const { packetsQueued, packetsSent, packetsRefused } = sender.stats().send
      t.equal([packetsQueued, packetsSent, packetsRefused], [3000, 3000, sender.stats().sendCalls.drains])
    })
  })

  t.test('[U3] [U46] a sender that never waits loses nothing that was taken (regression 3)', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, receiver } = await pair({
        face: 'batch',
        sender: { maxQueuedPackets: 200 },
        receiver: { gro: false, receiveBufferBytes: 65536 },
      })
      let refused = 0
      let taken = 0
      for (let job = 0; job < 50; job++) {
        for (let i = 0; i < 300; i++) {
          if (sender.send(pattern(100, i))) taken++
          else refused++
        }
        await new Promise((resolve) => setImmediate(resolve))
      }
      await until(() => sender.queuedPackets === 0, 'all have left')
      const { packetsQueued, packetsSent, packetsRefused } = sender.stats().send
      t.equal([packetsQueued, packetsSent, packetsRefused], [taken, taken, refused])
      // Where the receiver was too slow the kernel says how many it has dropped: running() compares.
      t.equal(receiver.stats().receive.packetsReceived > 0, true)
    })
  })

  t.test('[U3] [U11] sendAsync() calls that wait come before the user is told to send on', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { ...HELD, maxQueuedPackets: 4 } })
      const order: string[] = []
      sender.on('drain', () => order.push('drain'))
      t.equal(fill(sender, Buffer.from('a')), 4)
      const waiting = sender.sendAsync('b').then(() => order.push('sent'))
      sender.flush()
      await until(() => order.includes('drain'), 'drained')
      t.equal(sender.explain().sending.waiting, 0)
      sender.flush()
      await waiting
      await received.have(5)
      t.equal(received.texts.join(''), 'aaaab')
    })
  })
}

const ending: UdpContract = (t, subject) => {
  t.test("[U3] [U48] no 'drain' from close() on", async () => {
    await running(t, subject, async ({ open }) => {
      const receiver = await open()
      const received = receive(receiver, 'message')
      const sender = await open({ remote: receiver.address(), ...HELD, maxQueuedPackets: 10 })
      const drains = countDrains(sender)
      t.equal(fill(sender, pattern(10)), 10)
      await sender.close()
      await received.have(10)
      t.equal([drains.count, sender.stats().sendCalls.drains], [0, 0])
    })
  })
}

export const backpressureContract: UdpContract = (t, subject) => {
  for (const part of [limits, ratio, flows, ending]) part(t, subject)
}
