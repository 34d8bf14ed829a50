// @ts-check
// node scripts/heap-profile.mjs [LOOP]...: what a warm receive or send loop takes from the JavaScript heap for each
// datagram: V8's sampling allocation profiler runs in this process over HEAP_DATAGRAMS (1,000,000) of them, and every
// sample of the whole process counts, also of objects that were collected meanwhile.
// A burst costs something however long it is (a callback in its async context is not free). So each loop runs twice,
// with bursts of 16 and of 64 datagrams: what grows with the bursts is the burst's, what grows with the datagrams is
// theirs, and that has to round to 0 bytes. HEAP_DRIVE: inline (default) or thread.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Session } from 'node:inspector/promises'
import { fileURLToPath } from 'node:url'
import { UdpSocket } from 'netvolley'

const ADDRESS = '127.0.0.1'
const PAYLOAD_BYTES = 64
const LONG = 64
const SHORT = 16
const MOST_BYTES_EACH = 0.5
const MOST_BYTES_A_BURST = 2048
const WARM_BURSTS = 10_000
const GO = Buffer.alloc(1)
const datagrams = Number(process.env.HEAP_DATAGRAMS ?? 1_000_000)
const drive = process.env.HEAP_DRIVE === 'thread' ? 'thread' : 'inline'
const answer = Buffer.alloc(PAYLOAD_BYTES, 3)

/**
 * @typedef {(socket: UdpSocket, peer: import('netvolley').UdpPeer) => (batch: import('netvolley').ReceivedBatch) => void} Loop
 *   makes what is to be done with a burst; `peer` is who sends it
 */

/** Of what the loops read, so that reading is not optimised away. */
let checksum = 0

/** @param {number} offset @param {number} length */
const addUp = (offset, length) => void (checksum = (checksum + offset + length) | 0)

/** @type {Record<string, { gro: boolean, loop: Loop }>} */
const LOOPS = {
  columns: {
    gro: false,
    loop: () => (batch) => {
      const { slab, offset, length, peerId, port } = batch
      let sum = 0
      for (let i = batch.first; i < batch.end; i++) sum += slab[offset[i]] + length[i] + peerId[i] + port[i]
      checksum = (checksum + sum) | 0
    },
  },
  'columns, GRO': { gro: true, loop: () => (batch) => batch.forEachDatagram(addUp) },
  'send batch': {
    gro: false,
    loop: (socket, peer) => {
      const out = socket.createSendBatch({ maxPackets: 256 })
      return (batch) => {
        for (let i = batch.first; i < batch.end; i++) {
          const place = out.reserve(PAYLOAD_BYTES)
          if (place === null) break
          place.slab[place.offset] = batch.slab[batch.offset[i]]
          out.commit(PAYLOAD_BYTES, peer)
        }
        socket.sendBatch(out)
        out.clear()
      }
    },
  },
  send: {
    gro: false,
    loop: (socket, peer) => (batch) => {
      for (let i = batch.first; i < batch.end; i++) socket.send(answer, peer)
    },
  },
  reply: {
    gro: false,
    loop: () => (batch) => {
      for (let i = batch.first; i < batch.end; i++) batch.reply(i, answer)
    },
  },
  'reply in place': {
    gro: false,
    loop: () => (batch) => {
      for (let i = batch.first; i < batch.end; i++) batch.replyInPlace(i, batch.length[i])
    },
  },
}

/** The child: sends a burst whenever it is told to, in one call. */
async function pour() {
  const socket = await UdpSocket.open({ address: ADDRESS, drive: 'inline', receiveBufferBytes: 16 << 20, gro: false })
  const [port, count] = /** @type {[[number, number]]} */ (await once(process, 'message'))[0]
  const data = Buffer.alloc(PAYLOAD_BYTES * count, 7)
  const to = socket.peer(ADDRESS, port)
  socket.onBatch = (batch) => {
    for (let i = batch.first; i < batch.end; i++) {
      if (batch.length[i] === GO.length) socket.sendSegments(data, PAYLOAD_BYTES, to)
    }
  }
  process.on('disconnect', () => process.exit(0))
  process.send?.(socket.address().port)
}

/**
 * @typedef {{ selfSize: number, callFrame: { functionName: string, url: string, lineNumber: number }, children: Node[] }} Node
 * @param {Node} node @param {Map<string, number>} into bytes by frame
 */
function addFrames({ selfSize, callFrame: { functionName, url, lineNumber }, children }, into) {
  const place = url === '' ? '(V8)' : `${url.replace(/^.*\/(?=(dist|lib|scripts)\/)/, '')}:${lineNumber + 1}`
  const frame = `${functionName || '(anonymous)'} ${place}`
  into.set(frame, (into.get(frame) ?? 0) + selfSize)
  for (const child of children) addFrames(child, into)
}

/**
 * @param {string} name @param {number} count datagrams of a burst @param {number} total
 * @returns {Promise<{ datagrams: number, bursts: number, bytes: number, frames: Map<string, number>, sent: number }>}
 */
async function sample(name, count, total) {
  const { gro, loop } = LOOPS[name]
  // With the batch above any burst both are sent the same way: at their end.
  const socket = await UdpSocket.open({ address: ADDRESS, drive, gro: gro ? 'auto' : false, batchSize: 1024 })
  const child = fork(fileURLToPath(import.meta.url), ['--pour'])
  child.send([socket.address().port, count])
  const [port] = /** @type {[number]} */ (await once(child, 'message'))
  const peer = socket.peer(ADDRESS, port)
  const handle = loop(socket, peer)
  let [received, bursts, missing, wanted] = [0, 0, count, 0]
  let reached = () => {}
  socket.onBatch = (batch) => {
    handle(batch)
    bursts++
    received += batch.datagrams
    missing -= batch.datagrams
    if (missing > 0) return
    missing = count
    if (received < wanted) socket.send(GO, peer)
    else reached()
  }
  /** @param {number} more */
  const receive = (more) => {
    received = bursts = 0
    wanted = more
    socket.send(GO, peer)
    return /** @type {Promise<void>} */ (new Promise((resolve) => (reached = resolve)))
  }
  const session = new Session()
  session.connect()
  // Compiled and optimised.
  await receive(WARM_BURSTS * count)
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: 128,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  })
  await receive(total)
  const { profile } = await session.post('HeapProfiler.stopSampling')
  session.disconnect()
  const { packetsSent } = socket.stats().send
  child.disconnect()
  await Promise.all([socket.close(), once(child, 'exit')])
  /** @type {Map<string, number>} */
  const frames = new Map()
  addFrames(/** @type {Node} */ (profile.head), frames)
  const bytes = [...frames.values()].reduce((sum, size) => sum + size, 0)
  return { datagrams: received, bursts, bytes, frames, sent: packetsSent }
}

/**
 * @param {string} name
 * @returns {Promise<boolean>} whether it is cheap enough
 */
async function measure(name) {
  // The code is the same for every socket: what the first one makes V8 learn is nobody's cost.
  await sample(name, LONG, 0)
  const long = await sample(name, LONG, datagrams)
  const short = await sample(name, SHORT, (datagrams * SHORT) / LONG)
  // bytes = eachBurst * bursts + each * datagrams, twice.
  const each =
    (long.bytes * short.bursts - short.bytes * long.bursts) /
    (long.datagrams * short.bursts - short.datagrams * long.bursts)
  const eachBurst = (long.bytes - each * long.datagrams) / long.bursts
  const good = each < MOST_BYTES_EACH && eachBurst < MOST_BYTES_A_BURST
  console.log(
    `${name}: ${each.toFixed(2)} bytes a datagram, ${eachBurst.toFixed(0)} a burst ` +
      `(${long.datagrams} in ${long.bursts} bursts, ${short.datagrams} in ${short.bursts}): ${good ? 'ok' : 'TOO MUCH'}`,
  )
  for (const [frame, size] of [...long.frames].sort((a, b) => b[1] - a[1]).slice(0, 5)) {
    console.log(`    ${(size / long.bursts).toFixed(0).padStart(6)} a burst of ${LONG}  ${frame}`)
  }
  return good
}

if (process.argv.includes('--pour')) {
  await pour()
} else {
  const named = process.argv.slice(2)
  const unknown = named.find((name) => !Object.hasOwn(LOOPS, name))
  if (unknown !== undefined)
    throw new Error(`there is no loop '${unknown}'; there are ${Object.keys(LOOPS).join(', ')}`)
  let failed = 0
  for (const name of named.length > 0 ? named : Object.keys(LOOPS)) {
    if (!(await measure(name))) failed++
  }
  const verdict = failed === 0 ? 'no loop takes memory' : `${failed} loops take memory`
  console.log(`heap-profile: ${drive} drive (checksum ${checksum}): ${verdict} for each datagram`)
  process.exitCode = failed > 0 ? 1 : 0
}
