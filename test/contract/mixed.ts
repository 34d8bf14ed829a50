import { SEED } from '../support/seed'
import { smallRandom } from '../support/small-random'
import { frame } from '../support/tcp-client'
import type { Answer, Contract } from './contract'
import { running } from './running'

const CLIENTS = 16
const REQUESTS = 10_000

/** A request or reply of one client: a head that names it, then its own byte all the way. */
function message(client: number, number: number, bytes: number): Buffer {
  const data = Buffer.alloc(6 + bytes, client + 1)
  data.writeUInt16BE(client, 0)
  data.writeUInt32BE(number, 2)
  return data
}

export const mixedContract: Contract = (t, subject) => {
  t.test(`[SV38] 10,000 mixed requests: no reply holds a byte of another client's (seed ${String(SEED)})`, () => {
    const random = smallRandom(SEED)
    // Replies of every kind, longer and shorter than their requests, some later than those behind them.
    const answer: Answer = (call) => {
      const kind = Math.floor(random() * 6)
      const { body } = call
      if (kind === 0) {
        call.replyInPlace(call.header.length, body.length)
        return undefined
      } else if (kind === 1)
        return [body.subarray(0, 6), body.subarray(6), Buffer.alloc(Math.floor(random() * 900), body[6])]
      else if (kind === 2) return body.subarray(0, 6 + Math.floor(random() * (body.length - 6)))
      else if (kind === 3) {
        const own = Buffer.from(body)
        return new Promise((resolve) => setImmediate(resolve)).then(() => own)
      } else return body
    }
    return running(t, subject, {}, answer, async ({ tcp, udp, stats }) => {
      let asked = 0
      let checked = 0
      const check = (client: number, number: number, reply: Buffer): void => {
        const right =
          reply.readUInt16BE(0) === client &&
          reply.readUInt32BE(2) === number &&
          reply.subarray(6).every((byte) => byte === client + 1)
        if (!right) t.equal(reply.toString('hex'), message(client, number, reply.length - 6).toString('hex'))
        checked++
      }
      const overTcp = async (client: number): Promise<void> => {
        const connection = await tcp()
        for (let number = 0; asked < REQUESTS; number += 4) {
          const four = [0, 1, 2, 3].map((k) => frame(2, message(client, number + k, 1 + Math.floor(random() * 3000))))
          asked += 4
          connection.send(Buffer.concat(four))
          for (let k = 0; k < 4; k++) check(client, number + k, await connection.receiveFrame(2))
        }
      }
      const overUdp = async (client: number): Promise<void> => {
        const socket = await udp()
        for (let number = 0; asked < REQUESTS; number += 2) {
          asked += 2
          socket.send(message(client, number, 1 + Math.floor(random() * 1400)))
          socket.send(message(client, number + 1, 1 + Math.floor(random() * 1400)))
          // Two requests of one client may be answered in either order.
          const replies = [await socket.receive(), await socket.receive()]
          replies.sort((a, b) => a.readUInt32BE(2) - b.readUInt32BE(2))
          for (let k = 0; k < 2; k++) check(client, number + k, replies[k])
        }
      }
      await Promise.all(Array.from({ length: CLIENTS }, (_, i) => [overTcp(2 * i), overUdp(2 * i + 1)]).flat())
      t.equal(checked, asked)
      t.equal(stats().requests.total, asked)
      t.equal(stats().requests.udp > 1000 && stats().requests.tcp > 1000, true)
    })
  })
}
