import type { RequestServerOptions } from 'netvolley'
import { frame } from '../support/tcp-client'
import { until } from '../support/until'
import type { Contract } from './contract'
import { U16, U32, deferred, echo, pattern, running } from './running'

interface Cut {
  readonly name: string
  readonly framing: RequestServerOptions['framing']
  readonly frameReplies: boolean
  /** One frame of this framing. */
  readonly encode: (body: Buffer) => Buffer
}

const CUTS: readonly Cut[] = [
  { name: 'u16 big', framing: U16, frameReplies: true, encode: (body) => frame(2, body) },
  {
    name: 'u32 little behind 2 bytes, header included',
    framing: { kind: 'lengthPrefixed', bytes: 4, endian: 'little', offset: 2, includesHeader: true },
    frameReplies: false,
    encode: (body) => {
      const header = Buffer.from('cafe00000000', 'hex')
      header.writeUInt32LE(body.length + 6, 2)
      return Buffer.concat([header, body])
    },
  },
  {
    name: 'u16 little, adjust -3',
    framing: { kind: 'lengthPrefixed', bytes: 2, endian: 'little', adjust: -3 },
    frameReplies: false,
    encode: (body) => {
      const header = Buffer.alloc(2)
      header.writeUInt16LE(body.length + 3)
      return Buffer.concat([header, body])
    },
  },
]

const transports: Contract = (t, subject) => {
  t.test('[SV1] answers over TCP and UDP on one port, and frames only TCP', () =>
    running(t, subject, {}, echo, async ({ address, tcp, udp }) => {
      t.equal(address.tcp?.port, address.udp?.port)
      const client = await tcp()
      client.send(frame(2, 'over tcp'))
      t.equal((await client.receiveFrame(2)).toString(), 'over tcp')
      t.equal((await (await udp()).ask('over udp')).toString(), 'over udp')
    }),
  )

  t.test('[SV6] the header is what stands before the body on TCP, and empty for a whole datagram', () =>
    running(
      t,
      subject,
      {},
      (call) => Buffer.from(`${call.transport} ${call.header.toString('hex')}`),
      async ({ tcp, udp }) => {
        const client = await tcp()
        client.send(frame(2, 'abc'))
        t.equal((await client.receiveFrame(2)).toString(), 'tcp 0003')
        t.equal((await (await udp()).ask('abc')).toString(), 'udp ')
      },
    ),
  )
}

const cutting: Contract = (t, subject) => {
  for (const { name, framing, frameReplies, encode } of CUTS) {
    t.test(`[SV6] frames split at every byte come out whole: ${name}`, () => {
      const answer = ({ header, body }: { header: Buffer; body: Buffer }): Buffer[] =>
        frameReplies ? [body] : [header, body]
      return running(t, subject, { framing, frameReplies }, answer, async ({ tcp, stats }) => {
        const client = await tcp()
        const bytes = Buffer.concat([encode(Buffer.from('first')), encode(Buffer.alloc(0)), encode(Buffer.from('xyz'))])
        let sent = 0
        for (let cut = 1; cut < bytes.length; cut++) {
          client.send(bytes.subarray(0, cut))
          await until(() => stats().bytes.in === sent + cut, `the first ${String(cut)} bytes were read alone`)
          client.send(bytes.subarray(cut))
          t.equal((await client.receive(bytes.length)).toString('hex'), bytes.toString('hex'), `cut at ${String(cut)}`)
          sent += bytes.length
        }
      })
    })
  }

  t.test('[SV6] a hundred frames in one segment, and one in a hundred segments', () =>
    running(t, subject, {}, echo, async ({ tcp, stats }) => {
      const client = await tcp()
      const many = Buffer.concat(Array.from({ length: 100 }, (_, i) => frame(2, `frame ${String(i)}`)))
      client.send(many)
      t.equal((await client.receive(many.length)).equals(many), true)
      const one = frame(2, pattern(98))
      for (let at = 0; at < one.length; at++) {
        client.send(one.subarray(at, at + 1))
        await until(() => stats().bytes.in === many.length + at + 1, `byte ${String(at)} was read alone`)
      }
      t.equal((await client.receive(one.length)).equals(one), true)
    }),
  )

  t.test('[SV6] a frame without a body is delivered', () =>
    running(
      t,
      subject,
      { framing: U32 },
      (call) => Buffer.from(`${String(call.header.length)}+${String(call.body.length)}`),
      async ({ tcp, stats }) => {
        const client = await tcp()
        client.send(Buffer.concat([frame(4, ''), frame(4, '')]))
        t.equal((await client.receiveFrame(4)).toString(), '4+0')
        t.equal((await client.receiveFrame(4)).toString(), '4+0')
        t.equal(stats().frames.ok, 2)
      },
    ),
  )
}

const pipelining: Contract = (t, subject) => {
  t.test('[SV14] pipelined requests are answered in order, whichever finishes first', () => {
    const open: (() => void)[] = []
    const all = deferred<void>()
    const answer = (call: { body: Buffer }): Promise<Buffer> => {
      const reply = Buffer.from(call.body)
      const mine = deferred<Buffer>()
      open.push(() => {
        mine.resolve(reply)
      })
      if (open.length === 48) all.resolve()
      return mine.promise
    }
    return running(t, subject, {}, answer, async ({ tcp }) => {
      const client = await tcp()
      const bytes = Buffer.concat(Array.from({ length: 48 }, (_, i) => frame(2, pattern(i * 37, i))))
      client.send(bytes)
      await all.promise
      // 29 and 48 have no common factor: every one once, neighbours far apart, each in a turn of its own.
      for (let i = 0; i < 48; i++) {
        open[(i * 29 + 7) % 48]()
        await new Promise((resolve) => setImmediate(resolve))
      }
      t.equal((await client.receive(bytes.length)).equals(bytes), true)
    })
  })

  t.test('[SV14] requests above maxInFlightPerConnection wait and are answered in order', () => {
    let inFlight = 0
    let peak = 0
    const answer = async (call: { body: Buffer }): Promise<Buffer> => {
      const reply = Buffer.from(call.body)
      peak = Math.max(peak, ++inFlight)
      await new Promise((resolve) => setImmediate(resolve))
      inFlight--
      return reply
    }
    return running(t, subject, { maxInFlightPerConnection: 4 }, answer, async ({ tcp }) => {
      const client = await tcp()
      const bytes = Buffer.concat(Array.from({ length: 200 }, (_, i) => frame(2, `${String(i)}`)))
      client.send(bytes)
      t.equal((await client.receive(bytes.length)).toString(), bytes.toString())
      t.equal(peak, 4)
    })
  })
}

export const echoContract: Contract = (t, subject) => {
  for (const part of [transports, cutting, pipelining]) part(t, subject)
}
