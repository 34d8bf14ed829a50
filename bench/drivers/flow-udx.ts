// One end of a flow on udx-native's plain sockets: `flow-udx.js --role receive|send`. Its kernel calls take many datagrams,
// its JavaScript one at a time.
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { fail } from './driver-protocol.js'
import { FlowTally, makeDatagrams, writeNumbers } from './flow-payload.js'
import { destinationOf, serveReceiver, serveSender, type FlowOrder, type FlowSent } from './flow-protocol.js'

interface UdxSocket {
  bind(port: number, host: string): void
  address(): { port: number }
  setRecvBufferSize(bytes: number): void
  setSendBufferSize(bytes: number): void
  on(event: 'message', listener: (message: Buffer) => void): void
  send(data: Buffer, port: number, host: string): Promise<boolean>
  close(): Promise<void>
}

type Udx = new () => { createSocket(): UdxSocket }

const burst = 64
const bufferBytes = 4 << 20

function open(): UdxSocket {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- it need not be installed
  const UDX = require('udx-native') as Udx
  const socket = new UDX().createSocket()
  socket.bind(0, '0.0.0.0')
  for (const set of ['setRecvBufferSize', 'setSendBufferSize'] as const) {
    try {
      socket[set](bufferBytes)
    } catch (error) {
      process.stderr.write(`udx: ${set}: ${String(error)}\n`)
    }
  }
  return socket
}

async function send({ flow, payload, destinations, port, seconds: wanted }: FlowOrder): Promise<FlowSent> {
  const socket = open()
  const hosts = Array.from({ length: destinations }, (_, i) => destinationOf(i))
  // As many datagrams as are under way at once: their memory belongs to the socket until they are sent.
  const bytes = makeDatagrams(flow, payload, burst)
  const datagrams = Array.from({ length: burst }, (_, i) => bytes.subarray(i * payload, (i + 1) * payload))
  let offered = 0
  let accepted = 0
  const started = performance.now()
  while (performance.now() < started + wanted * 1000) {
    const sends = datagrams.map((datagram) => {
      writeNumbers(datagram, 0, flow, offered)
      return socket.send(datagram, port, hosts[offered++ % destinations])
    })
    for (const sent of await Promise.all(sends)) if (sent) accepted++
  }
  const seconds = (performance.now() - started) / 1000
  await socket.close()
  return { offered, accepted, refused: offered - accepted, seconds }
}

function receive(): void {
  const tally = new FlowTally()
  const socket = open()
  socket.on('message', (message) => tally.take(message, 0, message.length))
  serveReceiver(socket.address().port, tally, async () => {
    await socket.close()
    return {}
  })
}

const { values } = parseArgs({ options: { role: { type: 'string' } } })
if (values.role === 'send') serveSender(send, async () => ({}))
else if (values.role === 'receive') receive()
else fail(new Error('--role takes receive and send'))
