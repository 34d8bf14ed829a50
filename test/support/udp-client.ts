/** A client over a connected node:dgram socket: what comes is kept in order until it is asked for. */
import { type Socket, createSocket } from 'node:dgram'
import type { Target } from './tcp-client'

export class UdpClient {
  readonly socket: Socket
  #held: Buffer[] = []
  #waiting: ((data: Buffer) => void) | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('message', (message) => {
      const waiting = this.#waiting
      this.#waiting = undefined
      if (waiting === undefined) this.#held.push(message)
      else waiting(message)
    })
    // A refused datagram (ICMP) shows as an error of the next call: the tests look at answers only.
    socket.on('error', () => undefined)
  }

  static async open(target: Target): Promise<UdpClient> {
    const socket = createSocket(target.address.includes(':') ? 'udp6' : 'udp4')
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(target.port, target.address, () => {
        socket.off('error', reject)
        resolve()
      })
    })
    return new UdpClient(socket)
  }

  /** Goes to the kernel before this returns. */
  send(data: Uint8Array | string): void {
    this.socket.send(data)
  }

  receive(): Promise<Buffer> {
    const held = this.#held.shift()
    if (held !== undefined) return Promise.resolve(held)
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  ask(data: Uint8Array | string): Promise<Buffer> {
    this.send(data)
    return this.receive()
  }

  close(): void {
    this.socket.close()
  }
}
