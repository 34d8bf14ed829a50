import type { ReceivedBatch, UdpSocket, UdpSocketOptions } from 'netvolley'
import { until } from '../../support/until'
import { pattern, thrown } from '../running'
import { type Running, running } from './running'
import type { UdpContract } from './subject'

const RELEASED = 'ERR_NETVOLLEY_LEASE_RELEASED'
const STALE = 'ERR_NETVOLLEY_BATCH_STALE'

interface Held {
  readonly sender: UdpSocket
  readonly receiver: UdpSocket
  readonly leases: ReceivedBatch[]
  /** Datagrams that have come. */
  seen: number
  retains: boolean
}

/** A receiver that retains each burst while `retains` is true. */
async function holding({ open }: Running, options: UdpSocketOptions = {}): Promise<Held> {
  const receiver = await open({ gro: false, slots: 64, largeSlots: 2, ...options })
  const sender = await open({ remote: receiver.address() })
  const held: Held = { sender, receiver, leases: [], seen: 0, retains: true }
  receiver.onBatch = (batch) => {
    held.seen += batch.datagrams
    if (held.retains) held.leases.push(batch.retain())
  }
  return held
}

/** One datagram after the other, each a burst of its own. */
async function each(held: Held, from: number, count: number): Promise<void> {
  for (let i = from; i < from + count; i++) {
    const target = held.seen + 1
    held.sender.send(pattern(100, i))
    await until(() => held.seen === target, `datagram ${String(i)}`)
  }
}

const holds = (lease: ReceivedBatch, i: number): boolean => lease.view(0).equals(pattern(100, i))

const keeping: UdpContract = (t, subject) => {
  t.test('[U6] a lease keeps its bytes while all other slots are used again and again', async () => {
    await running(t, subject, async (r) => {
      const held = await holding(r)
      await each(held, 0, 10)
      held.retains = false
      t.equal(held.receiver.stats().memory.leasesActive, 10)
      for (let burst = 0; burst < 10; burst++) {
        const target = held.seen + 60
        for (let i = 0; i < 60; i++) held.sender.send(pattern(100, 1000 + i))
        await until(() => held.seen === target, '60 more')
      }
      t.equal(held.leases.every(holds), true)
      t.equal(
        held.leases.map((lease) => [lease.first, lease.count, lease.datagrams, lease.bytes, lease.port[0]]),
        Array(10).fill([0, 1, 1, 100, held.sender.address().port]),
      )
      await until(() => held.receiver.stats().memory.slotsHeld === 10, 'ten are held')
      t.equal(held.receiver.stats().memory.leasesCopied, 0)
      for (const lease of held.leases) lease.release()
    })
  })

  t.test('[U6] leases are released in any order, twice or by dispose: each gives its slots back once', async () => {
    await running(t, subject, async (r) => {
      const held = await holding(r)
      await each(held, 0, 12)
      const order = [5, 0, 11, 3, 3, 10, 1]
      for (const i of order) held.leases[i].release()
      await until(() => held.receiver.stats().memory.slotsHeld === 6, 'six are held')
      t.equal(held.receiver.stats().memory.leasesActive, 6)
      for (const [i, lease] of held.leases.entries()) {
        if (!order.includes(i)) t.equal(holds(lease, i), true)
        lease[Symbol.dispose]()
      }
      t.equal(held.receiver.stats().memory.leasesActive, 0)
    })
  })

  t.test('[U6] retain() twice gives one lease, and that of a lease itself', async () => {
    await running(t, subject, async ({ pair }) => {
      const { sender, receiver } = await pair({ face: 'batch' })
      const leases: ReceivedBatch[] = []
      receiver.onBatch = (batch) => {
        leases.push(batch.retain(), batch.retain(), batch.retain().retain())
        batch.release()
        t.equal(batch.count, 1, 'release() of the burst itself does nothing')
      }
      sender.send('x')
      await until(() => leases.length === 3, 'received')
      t.equal([new Set(leases).size, receiver.stats().memory.leasesActive], [1, 1])
      t.equal(leases[0].view(0).toString(), 'x')
      leases[0].release()
      t.equal(thrown(() => leases[0].view(0)).code, RELEASED)
      t.equal(thrown(() => leases[0].retain()).code, RELEASED)
    })
  })
}

const copies: UdpContract = (t, subject) => {
  t.test('[U6] while more than half of the slots are held leases are copies: receiving goes on', async () => {
    await running(t, subject, async (r) => {
      const held = await holding(r, { slots: 32 })
      await each(held, 0, 100)
      const { memory, receive } = held.receiver.stats()
      t.equal([held.leases.length, receive.packetsDelivered], [100, 100])
      t.equal([memory.leasesCopied > 60, memory.slotsHeld <= 17], [true, true], JSON.stringify(memory))
      t.equal(held.leases.every(holds), true)
      t.equal(
        held.leases.every((lease) => lease.addressOf(0) === '127.0.0.1'),
        true,
      )
      for (const lease of held.leases) lease.release()
    })
  })

  t.test('[U6] a lease outlives its socket', async () => {
    await running(t, subject, async (r) => {
      const held = await holding(r)
      await each(held, 0, 5)
      await held.receiver.close()
      t.equal(held.leases.every(holds), true)
      for (const lease of held.leases) lease.release()
      t.equal(held.receiver.stats().memory.slotsHeld, 5, 'the figures of a closed socket stay')
    })
  })
}

const debugging: UdpContract = (t, subject) => {
  t.test('[U7] poison: a slot that was given back is filled with 0xDB, which a cached view shows', async () => {
    await running(t, subject, async (r) => {
      const held = await holding(r, { poison: true })
      await each(held, 0, 3)
      const views = held.leases.map((lease) => lease.view(0))
      held.leases[1].release()
      await until(() => views[1].every((byte) => byte === 0xdb), 'poisoned')
      t.equal([views[0].equals(pattern(100, 0)), views[2].equals(pattern(100, 2))], [true, true])
      held.leases[0].release()
      held.leases[2].release()
    })
  })

  t.test('[U7] debug: the columns of what is over throw; without debug they are merely stale', async () => {
    await running(t, subject, async (r) => {
      for (const poison of [true, false]) {
        const held = await holding(r, { poison })
        const bursts: ReceivedBatch[] = []
        held.receiver.onBatch = (batch) => {
          held.seen += batch.datagrams
          bursts.push(batch)
          held.leases.push(batch.retain())
        }
        await each(held, 0, 1)
        const [lease] = held.leases
        lease.release()
        t.equal(thrown(() => lease.offset).code, poison ? RELEASED : 'NOTHING_THROWN')
        t.equal(thrown(() => bursts[0].slab).code, poison ? STALE : 'NOTHING_THROWN')
        t.equal(thrown(() => lease.view(0)).code, RELEASED)
        t.equal(thrown(() => bursts[0].view(0)).code, STALE)
      }
    })
  })

  t.test('[U7] leaseWarnMs: a lease that is held longer is reported once', async () => {
    await running(t, subject, async (r) => {
      const held = await holding(r, { leaseWarnMs: 20 })
      const warnings: unknown[] = []
      held.receiver.on('leaseWarning', (warning) => warnings.push(warning))
      await each(held, 0, 2)
      held.leases[1].release()
      await until(() => warnings.length > 0, 'reported')
      held.leases[0].release()
      t.equal(warnings, [{ kind: 'held', entries: 1 }])
    })
  })
}

export const leasesContract: UdpContract = (t, subject) => {
  for (const part of [keeping, copies, debugging]) part(t, subject)
}
