import { createSocket } from 'node:dgram'
import type { UdpSocket } from 'netvolley'
import { until } from '../../support/until'
import { pattern } from '../running'
import { receive } from './received'
import { running } from './running'
import { type UdpContract, eachFace } from './subject'

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `message ${String(i)}`)

const payloads: UdpContract = (t, subject) => {
  eachFace(t, '[U4] [U5] what is sent arrives whole and in order', async (face) => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ face })
      const data = Array.from({ length: 500 }, (_, i) => pattern(i * 3, i))
      for (const one of data) t.equal(sender.send(one), true)
      await received.have(500)
      t.equal(
        received.data.every((one, i) => one.equals(data[i])),
        true,
      )
    })
  })

  eachFace(
    t,
    '[U44] an empty datagram is one: first, in the middle and last of a burst (regression 8)',
    async (face) => {
      await running(t, subject, async ({ pair }) => {
        const { sender, receiver, received } = await pair({ face })
        const texts = ['', 'a', '', '', 'bb', 'cc', 'dd', 'ee', '', 'ff', '']
        for (const text of texts) t.equal(sender.send(text), true)
        await received.have(texts.length)
        t.equal(received.texts, texts)
        t.equal([sender.stats().send.packetsSent, receiver.stats().receive.packetsDelivered], [11, 11])
        sender.send('')
        await received.have(12)
      })
    },
  )

  eachFace(t, '[U4] [U20] every size arrives, around those of the slots too', async (face) => {
    await running(t, subject, async ({ pair }) => {
      for (const gro of ['auto', false] as const) {
        const { sender, received } = await pair({ face, receiver: { gro } })
        const sizes = [0, 1, 2047, 2048, 2049, 4096, 65506, 65507]
        for (const [i, size] of sizes.entries()) {
          sender.send(pattern(size, i))
          await received.have(i + 1)
          t.equal(received.data[i].equals(pattern(size, i)), true, `${String(size)} bytes`)
        }
      }
    })
  })

  eachFace(t, '[U4] a lone datagram is delivered without a second one (regression 9)', async (face) => {
    await running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ face })
      for (let i = 1; i <= 20; i++) {
        sender.send(String(i))
        await received.have(i)
      }
    })
  })
}

const infos: UdpContract = (t, subject) => {
  t.test("[U4] the info of a message is node:dgram's rinfo; its peer can be sent to", async () => {
    await running(
      t,
      subject,
      async ({ open }) => {
        const socket = await open()
        const received = receive(socket, 'message')
        const plain = createSocket('udp4')
        const answers: string[] = []
        plain.on('message', (data) => answers.push(data.toString()))
        await new Promise<void>((resolve) => plain.bind(0, '127.0.0.1', resolve))
        plain.send('question', socket.address().port, '127.0.0.1')
        await received.have(1)
        const { peer, ...info } = received.infos[0]
        t.equal(info, { ...plain.address(), size: 8 })
        t.equal(socket.send('answer 1', peer), true)
        t.equal(socket.send('answer 2', info), true)
        await until(() => answers.length === 2, 'two answers')
        plain.close()
        t.equal(answers, ['answer 1', 'answer 2'])
      },
      { outside: true },
    )
  })

  t.test(
    '[U4] a message is its own: what comes later does not change it, nor does it keep the slab (regression 23)',
    async () => {
      await running(t, subject, async ({ pair }) => {
        const { sender, received } = await pair({ receiver: { slots: 64, largeSlots: 8 } })
        for (let burst = 0; burst < 20; burst++) {
          for (let i = 0; i < 50; i++) sender.send(pattern(40, burst * 50 + i))
          await received.have((burst + 1) * 50)
        }
        for (const [i, data] of received.data.entries())
          t.equal(data.equals(pattern(40, i)), true, `message ${String(i)}`)
        const memory = new Set(received.data.map(({ buffer }) => buffer))
        t.equal(
          [...memory].every((one) => one instanceof ArrayBuffer || !(one instanceof SharedArrayBuffer)),
          true,
        )
        t.equal(Math.max(...[...memory].map(({ byteLength }) => byteLength)) <= 65536, true)
      })
    },
  )
}

const readers: UdpContract = (t, subject) => {
  eachFace(t, '[U4] nothing is read before somebody receives: no reader takes it away (regression 7)', async (face) => {
    await running(t, subject, async ({ open }) => {
      const receiver = await open()
      const sender = await open({ remote: receiver.address() })
      for (const text of numbered(100)) sender.send(text)
      await until(() => sender.stats().send.packetsSent === 100, 'sent')
      // A turn of everybody: what would be read by now is read.
      await new Promise((resolve) => setTimeout(resolve, 5))
      t.equal([receiver.stats().receive.packetsReceived, receiver.stats().receive.kernelDrops], [0, 0])
      t.equal((await receive(receiver, face).have(100)).texts, numbered(100))
    })
  })

  eachFace(t, '[U4] [U13] what is sent within the callback is not lost (regression 12)', async (face) => {
    await running(t, subject, async ({ open }) => {
      const [one, two] = [await open(), await open()]
      const bounce = (socket: UdpSocket, to: UdpSocket): { hops: number } => {
        const seen = { hops: 0 }
        const onward = (): void => {
          if (seen.hops++ < 100) socket.send('x', to.address())
        }
        if (face === 'message') socket.on('message', onward)
        else socket.onBatch = onward
        return seen
      }
      const [first, second] = [bounce(one, two), bounce(two, one)]
      one.send('x', two.address())
      await until(() => first.hops + second.hops === 201, '201 hops')
      t.equal([first.hops, second.hops], [100, 101])
    })
  })
}

export const messagesContract: UdpContract = (t, subject) => {
  for (const part of [payloads, infos, readers]) part(t, subject)
}
