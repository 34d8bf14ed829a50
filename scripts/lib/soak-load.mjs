// @ts-check
// The load of scripts/soak.mjs, in a process of its own:   node --expose-gc soak-load.mjs SECONDS
// Tells its parent a sample each second, and how it has ended.
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { UdpSocket } from 'netvolley'

const seconds = Number(process.argv[2])
const ADDRESS = '127.0.0.1'
const gc = /** @type {() => void} */ (globalThis.gc)
const descriptors = () => readdirSync('/proc/self/fd').length
const WARM_UP_MS = 15_000
const MOST_LEASES = 6
// All memory is taken when a socket is opened, but a page counts from its first use on: small areas are soon used all over.
const SMALL = { maxQueuedBytes: 128 << 10, slots: 256, largeSlots: 16, maxPeers: 256 }

/** @typedef {{ name: string, socket: UdpSocket, delivered: number }} Member */

/** @type {Member[]} */
const members = []
let stopping = false

/** @param {string} name @param {import('netvolley').UdpSocketOptions} options */
async function open(name, options) {
  const member = { name, socket: await UdpSocket.open({ address: ADDRESS, ...SMALL, ...options }), delivered: 0 }
  members.push(member)
  return member
}

/** Calls it in every turn of the event loop, so that all get theirs.  @param {() => void} work */
function forever(work) {
  const turn = () => {
    if (stopping) return
    work()
    setImmediate(turn)
  }
  turn()
}

/** Runs of segments to a socket that keeps every sixteenth burst for a while. @param {'inline' | 'thread'} drive */
async function volley(drive) {
  const receiver = await open(`volley ${drive}`, { drive, leaseWarnMs: 0 })
  const sender = await open(`runs ${drive}`, { drive })
  const to = sender.socket.peer(ADDRESS, receiver.socket.address().port)
  const run = Buffer.alloc(64 * 1200, 1)
  /** @type {import('netvolley').ReceivedBatch[]} */
  const leases = []
  let bursts = 0
  let sum = 0
  receiver.socket.onBatch = (batch) => {
    receiver.delivered += batch.datagrams
    for (let i = batch.first; i < batch.end; i++) sum = (sum + batch.slab[batch.offset[i]]) | 0
    // What comes after the end would be kept for ever.
    if (bursts++ % 16 === 0 && !stopping) leases.push(batch.retain())
    // In any order.
    if (leases.length > MOST_LEASES) leases.splice(Math.floor(Math.random() * leases.length), 1)[0].release()
  }
  forever(() => {
    for (let i = 0; i < 4 && sender.socket.sendSegments(run, 1200, to); i++);
  })
  return () => {
    for (const lease of leases) lease.release()
    leases.length = 0
    return sum
  }
}

/** Send batches to a socket that answers: every eighth one from memory, the next one where it lies. @param {'inline' | 'thread'} drive */
async function batches(drive) {
  const receiver = await open(`answers ${drive}`, { drive, gro: false })
  const sender = await open(`batches ${drive}`, { drive, gro: false })
  const answer = Buffer.from('an answer')
  receiver.socket.onBatch = (batch) => {
    receiver.delivered += batch.datagrams
    for (let i = batch.first; i < batch.end; i += 8) batch.reply(i, answer)
    for (let i = batch.first + 1; i < batch.end; i += 8) batch.replyInPlace(i, batch.length[i])
  }
  sender.socket.onBatch = (batch) => void (sender.delivered += batch.datagrams)
  const to = sender.socket.peer(ADDRESS, receiver.socket.address().port)
  const out = sender.socket.createSendBatch({ maxPackets: 128 })
  const data = Buffer.alloc(300, 2)
  forever(() => {
    while (out.add(data, to));
    sender.socket.sendBatch(out)
  })
}

/** The friendly face: a message and its answer each, of every class. */
async function messages() {
  const receiver = await open('messages', {})
  const sender = await open('sends', { gro: false })
  receiver.socket.on('message', (data, { address, port }) => {
    receiver.delivered++
    receiver.socket.send(data, { address, port })
  })
  sender.socket.on('message', () => sender.delivered++)
  const { port } = receiver.socket.address()
  forever(() => {
    for (const priority of [10, 128, 250]) sender.socket.send('a message', { address: ADDRESS, port }, { priority })
  })
}

/** Every sum of a socket's statistics that is wrong. @param {Member} member @returns {string[]} */
function wrongSums({ name, socket, delivered }) {
  const { send, receive, memory } = socket.stats()
  const total = (/** @type {Record<string, number>} */ parts) =>
    Object.values(parts).reduce((sum, part) => sum + part, 0)
  const settled = send.packetsSent + send.packetsFailed + total(send.packetsDropped)
  const arrived = receive.packetsDelivered + total(receive.receiveDropped) + receive.packetsInRing
  const sums = {
    'queued = settled + pending': send.packetsQueued === settled + send.packetsPending,
    'received = delivered + dropped + in the ring': receive.packetsReceived === arrived,
    'delivered is what the user has counted': receive.packetsDelivered === delivered,
    'slots = free + reading + held': memory.slots === memory.slotsFree + memory.slotsReading + memory.slotsHeld,
    'nothing fails': send.packetsFailed === 0,
  }
  return Object.entries(sums).flatMap(([sum, holds]) => (holds ? [] : [`${name}: ${sum}`]))
}

const slots = () => members.reduce((sum, { socket }) => sum + socket.stats().memory.slots, 0)
/** @param {{ slotsFree: number, slotsReading: number }} memory */
const free = ({ slotsFree, slotsReading }) => slotsFree + slotsReading
const slotsBack = () => members.reduce((sum, { socket }) => sum + free(socket.stats().memory), 0)

/** @param {() => boolean} holds */
async function until(holds) {
  for (let i = 0; i < 1000 && !holds(); i++) await sleep(10)
}

const before = descriptors()
const releases = [await volley('inline'), await volley('thread')]
await batches('inline')
await batches('thread')
await messages()
// Compiled, and every page of its areas used.
await sleep(WARM_UP_MS)
const started = performance.now()
for (let second = 1; second <= seconds; second++) {
  await sleep(Math.max(0, started + second * 1000 - performance.now()))
  // What is left then is what somebody holds.
  gc()
  const wrong = members.flatMap(wrongSums)
  const at = (performance.now() - started) / 1000
  process.send?.({
    sample: { at, rss: process.memoryUsage.rss(), descriptors: descriptors(), slots: slots(), wrong },
  })
}
stopping = true
for (const release of releases) release()
// Everything that was queued is sent, and everything that was sent has come.
const unsent = () => members.reduce((sum, { socket }) => sum + socket.queuedPackets, 0)
await until(() => unsent() === 0 && slotsBack() === slots())
const wrong = members.flatMap(wrongSums)
const totals = { sent: 0, received: 0, kernelDrops: 0, leasesCopied: 0, refused: 0 }
for (const { socket } of members) {
  const { send, receive, memory } = socket.stats()
  totals.sent += send.packetsSent
  totals.refused += send.packetsRefused
  totals.received += receive.packetsReceived
  totals.kernelDrops += receive.kernelDrops
  totals.leasesCopied += memory.leasesCopied
}
const end = { slots: slots(), slotsBack: slotsBack(), wrong, totals, before, after: 0 }
await Promise.all(members.map(({ socket }) => socket.close()))
await until(() => descriptors() === before)
end.after = descriptors()
process.send?.({ end })
process.disconnect()
