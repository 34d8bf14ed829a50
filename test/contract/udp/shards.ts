import { cpus } from 'node:os'
import type { ShardOptions, UdpShardGroup, UdpSocket } from 'netvolley'
import { until } from '../../support/until'
import { receive } from './received'
import { type Running, running } from './running'
import type { UdpContract, UdpSubject } from './subject'

const SENDERS = 24
const EACH = 5

/** Audited and closed with the other sockets of the case. */
async function openShards(
  subject: UdpSubject,
  r: Running,
  options: Omit<ShardOptions, 'engine'>,
): Promise<UdpShardGroup> {
  const group = await subject.UdpSocket.openShards({ engine: r.engine, address: '127.0.0.1', ...options })
  for (const socket of group.sockets) r.track(socket)
  return group
}

async function senders({ open }: Running, group: UdpShardGroup): Promise<UdpSocket[]> {
  return Promise.all(Array.from({ length: SENDERS }, () => open({ remote: group.address() })))
}

const flows: UdpContract = (t, subject) => {
  t.test('[U38] flows spread over the shards; each stays at one, in its order (regression 27)', () =>
    running(t, subject, async (r) => {
      const group = await openShards(subject, r, { count: 3 })
      t.equal(new Set(group.sockets.map((socket) => socket.address().port)).size, 1, 'one port, chosen by the first')
      const received = group.sockets.map((socket) => receive(socket, 'message'))
      const all = await senders(r, group)
      for (let i = 0; i < EACH; i++) for (const socket of all) socket.send(String(i))
      await until(() => received.reduce((sum, { count }) => sum + count, 0) === SENDERS * EACH, 'all have arrived')
      const flows = received.map(({ ports }) => new Set(ports))
      t.equal(
        flows.reduce((sum, { size }) => sum + size, 0),
        SENDERS,
        'each flow is at one shard',
      )
      t.equal(flows.filter(({ size }) => size > 0).length, 3, 'every shard has some')
      for (const { ports, texts } of received) {
        for (const port of new Set(ports)) {
          t.equal(
            texts.filter((_, i) => ports[i] === port),
            ['0', '1', '2', '3', '4'],
          )
        }
      }
    }),
  )

  t.test('[U38, U47] statistics of the group are those of its sockets together', () =>
    running(t, subject, async (r) => {
      const group = await openShards(subject, r, { count: 2 })
      const received = group.sockets.map((socket) => receive(socket, 'batch'))
      for (const socket of await senders(r, group)) socket.send('x')
      await until(() => received[0].count + received[1].count === SENDERS, 'all have arrived')
      await until(() => group.stats().receive.packetsDelivered === SENDERS, 'all are counted')
      const { receive: sum, memory, sendCalls } = group.stats()
      const each = group.sockets.map((socket) => socket.stats())
      t.equal(sum.packetsReceived, SENDERS)
      t.equal(memory.slots, each[0].memory.slots + each[1].memory.slots)
      t.equal(sum.bytesReceived, SENDERS)
      t.equal(sendCalls.sendBatchHistogram.length, 8)
      t.equal(
        sum.receiveBatchHistogram,
        sum.receiveBatchHistogram.map((_, i) => sumAt(each, i)),
      )
    }),
  )

  t.test('[U38] steered by CPU, shards beyond the number of CPUs get nothing', () =>
    running(t, subject, async (r) => {
      const count = cpus().length + 2
      const group = await openShards(subject, r, { count, steering: 'cpu' })
      const received = group.sockets.map((socket) => receive(socket, 'batch'))
      for (const socket of await senders(r, group)) socket.send('x')
      await until(() => received.reduce((sum, one) => sum + one.count, 0) === SENDERS, 'all have arrived')
      t.equal(
        received.slice(cpus().length).map((one) => one.count),
        [0, 0],
      )
    }),
  )
}

const groups: UdpContract = (t, subject) => {
  t.test('[U38] closing the group closes all; its port is free again', () =>
    running(t, subject, async (r) => {
      const group = await openShards(subject, r, { count: 4, steering: 'none' })
      const { port } = group.address()
      t.equal(
        group.sockets.map(({ state }) => state),
        ['bound', 'bound', 'bound', 'bound'],
      )
      await group.close()
      t.equal(
        group.sockets.map(({ state }) => state),
        ['closed', 'closed', 'closed', 'closed'],
      )
      await r.open({ port })
      const other = await openShards(subject, r, { count: 2 })
      await other[Symbol.asyncDispose]()
      t.equal(other.sockets[1].state, 'closed')
    }),
  )

  t.test('[U38] what cannot be is refused, and nothing stays open', () =>
    running(t, subject, async (r) => {
      const open = (options: object): Promise<UdpShardGroup> => openShards(subject, r, { count: 2, ...options })
      const count = await t.rejects(open({ count: 0 }), 'ERR_NETVOLLEY_OPTION_INVALID')
      t.equal(count.message.includes('from 1 to 1024'), true, count.message)
      const steering = await t.rejects(open({ steering: 'random' }), 'ERR_NETVOLLEY_OPTION_INVALID')
      t.equal(steering.message.includes('"flow", "cpu", "none"'), true, steering.message)
      // Linux would give every datagram to the socket that was bound last.
      await t.rejects(open({ reuseAddress: true }), 'ERR_NETVOLLEY_OPTION_INVALID')
      await t.rejects(open({ reusePort: false }), 'ERR_NETVOLLEY_OPTION_INVALID')
      const holder = await r.open()
      await t.rejects(open({ port: holder.address().port }), 'EADDRINUSE')
    }),
  )
}

export const shardsContract: UdpContract = (t, subject) => {
  for (const part of [flows, groups]) part(t, subject)
}

const sumAt = (all: readonly ReturnType<UdpSocket['stats']>[], i: number): number =>
  all.reduce((sum, { receive: { receiveBatchHistogram } }) => sum + receiveBatchHistogram[i], 0)
