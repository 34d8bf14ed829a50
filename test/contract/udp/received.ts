/** What a socket of a case has received, by either face. */
import type { ReceivedBatch, UdpMessageInfo, UdpSocket } from 'netvolley'
import { until } from '../../support/until'
import type { Face } from './subject'

export class Received {
  /** Copies, in the order of their arrival; what GRO joined is unfolded. */
  readonly data: Buffer[] = []
  /** Sender of each. */
  readonly ports: number[] = []
  /** By `'message'` only. */
  readonly infos: UdpMessageInfo[] = []
  /** Calls of `onBatch`. */
  bursts = 0

  get count(): number {
    return this.data.length
  }

  get texts(): string[] {
    return this.data.map((data) => data.toString())
  }

  /** Waits until so many have come; more is an error of the case. */
  async have(count: number): Promise<this> {
    await until(() => this.count >= count, `${String(count)} datagrams have arrived`).catch((error: unknown) => {
      throw new Error(`${String(this.count)} of ${String(count)} datagrams have arrived`, { cause: error })
    })
    if (this.count > count) throw new Error(`${String(this.count)} datagrams have arrived, of ${String(count)}`)
    return this
  }

  readonly onMessage = (data: Buffer, info: UdpMessageInfo): void => {
    this.data.push(data)
    this.ports.push(info.port)
    this.infos.push(info)
  }

  readonly onBatch = (batch: ReceivedBatch): void => {
    this.bursts++
    batch.forEachDatagram((offset, length, i) => {
      this.data.push(Buffer.from(batch.slab.subarray(offset, offset + length)))
      this.ports.push(batch.port[i])
    })
  }
}

/** The socket receives from now on. */
export function receive(socket: UdpSocket, face: Face): Received {
  const received = new Received()
  if (face === 'message') socket.on('message', received.onMessage)
  else socket.onBatch = received.onBatch
  return received
}
