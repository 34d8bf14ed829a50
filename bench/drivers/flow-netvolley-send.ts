// The sending faces of UdpSocket. Each step queues some datagrams; where the queue refuses, 'drain' says when to go on.
import { performance } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { makeDatagrams, segmentsOf } from './flow-payload.js'
import { destinationOf, type FlowOrder, type FlowSent } from './flow-protocol.js'
import { type FlowPeer, type FlowSocket } from './netvolley-udp-api.js'

/** As the engine's own. */
const batchPackets = 64

/** Queues datagrams. `offered` of them, of which `taken` are queued; fewer = the queue is full. */
interface Step {
  readonly perStep: number
  run(): number
}

/** The payloads of the trials are multiples of 4, and so are all places: a number is one store, as in the C++ sender. */
function wordsOf({ buffer, byteOffset, length }: Buffer): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length >> 2)
}

function segmentSteps(socket: FlowSocket, { flow, payload }: FlowOrder, peers: readonly FlowPeer[]): Step {
  const segments = segmentsOf(payload)
  const bytes = makeDatagrams(flow, payload, segments)
  const words = wordsOf(bytes)
  const step = payload >> 2
  let sequence = 0
  return {
    perStep: segments,
    run() {
      // The number of the flow stays as it was written.
      for (let i = 0, at = 0; i < segments; i++, at += step) words[at] = sequence + i
      if (!socket.sendSegments(bytes, payload, peers[0])) return 0
      sequence += segments
      return segments
    },
  }
}

/** Short payloads are written word by word, as a program that composes its messages in place does it. */
const shortBytes = 128
const slabWords = new Map<Buffer, Uint32Array>()
let lastSlab: Buffer | undefined
let lastWords: Uint32Array = new Uint32Array(0)

function writeWords({ slab, offset }: { slab: Buffer; offset: number }, from: Uint32Array): void {
  if (slab !== lastSlab) {
    lastWords = slabWords.get(slab) ?? wordsOf(slab)
    slabWords.set(slab, lastWords)
    lastSlab = slab
  }
  const words = lastWords
  const at = offset >> 2
  for (let i = 0; i < from.length; i++) words[at + i] = from[i]
}

function batchSteps(socket: FlowSocket, face: string, order: FlowOrder, peers: readonly FlowPeer[]): Step {
  const { flow, payload } = order
  const templates = makeDatagrams(flow, payload, 2)
  const halves = [templates.subarray(0, payload), templates.subarray(payload)]
  const numbers = halves.map(wordsOf)
  const batch = socket.createSendBatch({ maxPackets: batchPackets })
  let sequence = 0
  let next = 0
  const add = (to: FlowPeer): void => {
    const half = sequence & 1
    numbers[half][0] = sequence++
    batch.add(halves[half], to)
  }
  const commit = (to: FlowPeer): void => {
    const place = batch.reserve(payload)
    if (place === null) throw new Error('a batch of its own size has no room')
    const half = sequence & 1
    numbers[half][0] = sequence++
    if (payload > shortBytes) place.slab.set(halves[half], place.offset)
    else writeWords(place, numbers[half])
    batch.commit(payload, to)
  }
  const put = face === 'commit' ? commit : add
  return {
    perStep: batchPackets,
    run() {
      // What the queue refused stays in the batch, to be sent first.
      if (batch.count === 0) {
        batch.clear()
        for (let i = 0; i < batchPackets; i++) {
          put(peers[next])
          if (++next === peers.length) next = 0
        }
      }
      const before = batch.count
      return batchPackets - before + socket.sendBatch(batch)
    },
  }
}

export async function sendFlow(socket: FlowSocket, face: string, order: FlowOrder): Promise<FlowSent> {
  const peers = Array.from({ length: order.destinations }, (_, i) => socket.peer(destinationOf(i), order.port))
  const step = face === 'segments' ? segmentSteps(socket, order, peers) : batchSteps(socket, face, order, peers)
  const before = socket.stats().send.packetsSent
  const started = performance.now()
  const until = started + order.seconds * 1000
  let offered = 0
  await new Promise<void>((resolve) => {
    const run = (): void => {
      while (performance.now() < until) {
        offered += step.perStep
        if (step.run() < step.perStep) return void socket.once('drain', run)
      }
      resolve()
    }
    run()
  })
  socket.flush()
  while (socket.stats().send.packetsPending > 0) await nextTurn()
  const seconds = (performance.now() - started) / 1000
  const accepted = socket.stats().send.packetsSent - before
  for (const peer of peers) peer.release()
  return { offered, accepted, refused: Math.max(0, offered - accepted), seconds }
}
