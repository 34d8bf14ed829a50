// One end of a flow on UdpSocket:
//   flow-netvolley.js --role receive --face volley|friendly [--gro on|off]
//   flow-netvolley.js --role send --face segments|commit|add
// and for both --drive inline|thread|auto --backend auto|mmsg|single|poll.
import { parseArgs } from 'node:util'
import { fail } from './driver-protocol.js'
import { FlowTally } from './flow-payload.js'
import { serveReceiver, serveSender } from './flow-protocol.js'
import { sendFlow } from './flow-netvolley-send.js'
import { loadUdp, plainStats, type FlowBatch, type FlowSocket } from './netvolley-udp-api.js'

function receiveBatches(socket: FlowSocket, tally: FlowTally): void {
  let slab: Buffer | undefined
  let words: Uint32Array = new Uint32Array(0)
  const takeRun = (batch: FlowBatch, i: number): void => {
    const end = batch.offset[i] + batch.length[i]
    const step = batch.segmentBytes[i] === 0 ? batch.length[i] : batch.segmentBytes[i]
    for (let at = batch.offset[i]; at < end; at += step) {
      const length = Math.min(step, end - at)
      // The payloads of the trials are multiples of 4, and slots begin at multiples of 64.
      if (((at | length) & 3) === 0 && length >= 8) tally.takeWords(words, at >> 2, length >> 2)
      else tally.take(batch.slab, at, length)
    }
  }
  socket.onBatch = (batch) => {
    if (slab !== batch.slab) {
      slab = batch.slab
      words = new Uint32Array(slab.buffer, slab.byteOffset, slab.length >> 2)
    }
    for (let i = batch.first; i < batch.end; i++) takeRun(batch, i)
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      role: { type: 'string' },
      face: { type: 'string', default: 'volley' },
      gro: { type: 'string', default: 'on' },
      drive: { type: 'string', default: 'inline' },
      backend: { type: 'string', default: 'auto' },
    },
  })
  const { face, drive, backend } = values
  const gro = values.gro === 'on' ? 'auto' : false
  // Every address: the trials with many destinations send to all of 127.0.x.y.
  const socket = await loadUdp().open({ address: '0.0.0.0', drive, backend, gro, sendBufferBytes: 4 << 20 })
  const finish = async (): Promise<object> => {
    const statistics = plainStats(socket)
    await socket.close()
    return statistics
  }
  if (values.role === 'send') return serveSender((order) => sendFlow(socket, face, order), finish)
  const tally = new FlowTally()
  if (face === 'volley') receiveBatches(socket, tally)
  else socket.on('message', (data) => tally.take(data, 0, data.length))
  serveReceiver(socket.address().port, tally, finish)
}

main().catch(fail)
