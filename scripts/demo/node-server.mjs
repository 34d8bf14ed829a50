// @ts-check
// The competitor of the demo: the handler of examples/dns-server on node:dgram and node:net, with the same command line.
import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'
import { parseArgs } from 'node:util'
import { createAnswerer } from '../../examples/dns-server/answer.mjs'
import { loadZone } from '../../examples/dns-server/zone.mjs'

/** @typedef {import('../../examples/dns-server/answer.mjs').Answerer} Answerer */

const PREFIX_BYTES = 2
const IDLE_TIMEOUT_MS = 60_000
const BIND_TRIES = 10

/**
 * @param {Answerer} answer
 * @returns {dgram.Socket}
 */
function createUdpServer(answer) {
  const socket = dgram.createSocket({
    type: 'udp4',
    // Peers are always addresses: without this each send makes a request of dns.lookup() and waits a tick.
    lookup: (address, _options, callback) => callback(null, address, 4),
  })
  socket.on('message', (query, peer) => {
    const reply = answer(query, 'udp')
    if (reply !== null) socket.send(reply, peer.port, peer.address)
  })
  return socket
}

/**
 * @param {Answerer} answer
 * @returns {net.Server}
 */
function createTcpServer(answer) {
  return net.createServer({ noDelay: true }, (socket) => {
    let rest = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      // All answers to one chunk leave in one writev.
      socket.cork()
      const used = answerFrames(bytes, answer, socket)
      socket.uncork()
      rest = bytes.subarray(used)
    })
    socket.setTimeout(IDLE_TIMEOUT_MS, () => socket.destroy())
    // A client that resets ends its own connection and nothing else.
    socket.on('error', () => socket.destroy())
    socket.on('drain', () => socket.resume())
  })
}

/**
 * @param {Buffer} bytes any number of frames, the last one perhaps in part
 * @param {Answerer} answer
 * @param {net.Socket} socket
 * @returns {number} bytes of the whole frames
 */
function answerFrames(bytes, answer, socket) {
  let used = 0
  while (bytes.length - used >= PREFIX_BYTES) {
    const end = used + PREFIX_BYTES + bytes.readUInt16BE(used)
    if (end > bytes.length) break
    const reply = answer(bytes.subarray(used + PREFIX_BYTES, end), 'tcp')
    used = end
    if (reply === null) continue
    const prefix = Buffer.allocUnsafe(PREFIX_BYTES)
    prefix.writeUInt16BE(reply.length)
    socket.write(prefix)
    if (!socket.write(reply)) socket.pause()
  }
  return used
}

/**
 * @param {net.Server} tcp
 * @param {dgram.Socket} udp
 * @param {number} port
 * @param {string} host
 * @returns {Promise<number>} the port that both listen on
 */
async function listen(tcp, udp, port, host) {
  for (let tries = 1; ; tries += 1) {
    tcp.listen(port, host)
    await once(tcp, 'listening')
    const bound = /** @type {net.AddressInfo} */ (tcp.address()).port
    const listening = once(udp, 'listening')
    udp.bind(bound, host)
    try {
      await listening
      return bound
    } catch (error) {
      // The system gave a TCP port whose number another socket has on UDP.
      if (port !== 0 || tries === BIND_TRIES) throw error
      tcp.close()
      await once(tcp, 'close')
    }
  }
}

const { values } = parseArgs({
  options: {
    zone: { type: 'string' },
    port: { type: 'string', default: '5300' },
    host: { type: 'string', default: '127.0.0.1' },
    precompiled: { type: 'boolean', default: false },
  },
})
if (values.zone === undefined) throw new Error('--zone is missing; allowed: the path of a master file')
const zone = loadZone(values.zone)
const answer = createAnswerer(zone, { precompiled: values.precompiled })
const tcp = createTcpServer(answer)
const udp = createUdpServer(answer)
const port = await listen(tcp, udp, Number(values.port), values.host)
console.log(`listening on ${values.host}:${port} (udp, tcp), ${zone.nameCount} names`)

const stop = () => {
  tcp.close()
  udp.close()
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
