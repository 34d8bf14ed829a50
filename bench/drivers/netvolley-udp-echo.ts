// UDP echo on UdpSocket: `netvolley-udp-echo.js --drive inline|thread --spin US`. Each batch is answered from the memory
// that it was received into.
import { parseArgs } from 'node:util'
import { announce, endWithInput, fail } from './driver-protocol.js'
import { loadUdp, plainStats, type UdpEchoSocket } from './netvolley-udp-api.js'

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { drive: { type: 'string', default: 'inline' }, spin: { type: 'string', default: '0' } },
  })
  const socket = await loadUdp().open({
    address: '127.0.0.1',
    drive: values.drive,
    spinUs: Number(values.spin),
    gro: false,
  })
  const echo: UdpEchoSocket = socket
  echo.onBatch = (batch) => {
    const { first, end, length } = batch
    for (let i = first; i < end; i++) batch.replyInPlace(i, length[i])
  }
  endWithInput(async () => {
    const statistics = plainStats(socket)
    await socket.close()
    return statistics
  })
  announce(socket.address().port)
}

main().catch(fail)
