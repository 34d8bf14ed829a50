// UDP echo on Bun.udpSocket: one send per datagram, as its `data` callback gets them.
import { announce, endWithInput, fail } from './driver-protocol.js'

interface BunSocket {
  readonly port: number
  send(data: Buffer, port: number, address: string): boolean
  close(): void
}

interface Bun {
  udpSocket(options: {
    hostname: string
    socket: { data(socket: BunSocket, data: Buffer, port: number, address: string): void }
  }): Promise<BunSocket>
}

async function main(): Promise<void> {
  const { Bun: bun } = globalThis as unknown as { Bun?: Bun }
  if (bun === undefined) throw new Error('this driver runs in Bun')
  let answers = 0
  const socket = await bun.udpSocket({
    hostname: '127.0.0.1',
    socket: {
      data(from, data, port, address) {
        if (from.send(data, port, address)) answers++
      },
    },
  })
  endWithInput(async () => {
    socket.close()
    return { answers }
  })
  announce(socket.port)
}

main().catch(fail)
