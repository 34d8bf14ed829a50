// One end of a flow on node:dgram: `flow-node-dgram.js --role receive|send`. The sender is connected where there is one
// destination, and its lookup answers at once where there are many: both are faster than the defaults.
import { performance } from 'node:perf_hooks'
import { createSocket, type Socket } from 'node:dgram'
import { parseArgs } from 'node:util'
import { fail } from './driver-protocol.js'
import { FlowTally, makeDatagrams, writeNumbers } from './flow-payload.js'
import { destinationOf, serveReceiver, serveSender, type FlowOrder, type FlowSent } from './flow-protocol.js'

/** Sends between two looks at the rest of the world: node:dgram tries each at once, so none of them waits for it. */
const burst = 64
const bufferBytes = 4 << 20

function receive(): void {
  const tally = new FlowTally()
  const socket = createSocket({ type: 'udp4', recvBufferSize: bufferBytes })
  socket.on('message', (message) => tally.take(message, 0, message.length))
  socket.bind(0, '0.0.0.0', () =>
    serveReceiver(socket.address().port, tally, async () => {
      socket.close()
      return {}
    }),
  )
}

function openSender({ port, destinations }: FlowOrder): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    sendBufferSize: bufferBytes,
    lookup: (host, _, callback) => callback(null, host, 4),
  })
  return new Promise((resolve) => {
    socket.bind(0, '0.0.0.0', () => {
      if (destinations > 1) return resolve(socket)
      socket.connect(port, destinationOf(0), () => resolve(socket))
    })
  })
}

async function send(order: FlowOrder): Promise<FlowSent> {
  const { flow, payload, destinations, port } = order
  const socket = await openSender(order)
  let errors = 0
  socket.on('error', () => errors++)
  const hosts = Array.from({ length: destinations }, (_, i) => destinationOf(i))
  // As many datagrams as are under way at once: the socket keeps their memory until they are sent.
  const bytes = makeDatagrams(flow, payload, burst)
  const datagrams = Array.from({ length: burst }, (_, i) => bytes.subarray(i * payload, (i + 1) * payload))
  let offered = 0
  const sendBurst = (): Promise<void> =>
    new Promise((resolve) => {
      const last = burst - 1
      for (let i = 0; i < burst; i++) {
        writeNumbers(datagrams[i], 0, flow, offered)
        const done = i === last ? (): void => resolve() : undefined
        if (destinations === 1) socket.send(datagrams[i], done)
        else socket.send(datagrams[i], port, hosts[offered % destinations], done)
        offered++
      }
    })
  const started = performance.now()
  const until = started + order.seconds * 1000
  while (performance.now() < until) await sendBurst()
  const seconds = (performance.now() - started) / 1000
  socket.close()
  return { offered, accepted: offered - errors, refused: errors, seconds }
}

const { values } = parseArgs({ options: { role: { type: 'string' } } })
if (values.role === 'send') serveSender(send, async () => ({}))
else if (values.role === 'receive') receive()
else fail(new Error('--role takes receive and send'))
