import { until } from '../../support/until'
import { receive } from './received'
import { HELD, running } from './running'
import type { UdpContract } from './subject'

const CLOSED = 'ERR_NETVOLLEY_SOCKET_CLOSED'

const reasonOf = (code: string): Error => Object.assign(new Error(code), { code })

const outcomes: UdpContract = (t, subject) => {
  t.test('[U11] it resolves when the kernel has taken the datagram', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair()
      await sender.sendAsync('one')
      t.equal(sender.stats().send.packetsSent, 1)
      await Promise.all(Array.from({ length: 100 }, () => sender.sendAsync('more')))
      t.equal([sender.stats().send.packetsSent, sender.queuedPackets], [101, 0])
      await received.have(101)
    })
  })

  t.test('[U11] it rejects with the error of the system, and so is nobody else told', async () => {
    await running(
      t,
      subject,
      async ({ open }) => {
        const socket = await open()
        const told: unknown[] = []
        socket.on('datagramError', (error) => told.push(error))
        // Broadcast was not enabled.
        const to = { address: '127.255.255.255', port: 9 }
        const error = await t.rejects(socket.sendAsync('x', to), 'EACCES')
        const { syscall, address, port } = error as NodeJS.ErrnoException & typeof to
        t.equal({ syscall, address, port }, { syscall: 'send', ...to })
        await socket.sendAsync('x', socket.address())
        t.equal(told, [])
        const { packetsSent, packetsFailed } = socket.stats().send
        t.equal([packetsSent, packetsFailed, socket.stats().errors.errorsByCode], [1, 1, { EACCES: 1 }])
      },
      { outside: true },
    )
  })

  t.test('[U11] the caller may use its buffer again at once, also while it waits for room', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { ...HELD, maxQueuedPackets: 2 } })
      const data = Buffer.alloc(1)
      const promises = ['a', 'b', 'c', 'd', 'e'].map((text) => {
        data.write(text)
        return sender.sendAsync(data)
      })
      data.fill(0)
      t.equal([sender.queuedPackets, sender.explain().sending.waiting], [2, 3])
      const flushing = setInterval(() => {
        sender.flush()
      }, 1)
      await Promise.all(promises).finally(() => {
        clearInterval(flushing)
      })
      await received.have(5)
      t.equal(received.texts.join(''), 'abcde')
    })
  })
}

const waiting: UdpContract = (t, subject) => {
  t.test('[U11] when the queue is full it waits for room, first come, first served', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { maxQueuedPackets: 10 } })
      const done: number[] = []
      await Promise.all(
        Array.from({ length: 300 }, (_, i) => sender.sendAsync(String(i)).then(() => void done.push(i))),
      )
      await received.have(300)
      const order = Array.from({ length: 300 }, (_, i) => i)
      t.equal([done, received.texts.map(Number)], [order, order])
    })
  })

  t.test('[U11] more than maxSendWaiters that wait are refused', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { ...HELD, maxQueuedPackets: 2, maxSendWaiters: 3 } })
      const promises = Array.from({ length: 5 }, (_, i) => sender.sendAsync(String(i)))
      await t.rejects(sender.sendAsync('too many'), 'ERR_NETVOLLEY_QUEUE_FULL')
      const flushing = setInterval(() => {
        sender.flush()
      }, 1)
      await Promise.all(promises).finally(() => {
        clearInterval(flushing)
      })
      await received.have(5)
      await Promise.all([sender.sendAsync('5'), Promise.resolve(sender.flush())])
      await received.have(6)
      t.equal(received.texts.join(''), '012345')
    })
  })

  t.test('[U11] [U66] bad arguments reject, and nothing is queued', async () => {
    await running(t, subject, async ({ open }) => {
      const socket = await open()
      const to = socket.address()
      await t.rejects(socket.sendAsync('x', { address: 'localhost', port: 9 }), 'ERR_NETVOLLEY_ADDRESS_INVALID')
      await t.rejects(socket.sendAsync('x', { address: '127.0.0.1', port: 0 }), 'ERR_NETVOLLEY_PORT_INVALID')
      await t.rejects(socket.sendAsync('x', to, { priority: -1 }), 'ERR_NETVOLLEY_PRIORITY_INVALID')
      await t.rejects(socket.sendAsync(Buffer.alloc(65508), to), 'ERR_NETVOLLEY_MESSAGE_TOO_LARGE')
      await t.rejects(socket.sendAsync(1 as never, to), 'ERR_NETVOLLEY_OPTION_INVALID')
      await t.rejects(socket.sendAsync('x', to, { signal: 1 as never }), 'ERR_NETVOLLEY_OPTION_INVALID')
      t.equal(socket.stats().send.packetsQueued, 0)
    })
  })
}

const aborting: UdpContract = (t, subject) => {
  t.test('[U11] abort while it waits for room, while it is queued, before, and after', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { ...HELD, maxQueuedPackets: 3 } })
      const send = (text: string, signal: AbortSignal): Promise<void> => sender.sendAsync(text, undefined, { signal })
      await t.rejects(send('before', AbortSignal.abort(reasonOf('EARLY'))), 'EARLY')
      const [queued, waits, late] = [new AbortController(), new AbortController(), new AbortController()]
      const promises = [send('0', late.signal), send('aborted', queued.signal), send('1', late.signal)]
      const waiter = send('aborted too', waits.signal)
      const last = send('2', late.signal)
      waits.abort(reasonOf('WAITED'))
      await t.rejects(waiter, 'WAITED')
      queued.abort(reasonOf('QUEUED'))
      await t.rejects(promises[1], 'QUEUED')
      const { packetsQueued, packetsDropped } = sender.stats().send
      t.equal([packetsQueued >= 3, packetsDropped.aborted], [true, 1])
      const flushing = setInterval(() => {
        sender.flush()
      }, 1)
      await Promise.all([promises[0], promises[2], last]).finally(() => {
        clearInterval(flushing)
      })
      late.abort(reasonOf('LATE'))
      await received.have(3)
      t.equal(received.texts.join(''), '012')
      t.equal(sender.stats().send.packetsDropped, { expired: 0, evicted: 0, aborted: 1, closed: 0 })
    })
  })

  t.test(
    '[U11] [U48] close() sends what is queued, and refuses what waits for room; destroy() drops both',
    async () => {
      await running(t, subject, async ({ open }) => {
        const receiver = await open()
        const received = receive(receiver, 'message')
        for (const how of ['close', 'destroy'] as const) {
          const sender = await open({ remote: receiver.address(), ...HELD, maxQueuedPackets: 2 })
          const promises = ['a', 'b', 'waits'].map((text) => sender.sendAsync(text))
          const outcome = Promise.allSettled(promises)
          if (how === 'close') await sender.close()
          else sender.destroy()
          const codes = (await outcome).map((one) =>
            one.status === 'fulfilled' ? 'sent' : (one.reason as NodeJS.ErrnoException).code,
          )
          t.equal(codes, how === 'close' ? ['sent', 'sent', CLOSED] : [CLOSED, CLOSED, CLOSED])
          await until(() => sender.state === 'closed', 'closed')
          const { packetsSent, packetsDropped } = sender.stats().send
          t.equal([packetsSent, packetsDropped.closed], how === 'close' ? [2, 0] : [0, 2])
          await t.rejects(sender.sendAsync('late'), CLOSED)
        }
        await received.have(2)
      })
    },
  )
}

export const sendAsyncContract: UdpContract = (t, subject) => {
  for (const part of [outcomes, waiting, aborting]) part(t, subject)
}
