import { frame } from '../support/tcp-client'
import { until } from '../support/until'
import type { Contract } from './contract'
import { U16, echo, pattern, running } from './running'

const sizes: Contract = (t, subject) => {
  t.test('[SV38] an empty datagram is a request without a body', () =>
    running(
      t,
      subject,
      {},
      (call) => Buffer.from(`${String(call.body.length)} bytes`),
      async ({ udp }) => {
        t.equal((await (await udp()).ask('')).toString(), '0 bytes')
      },
    ),
  )

  t.test('[SV38] datagrams of every size class come back byte for byte', () =>
    running(t, subject, {}, echo, async ({ udp }) => {
      const client = await udp()
      for (const bytes of [1, 1472, 2047, 2048, 2049, 16383, 16384, 16385, 65506, 65507]) {
        t.equal((await client.ask(pattern(bytes, bytes))).equals(pattern(bytes, bytes)), true, String(bytes))
      }
    }),
  )

  t.test('[SV39] a datagram above udpPayloadBytes is dropped and counted, and the next one is answered', () =>
    running(t, subject, { udpPayloadBytes: 100 }, echo, async ({ udp, stats }) => {
      const client = await udp()
      client.send(pattern(101))
      client.send(pattern(65507))
      t.equal((await client.ask(pattern(100))).equals(pattern(100)), true)
      t.equal(stats().udp.droppedTruncated, 2)
      t.equal(stats().requests.udp, 1)
    }),
  )
}

const framed: Contract = (t, subject) => {
  t.test("[SV39] with 'same' a datagram holds one frame: short ones are dropped, bytes behind it are ignored", () => {
    const framing = { ...U16, includesHeader: true }
    const answer = (call: { header: Buffer; body: Buffer }): Buffer =>
      Buffer.from(`${call.header.toString('hex')}:${call.body.toString()}`)
    const options = { framing, datagramFraming: 'same', maxBodyBytes: 50, frameReplies: false } as const
    return running(t, subject, options, answer, async ({ udp, stats }) => {
      const client = await udp()
      client.send(Buffer.from('00', 'hex')) // half a header
      client.send('')
      client.send(Buffer.from('000561', 'hex')) // announces 3 bytes of body, has 1
      client.send(Buffer.from('0001', 'hex')) // shorter than its own header
      client.send(Buffer.concat([Buffer.from('0035', 'hex'), pattern(51)])) // above the limit
      t.equal((await client.ask(Buffer.from('0005616263', 'hex'))).toString(), '0005:abc')
      t.equal((await client.ask(Buffer.from('0005616263646566', 'hex'))).toString(), '0005:abc')
      t.equal((await client.ask(Buffer.from('0002', 'hex'))).toString(), '0002:')
      t.equal((await client.ask(Buffer.concat([Buffer.from('0034', 'hex'), Buffer.alloc(50, 'x')]))).length, 55)
      const { udp: counted, frames, requests } = stats()
      t.equal(counted.datagramsIn, 9)
      t.equal(counted.droppedShort, 2)
      t.equal(counted.droppedTruncated, 1)
      t.equal(frames.rejected.badLength, 1)
      t.equal(frames.rejected.tooLarge, 1)
      t.equal(requests.udp, 4)
    })
  })
}

const senders: Contract = (t, subject) => {
  t.test('[SV38] a client that is gone stops no other', () =>
    running(t, subject, {}, echo, async ({ udp, stats }) => {
      const other = await udp()
      for (let i = 0; i < 20; i++) {
        const gone = await udp()
        gone.send('bye')
        gone.socket.disconnect()
        gone.socket.removeAllListeners('message')
      }
      const closed = await udp()
      closed.send('closed')
      closed.socket.close()
      await until(() => stats().requests.udp === 21, 'all were taken')
      for (let i = 0; i < 5; i++) t.equal((await other.ask(`ask ${String(i)}`)).toString(), `ask ${String(i)}`)
      closed.close = () => undefined
    }),
  )

  t.test('[SV1] one transport alone', async () => {
    await running(t, subject, { transports: { udp: false } }, echo, async ({ address, tcp }) => {
      t.equal(address.udp, undefined)
      const client = await tcp()
      client.send(frame(2, 'tcp'))
      t.equal((await client.receiveFrame(2)).toString(), 'tcp')
    })
    await running(t, subject, { transports: { tcp: false } }, echo, async ({ address, udp }) => {
      t.equal(address.tcp, undefined)
      t.equal((await (await udp()).ask('udp')).toString(), 'udp')
    })
  })
}

export const datagramsContract: Contract = (t, subject) => {
  for (const part of [sizes, framed, senders]) part(t, subject)
}
