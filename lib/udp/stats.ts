import type { DatagramSnapshot } from '../runtime'
import type { UdpRate, UdpStats } from './stats-types'

/** What the class counts itself, beside the back end's snapshot. */
export interface ClassCounts {
  readonly refused: number
  readonly drains: number
  readonly delivered: number
  readonly discarded: number
  readonly suppressed: number
  readonly leasesActive: number
  readonly leasesCopied: number
}

/** Before the code of an error that a back end counts by itself; `errorsOther` has all others. */
const ERRORS = 'socket.errors'

/** Of the socket's own cells: not counted from zero again. */
const LEVELS = new Set([
  'state',
  'closeErrno',
  'capabilityErrno',
  'gsoMaxSegments',
  'slots',
  'slotsFree',
  'slotsReading',
  'slotsHeld',
  'largeSlotsFree',
  'peers',
])

type Counts = Record<string, number>

/** One moment as plain numbers, so that a baseline can be taken from it. */
function flatten(snapshot: DatagramSnapshot, own: ClassCounts): Counts {
  const { link, receive, socket, kernelDrops } = snapshot
  const counts: Counts = { kernelDrops, ...own }
  for (const [name, value] of Object.entries(link)) counts[`link.${name}`] = value as number
  for (const [name, value] of Object.entries(receive)) counts[`receive.${name}`] = value as number
  for (const [name, value] of Object.entries(socket)) counts[`socket.${name}`] = value
  return counts
}

const inRing = (c: Counts): number => c['receive.published'] - c.delivered - c.discarded

/**
 * What `resetStats()` takes as zero. What is pending counts as queued after it, and what is in the ring as received, so that the
 * identities hold on.
 */
function baselineOf(counts: Counts): Counts {
  const base: Counts = {}
  for (const [name, value] of Object.entries(counts)) base[name] = value
  for (const name of ['pending', 'pendingLow', 'pendingNormal', 'pendingHigh', 'oldestPendingMs'])
    base[`link.${name}`] = 0
  for (const name of LEVELS) base[`socket.${name}`] = 0
  base.leasesActive = 0
  base['link.queued'] -= counts['link.pending']
  base['socket.packetsReceived'] -= inRing(counts)
  base['receive.published'] -= inRing(counts)
  return base
}

/** The statistics of one socket. */
export class StatsBook {
  readonly #take: () => { snapshot: DatagramSnapshot; own: ClassCounts; atMs: number }
  #base: Counts = {}
  #epoch = 0
  #epochMs = 0
  #final: { snapshot: DatagramSnapshot; own: ClassCounts; atMs: number } | null = null

  constructor(take: () => { snapshot: DatagramSnapshot; own: ClassCounts; atMs: number }) {
    this.#take = take
  }

  /** The socket has ended: its figures stay as they are. Nobody will get what is left in the ring. */
  freeze(): void {
    if (this.#final !== null) return
    const last = this.#take()
    const left = inRing(flatten(last.snapshot, last.own))
    this.#final = { ...last, own: { ...last.own, discarded: last.own.discarded + left } }
  }

  read(): UdpStats {
    const { snapshot, own, atMs } = this.#final ?? this.#take()
    const counts = flatten(snapshot, own)
    const base = this.#base
    const get = (name: string): number => (counts[name] ?? 0) - (base[name] ?? 0)
    const errors = Object.keys(counts).filter((name) => name.startsWith(ERRORS))
    return new Stats(get, errors, atMs, this.#epoch, this.#epochMs)
  }

  reset(): void {
    const { snapshot, own, atMs } = this.#final ?? this.#take()
    this.#base = baselineOf(flatten(snapshot, own))
    this.#epoch++
    this.#epochMs = atMs
  }
}

type Get = (name: string) => number

class Stats implements UdpStats {
  readonly atMs: number
  readonly send: UdpStats['send']
  readonly sendCalls: UdpStats['sendCalls']
  readonly receive: UdpStats['receive']
  readonly memory: UdpStats['memory']
  readonly errors: UdpStats['errors']
  readonly derived: UdpStats['derived']
  readonly #epoch: number
  readonly #epochMs: number

  constructor(get: Get, errors: readonly string[], atMs: number, epoch: number, epochMs: number) {
    this.atMs = atMs
    this.#epoch = epoch
    this.#epochMs = epochMs
    this.send = sendGroup(get)
    this.sendCalls = sendCallsGroup(get)
    this.receive = receiveGroup(get)
    this.memory = memoryGroup(get)
    this.errors = errorsGroup(get, errors)
    const { batchesSent } = this.sendCalls
    this.derived = { averagePacketsPerBatch: batchesSent === 0 ? 0 : this.send.packetsSent / batchesSent }
  }

  rate(previous: UdpStats): UdpRate {
    // After a reset the counters begin at zero: so does the time.
    const since = previous instanceof Stats && previous.#epoch === this.#epoch ? previous : null
    const seconds = (this.atMs - (since?.atMs ?? this.#epochMs)) / 1000
    const per = (now: number, before: number): number => (seconds > 0 ? (now - before) / seconds : 0)
    return {
      seconds,
      packetsSentPerSecond: per(this.send.packetsSent, since?.send.packetsSent ?? 0),
      bytesSentPerSecond: per(this.send.bytesSent, since?.send.bytesSent ?? 0),
      packetsReceivedPerSecond: per(this.receive.packetsReceived, since?.receive.packetsReceived ?? 0),
      bytesReceivedPerSecond: per(this.receive.bytesReceived, since?.receive.bytesReceived ?? 0),
    }
  }
}

const cells = (get: Get, name: string, count: number): number[] =>
  Array.from({ length: count }, (_, i) => get(`socket.${name}${String(i)}`))

function sendGroup(get: Get): UdpStats['send'] {
  return {
    packetsQueued: get('link.queued'),
    packetsRefused: get('refused'),
    packetsSent: get('link.sent'),
    packetsFailed: get('link.failed'),
    packetsDropped: {
      expired: get('link.expired'),
      evicted: get('link.evicted'),
      aborted: get('link.aborted'),
      closed: get('link.closed'),
    },
    packetsPending: get('link.pending'),
    bytesQueued: get('link.queuedBytes'),
    bytesSent: get('link.sentBytes'),
    pendingByClass: [get('link.pendingLow'), get('link.pendingNormal'), get('link.pendingHigh')],
    oldestPendingMs: get('link.oldestPendingMs'),
  }
}

function sendCallsGroup(get: Get): UdpStats['sendCalls'] {
  return {
    batchesSent: get('socket.batchesSent'),
    sendCalls: get('socket.sendCalls'),
    partialSends: get('socket.partialSends'),
    wouldBlock: get('socket.wouldBlock'),
    noBuffers: get('socket.noBuffers'),
    retries: get('socket.retries'),
    gsoSends: get('socket.gsoSends'),
    gsoSegments: get('socket.gsoSegments'),
    gsoFallbacks: get('socket.gsoFallbacks'),
    zeroCopyReplies: get('socket.zeroCopyReplies'),
    drains: get('drains'),
    sendBatchHistogram: cells(get, 'sendBatch', 8),
    queueDelayHistogram: cells(get, 'queueDelay', 16),
  }
}

function receiveGroup(get: Get): UdpStats['receive'] {
  return {
    packetsReceived: get('socket.packetsReceived'),
    bytesReceived: get('socket.bytesReceived'),
    packetsDelivered: get('delivered'),
    packetsInRing: get('receive.published') - get('delivered') - get('discarded'),
    batchesReceived: get('socket.batchesReceived'),
    receiveCalls: get('socket.receiveCalls'),
    groMessages: get('socket.groMessages'),
    groSegments: get('socket.groSegments'),
    receiveDropped: {
      noSlot: get('socket.droppedNoSlot'),
      oversize: get('socket.droppedOversize'),
      closed: get('socket.droppedClosed') + get('discarded'),
    },
    kernelDrops: get('kernelDrops'),
    receiveBatchHistogram: cells(get, 'receiveBatch', 8),
  }
}

function memoryGroup(get: Get): UdpStats['memory'] {
  return {
    slots: get('socket.slots'),
    slotsReading: get('socket.slotsReading'),
    slotsFree: get('socket.slotsFree'),
    slotsHeld: get('socket.slotsHeld'),
    largeSlotsFree: get('socket.largeSlotsFree'),
    leasesActive: get('leasesActive'),
    leasesCopied: get('leasesCopied'),
    peers: get('socket.peers'),
    peersEvicted: get('socket.peersEvicted'),
  }
}

function errorsGroup(get: Get, names: readonly string[]): UdpStats['errors'] {
  const errorsByCode: Record<string, number> = {}
  for (const name of names) {
    const count = get(name)
    const code = name.slice(ERRORS.length)
    if (count > 0) errorsByCode[code === 'Other' ? 'other' : code] = count
  }
  return {
    errorsByCode,
    peerErrors: get('socket.peerErrors'),
    errorsSuppressed: get('suppressed') + get('receive.eventsSuppressed'),
    receiveErrors: get('socket.receiveErrors'),
  }
}
