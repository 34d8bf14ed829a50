import type { ReceivedBatch, UdpSocket } from 'netvolley'
import { until } from '../../support/until'
import { pattern, thrown } from '../running'
import { receive } from './received'
import { HELD, running } from './running'
import type { UdpContract } from './subject'

/** Calls `use` for each entry. */
function each(socket: UdpSocket, use: (batch: ReceivedBatch, i: number) => void): void {
  socket.onBatch = (batch) => {
    for (let i = batch.first; i < batch.end; i++) use(batch, i)
  }
}

const answering: UdpContract = (t, subject) => {
  t.test('[U10] reply() goes back to each sender', async () => {
    await running(t, subject, async ({ open }) => {
      const server = await open({ gro: false })
      each(server, (batch, i) => batch.reply(i, Buffer.concat([Buffer.from('re: '), batch.view(i)])))
      const clients = [await open(), await open(), await open()]
      const answers = clients.map((client) => receive(client, 'message'))
      for (let n = 0; n < 50; n++) {
        for (const [c, client] of clients.entries()) client.send(`${String(c)}.${String(n)}`, server.address())
      }
      for (const [c, one] of answers.entries()) {
        await one.have(50)
        t.equal(
          one.texts,
          Array.from({ length: 50 }, (_, n) => `re: ${String(c)}.${String(n)}`),
        )
        t.equal(new Set(one.ports), new Set([server.address().port]))
      }
    })
  })

  t.test(
    '[U10, U14] what came joined is answered also where it is more than the queue holds: a peer makes nothing throw',
    async () => {
      await running(t, subject, async ({ open }) => {
        const server = await open({ maxQueuedPackets: 3 })
        each(server, (batch, i) => {
          if (!batch.replyInPlace(i, batch.length[i])) t.equal(server.needDrain, true)
        })
        const client = await open({ remote: server.address() })
        const answers = receive(client, 'message')
        client.sendSegments(Buffer.alloc(40, 7), 4)
        await until(() => answers.count + server.stats().send.packetsRefused === 10, 'all are answered, or refused')
        t.equal(answers.count > 0, true)
      })
    },
  )
}

const inPlace: UdpContract = (t, subject) => {
  t.test('[U10] replyInPlace() sends the received slot: shorter, changed, and longer than what came', async () => {
    await running(t, subject, async ({ open }) => {
      const server = await open({ gro: false, poison: true, slots: 64, largeSlots: 8 })
      let asked = 0
      each(server, (batch, i) => {
        const { slab, offset, length } = batch
        asked++
        if (length[i] === 10) batch.replyInPlace(i, 4)
        else if (length[i] === 20) {
          slab.fill(0x61, offset[i], offset[i] + 2048)
          batch.replyInPlace(i, 2048)
        } else batch.replyInPlace(i, length[i])
      })
      const client = await open({ remote: server.address() })
      const answers = receive(client, 'message')
      // Large ones in slots of 64 KiB, nothing at all, and each slot many times over.
      const sizes = [10, 20, 300, 0, 2048, 2049, 30_000, 65_507]
      for (let round = 0; round < 20; round++) {
        const expected = sizes.map((size, i) => {
          const data = pattern(size, round * 10 + i)
          return size === 10 ? data.subarray(0, 4) : size === 20 ? Buffer.alloc(2048, 0x61) : data
        })
        for (const [i, size] of sizes.entries()) client.send(pattern(size, round * 10 + i))
        await answers.have((round + 1) * sizes.length)
        const came = answers.data.slice(round * sizes.length)
        t.equal(
          came.map((data, i) => data.equals(expected[i])),
          Array(sizes.length).fill(true),
          `round ${String(round)}`,
        )
      }
      const { sendCalls } = server.stats()
      t.equal([asked, sendCalls.zeroCopyReplies], [160, 160])
    })
  })
}

const holding: UdpContract = (t, subject) => {
  t.test('[U10] a slot is not used again before its answer has gone', async () => {
    await running(t, subject, async ({ open }) => {
      const server = await open({ ...HELD, gro: false, slots: 64, largeSlots: 2, maxQueuedPackets: 1000 })
      let asked = 0
      each(server, (batch, i) => {
        asked++
        t.equal(batch.replyInPlace(i, batch.length[i]), true)
      })
      const client = await open({ remote: server.address() })
      const answers = receive(client, 'message')
      for (let i = 0; i < 200; i++) client.send(pattern(500, i))
      // As many as there are slots are read; the kernel has the rest until some are sent.
      const flushing = setInterval(() => {
        server.flush()
      }, 2)
      await answers.have(200).finally(() => {
        clearInterval(flushing)
      })
      t.equal(asked, 200)
      t.equal(
        answers.data.every((data, i) => data.equals(pattern(500, i))),
        true,
      )
    })
  })

  t.test('[U10] a lease can be answered later, whether its bytes were copied or not', async () => {
    await running(t, subject, async ({ open }) => {
      const server = await open({ gro: false, slots: 16, largeSlots: 2 })
      const leases: ReceivedBatch[] = []
      let asked = 0
      server.onBatch = (batch) => {
        asked += batch.count
        leases.push(batch.retain())
      }
      const client = await open({ remote: server.address() })
      const answers = receive(client, 'message')
      for (let i = 0; i < 40; i++) {
        client.send(pattern(200, i))
        await until(() => asked === i + 1, 'asked')
      }
      t.equal(server.stats().memory.leasesCopied > 0 && server.stats().memory.leasesActive > 0, true)
      for (const [i, lease] of leases.entries()) {
        if (i % 2 === 0) t.equal(lease.replyInPlace(0, 200), true)
        else t.equal(lease.reply(0, lease.view(0)), true)
        lease.release()
      }
      await answers.have(40)
      t.equal(
        answers.data.every((data, i) => data.equals(pattern(200, i))),
        true,
      )
    })
  })
}

const rules: UdpContract = (t, subject) => {
  t.test('[U10] [U31] with packetInfo the answer comes from the address that was asked', async () => {
    await running(t, subject, async ({ open }) => {
      const server = await open({ address: '0.0.0.0', gro: false, packetInfo: true })
      const { port } = server.address()
      const asked: (string | null)[] = []
      each(server, (batch, i) => {
        asked.push(batch.localAddressOf(i))
        if (batch.length[i] === 1) batch.reply(i, Buffer.from('x'))
        else batch.replyInPlace(i, 2)
      })
      const client = await open()
      const answers = receive(client, 'message')
      const addresses = ['127.0.0.1', '127.0.0.2', '127.1.2.3', '127.0.0.2']
      for (const [i, address] of addresses.entries()) {
        client.send('ab'.slice(i % 2), { address, port })
        await answers.have(i + 1)
      }
      t.equal(asked, addresses)
      t.equal(
        answers.infos.map((info) => info.address),
        addresses,
      )
    })
  })

  t.test('[U10] a connected socket answers its peer', async () => {
    await running(t, subject, async ({ open }) => {
      const one = await open({ gro: false })
      const two = await open({ remote: one.address() })
      await one.connect(two.address())
      each(one, (batch, i) => {
        batch.reply(i, Buffer.from('copied'))
        batch.replyInPlace(i, 8)
      })
      const answers = receive(two, 'message')
      two.send('in place')
      await answers.have(2)
      t.equal(answers.texts, ['copied', 'in place'])
    })
  })

  t.test('[U10] [U14] a refused answer says false; a bad length throws; neither keeps the slot', async () => {
    await running(t, subject, async ({ open }) => {
      const server = await open({ ...HELD, gro: false, slots: 16, maxQueuedPackets: 2, reservedHighPackets: 0 })
      const taken: boolean[] = []
      const codes: unknown[] = []
      each(server, (batch, i) => {
        for (const length of [-1, 2049, NaN, 1.5]) codes.push(thrown(() => batch.replyInPlace(i, length)).code)
        codes.push(thrown(() => batch.reply(i, 'text' as never, { priority: -1 })).code)
        taken.push(batch.replyInPlace(i, 1), batch.reply(i, Buffer.from('y')), batch.replyInPlace(i, 1))
      })
      const client = await open({ remote: server.address() })
      const answers = receive(client, 'message')
      client.send('x')
      await until(() => taken.length === 3, 'asked')
      t.equal(taken, [true, true, false])
      t.equal(codes, [...Array<string>(4).fill('ERR_NETVOLLEY_OPTION_INVALID'), 'ERR_NETVOLLEY_PRIORITY_INVALID'])
      t.equal([server.needDrain, server.stats().send.packetsRefused], [true, 1])
      server.flush()
      await answers.have(2)
      t.equal(answers.texts, ['x', 'y'])
    })
  })
}

export const repliesContract: UdpContract = (t, subject) => {
  for (const part of [answering, inPlace, holding, rules]) part(t, subject)
}
