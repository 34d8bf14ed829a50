// One end of a flow on Bun.udpSocket: `bun flow-bun.js --role receive|send`. Many datagrams go out in one sendMany().
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { fail } from './driver-protocol.js'
import { FlowTally, makeDatagrams, writeNumbers } from './flow-payload.js'
import { destinationOf, serveReceiver, serveSender, type FlowOrder, type FlowSent } from './flow-protocol.js'

interface BunSocket {
  readonly port: number
  sendMany(parts: readonly (Buffer | number | string)[]): number
  close(): void
}

interface Bun {
  udpSocket(options: {
    hostname?: string
    socket: { data?(socket: BunSocket, data: Buffer): void; drain?(): void }
  }): Promise<BunSocket>
}

const { Bun: bun } = globalThis as unknown as { Bun?: Bun }
const burst = 64

async function receive({ udpSocket }: Bun): Promise<void> {
  const tally = new FlowTally()
  const socket = await udpSocket({
    hostname: '0.0.0.0',
    socket: { data: (_, data) => tally.take(data, 0, data.length) },
  })
  serveReceiver(socket.port, tally, async () => {
    socket.close()
    return {}
  })
}

async function send({ udpSocket }: Bun, order: FlowOrder): Promise<FlowSent> {
  const { flow, payload, destinations, port } = order
  let drained = (): void => undefined
  const socket = await udpSocket({ socket: { drain: () => drained() } })
  const bytes = makeDatagrams(flow, payload, burst)
  const parts = Array.from({ length: burst }, (_, i) => [bytes.subarray(i * payload, (i + 1) * payload), port, ''])
  let offered = 0
  let accepted = 0
  const started = performance.now()
  const until = started + order.seconds * 1000
  while (performance.now() < until) {
    parts.forEach((part, i) => {
      writeNumbers(part[0] as Buffer, 0, flow, accepted + i)
      part[2] = destinationOf((accepted + i) % destinations)
    })
    const taken = socket.sendMany(parts.flat())
    offered += burst
    accepted += taken & ~1 // the buffers hold even and odd numbers in turn
    if (taken < burst) await new Promise<void>((resolve) => (drained = resolve))
  }
  const seconds = (performance.now() - started) / 1000
  socket.close()
  return { offered, accepted, refused: offered - accepted, seconds }
}

const { values } = parseArgs({ options: { role: { type: 'string' } } })
if (bun === undefined) fail(new Error('this driver runs in Bun'))
else if (values.role === 'send')
  serveSender(
    (order) => send(bun, order),
    async () => ({}),
  )
else receive(bun).catch(fail)
