import type { UdpSocket } from 'netvolley'
import { until } from '../../support/until'
import { thrown } from '../running'
import { receive } from './received'
import { running } from './running'
import { type UdpContract, eachFace } from './subject'

const HELD = { flushTimeoutMs: 1000 }

/** Every event of a socket by name, as it comes. */
function eventsOf(socket: UdpSocket): string[] {
  const events: string[] = []
  for (const name of ['listening', 'connect', 'message', 'drain', 'error', 'close'] as const) {
    socket.on(name, () => events.push(name))
  }
  return events
}

const closing: UdpContract = (t, subject) => {
  t.test('[U48] close() right after queuing sends everything (regression 6)', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair({ sender: { ...HELD, maxQueuedPackets: 2000 } })
      const events = eventsOf(sender)
      const all = Array.from({ length: 1500 }, (_, i) => String(i))
      for (const text of all) sender.send(text)
      const closed = sender.close()
      t.equal(sender.close() === closed, true, 'the same promise')
      t.equal(sender.state, 'closing')
      t.equal(thrown(() => sender.send('x')).code, 'ERR_NETVOLLEY_SOCKET_CLOSED')
      await t.rejects(sender.sendAsync('x'), 'ERR_NETVOLLEY_SOCKET_CLOSED')
      t.equal(sender.sendBatch(sender.createSendBatch()), 0)
      await closed
      t.equal([sender.state, sender.stats().send.packetsSent], ['closed', 1500])
      t.equal((await received.have(1500)).texts, all)
      await until(() => events.length > 0, "'close' has come")
      t.equal(events, ['close'])
    }),
  )

  t.test('[U48] close() before the socket is bound, and before it was ever used', () =>
    running(t, subject, async ({ make, open }) => {
      const [unused, early] = [make(), make()]
      await unused.close()
      t.equal([unused.state, thrown(() => unused.address()).code], ['closed', 'ERR_NETVOLLEY_SOCKET_STATE'])
      await t.rejects(unused.bind(), 'ERR_NETVOLLEY_SOCKET_CLOSED')
      const receiver = await open()
      const received = receive(receiver, 'message')
      // It binds implicitly; what was queued still goes.
      early.send('early', receiver.address())
      await early.close()
      t.equal((await received.have(1)).texts, ['early'])
      const binding = make()
      const bound = t.rejects(binding.bind(), 'ERR_NETVOLLEY_SOCKET_CLOSED')
      binding.destroy()
      await bound
    }),
  )

  t.test('[U48] with closeTimeoutMs over, or its signal aborted, what is left is dropped', () =>
    running(t, subject, async ({ pair }) => {
      const { sender } = await pair({ sender: HELD })
      for (let i = 0; i < 10; i++) sender.send('x')
      await sender.close({ signal: AbortSignal.abort() })
      const { packetsQueued, packetsSent, packetsDropped } = sender.stats().send
      t.equal([packetsQueued, packetsSent + packetsDropped.closed], [10, 10])
      t.equal(sender.state, 'closed')
    }),
  )
}

const destroying: UdpContract = (t, subject) => {
  t.test("[U48] destroy() ends at once: 'error' if one is given and heard, 'close' once, nothing after", () =>
    running(
      t,
      subject,
      async ({ pair, open }) => {
        const { sender, receiver } = await pair({ sender: HELD })
        const events = eventsOf(receiver)
        sender.send('x')
        sender.flush()
        receiver.destroy(new Error('enough'))
        t.equal(receiver.state, 'closing')
        receiver.destroy()
        await receiver.close()
        await until(() => events.includes('close'), 'it is closed')
        t.equal(events, ['error', 'close'])
        const silent = await open()
        // Nobody listens to 'error': it must not end the process.
        silent.destroy(new Error('unheard'))
        await silent.close()
        sender.destroy()
      },
      { outside: true },
    ),
  )

  t.test('[U48] await using, and a signal of the options', () =>
    running(t, subject, async ({ open }) => {
      const socket = await open()
      await socket[Symbol.asyncDispose]()
      t.equal(socket.state, 'closed')
      const controller = new AbortController()
      const other = await open({ signal: controller.signal })
      const waits = t.rejects(other.sendAsync('x', { address: '127.255.255.255', port: 9 }), 'EACCES')
      await waits
      controller.abort()
      await until(() => other.state === 'closed', 'the signal ends it')
      const aborted = await subject.open({ signal: AbortSignal.abort() }).then(
        () => null,
        (error: Error) => error.name,
      )
      t.equal(aborted, 'AbortError')
    }),
  )
}

const inCallbacks: UdpContract = (t, subject) => {
  for (const end of ['close', 'destroy'] as const) {
    eachFace(t, `[U48] ${end}() inside the callback: that burst stays valid, and no other comes`, (face) =>
      running(
        t,
        subject,
        async ({ pair }) => {
          const { sender, receiver, received } = await pair({ face, receiver: { maxBatchEntries: 4, gro: false } })
          const onBatch = receiver.onBatch
          if (face === 'message') receiver.on('message', () => void receiver[end]())
          else {
            receiver.onBatch = (batch) => {
              void receiver[end]()
              onBatch?.(batch)
            }
          }
          for (let i = 0; i < 100; i++) sender.send(String(i).padStart(3, '0'))
          await until(() => receiver.state === 'closed', 'it is closed')
          t.equal(received.count >= 1 && received.count <= 4, true, `${String(received.count)} came`)
          t.equal(
            received.texts,
            received.texts.map((_, i) => String(i).padStart(3, '0')),
          )
        },
        { outside: true },
      ),
    )
  }

  t.test('[U48] a port is free again after close(): sockets one after the other use it (regression 21)', () =>
    running(t, subject, async ({ open, track }) => {
      const sender = await open()
      let port = 0
      for (let i = 0; i < 30; i++) {
        const socket = track(await subject.open({ port, slots: 64, largeSlots: 1 }))
        port = socket.address().port
        const received = receive(socket, 'message')
        sender.send(String(i), socket.address())
        t.equal((await received.have(1)).texts, [String(i)])
        await socket.close()
      }
    }),
  )

  eachFace(t, '[U49] paused it reads nothing, and the kernel keeps what comes; resumed it gets it all', (face) =>
    running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair({ face })
      const witness = await pair()
      sender.send('before')
      await received.have(1)
      receiver.pause()
      for (let i = 0; i < 100; i++) sender.send('while paused')
      await until(() => sender.stats().send.packetsSent === 101, 'all have left')
      // Another socket of the engine is served meanwhile: it is not merely late.
      for (let i = 1; i <= 3; i++) {
        witness.sender.send('x')
        await witness.received.have(i)
      }
      t.equal([received.count, receiver.explain().receiving.paused], [1, true])
      receiver.resume()
      await received.have(101)
      t.equal(receiver.explain().receiving.paused, false)
    }),
  )
}

const pausing: UdpContract = (t, subject) => {
  t.test("[U49] pause() inside 'message': the rest of the burst waits for resume()", () =>
    running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair()
      receiver.on('message', () => {
        if (received.count === 3) receiver.pause()
      })
      for (let i = 0; i < 50; i++) sender.send(String(i))
      await until(() => sender.stats().send.packetsSent === 50 && received.count === 3, 'the third has paused it')
      t.equal(received.count, 3)
      receiver.resume()
      t.equal(
        (await received.have(50)).texts,
        Array.from({ length: 50 }, (_, i) => String(i)),
      )
    }),
  )

  t.test('[U49] ref() and unref() change nothing but what keeps the process alive', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair()
      t.equal([receiver.unref() === receiver, sender.unref() === sender], [true, true])
      sender.send('unref')
      await received.have(1)
      t.equal(receiver.ref() === receiver, true)
      sender.send('ref')
      t.equal((await received.have(2)).texts, ['unref', 'ref'])
    }),
  )

  t.test('[U50] messages() ends with the socket, reads no more than maxBuffered ahead, and obeys its signal', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, receiver } = await pair({ receiver: { maxBatchEntries: 4 } })
      receiver.removeAllListeners('message')
      const texts: string[] = []
      const loop = (async () => {
        for await (const { data, info } of receiver.messages({ maxBuffered: 8 })) {
          texts.push(`${data.toString()} ${String(info.size)}`)
          if (texts.length === 200) break
        }
      })()
      for (let i = 0; i < 200; i++) sender.send(String(i).padStart(3, '0'))
      await loop
      t.equal(
        texts,
        Array.from({ length: 200 }, (_, i) => `${String(i).padStart(3, '0')} 3`),
      )
      const controller = new AbortController()
      const next = receiver.messages({ signal: controller.signal }).next()
      controller.abort()
      t.equal(await next.catch((error: Error) => error.name), 'AbortError')
      const stream = receiver.messages()
      const pending = stream.next()
      await receiver.close()
      t.equal((await pending).done, true)
    }),
  )
}

export const lifecycleContract: UdpContract = (t, subject) => {
  for (const part of [closing, destroying, inCallbacks, pausing]) part(t, subject)
}
