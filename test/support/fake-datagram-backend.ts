/**
 * The back end seam in memory, for the classes above it: sockets of one `FakeNetwork` reach each other by their ports. What a kernel
 * would do happens in a later turn, or, with `manual`, when the test says so.
 */
import { constants } from 'node:os'
import type { Network } from '../../lib/runtime'
import type {
  DatagramBackend,
  DatagramBatch,
  DatagramCapabilities,
  DatagramMemoryUse,
  DatagramOptions,
  DatagramSink,
  DatagramSnapshot,
  Literal,
  PriorityClass,
  RemoteAddress,
  SendMeta,
  SendStage,
} from '../../lib/runtime'

const { EINVAL, EADDRINUSE, ECANCELED, ENOBUFS } = constants.errno
const SLOT_BYTES = 2048
const TX_BYTES = 1 << 22

export interface FakeBehaviour {
  /** Nothing leaves the queue until `release()`. */
  blocked?: boolean
  /** Turns between the end of a refusal and `drain()`. */
  drainTurns?: number
  /** The socket dies in the turn in which it opens. */
  diesAtOpen?: boolean
  /** `keep()` says no. */
  keepsNothing?: boolean
  /** A send to that port fails. */
  failPorts?: ReadonlyMap<number, number>
  /** No stages. */
  stageless?: boolean
  /** What is received to one address in one burst is one entry, as by GRO, where the sizes are equal. */
  gro?: boolean
}

export interface FakePacket {
  readonly data: Buffer
  readonly to: RemoteAddress | null
  readonly priority: PriorityClass
  readonly segmentBytes: number
  readonly meta: SendMeta | null
  readonly token: number
}

/** Queued as one, sent as `datagrams`. */
interface Queued extends FakePacket {
  readonly datagrams: number
}

export class FakeNetwork implements Network {
  readonly name = 'sim'
  readonly capabilities = {} as Network['capabilities']
  readonly sockets: FakeDatagram[] = []
  readonly resolved: string[] = []
  behaviour: FakeBehaviour
  #lastPort = 40000

  constructor(behaviour: FakeBehaviour = {}) {
    this.behaviour = behaviour
  }

  resolve(host: string): Promise<{ address: string; family: 4 }[]> {
    this.resolved.push(host)
    if (host === 'localhost') return Promise.resolve([{ address: '127.0.0.1', family: 4 }])
    return Promise.reject(Object.assign(new Error(`no address for ${host}`), { code: 'ENOTFOUND' }))
  }

  openDatagram(options: DatagramOptions, sink: DatagramSink): FakeDatagram {
    const socket = new FakeDatagram(this, options, sink, this.behaviour)
    this.sockets.push(socket)
    return socket
  }

  newPort(): number {
    return ++this.#lastPort
  }

  at(port: number): FakeDatagram | undefined {
    return this.sockets.find(({ local, closed }) => local?.port === port && !closed)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

const column32 = (entries: number): Uint32Array => new Uint32Array(entries)
const column16 = (entries: number): Uint16Array => new Uint16Array(entries)
const column8 = (entries: number): Uint8Array => new Uint8Array(entries)

function makeColumns(entries: number): { -readonly [Name in keyof DatagramBatch]: DatagramBatch[Name] } {
  return {
    first: 0,
    end: 0,
    slab: new Uint8Array(new SharedArrayBuffer(entries * SLOT_BYTES)),
    offset: column32(entries),
    length: column32(entries),
    fullLength: column32(entries),
    segmentBytes: column16(entries),
    segmentCount: column16(entries),
    port: column16(entries),
    family: column8(entries),
    trafficClass: column8(entries),
    hopLimit: column8(entries),
    flags: column8(entries),
    peerId: column32(entries),
    slot: column32(entries),
    ordinal: column32(entries),
    generation: column32(entries),
    interfaceIndex: column32(entries),
    localAddress: column8(entries * 16),
    timestampSeconds: column32(entries),
    timestampNanoseconds: column32(entries),
  }
}

/** Ids of received peers are above those of `peer()`. */
const RECEIVED = 1 << 24

export class FakeDatagram implements DatagramBackend {
  readonly calls: string[] = []
  readonly wire: FakePacket[] = []
  readonly given: number[] = []
  readonly pins = new Map<number, number>()
  readonly tx = new Uint8Array(TX_BYTES)
  readonly options: DatagramOptions
  readonly sink: DatagramSink
  readonly columns = makeColumns(256)
  local: RemoteAddress | null = null
  closed = false
  reading = false
  referenced = false
  kernelDrops = 0
  readonly #network: FakeNetwork
  readonly #behaviour: FakeBehaviour
  readonly #peers: RemoteAddress[] = []
  readonly #senders: RemoteAddress[] = []
  readonly #generation = column32(256)
  #remote: RemoteAddress | null = null
  #queue: Queued[] = []
  #inbox: { data: Buffer; from: RemoteAddress; meta: SendMeta | null }[] = []
  #at = 0
  #reserved: { at: number; priority: PriorityClass; packets: number } | null = null
  #refusing = false
  #flushArmed = false
  #deliverArmed = false
  #counts = { queued: 0, queuedBytes: 0, sent: 0, sentBytes: 0, failed: 0, aborted: 0, closed: 0 }
  #received = { published: 0, publishedBytes: 0 }
  #limits: { packets: number; bytes: number }
  #next = 0
  #kept = false

  constructor(network: FakeNetwork, options: DatagramOptions, sink: DatagramSink, behaviour: FakeBehaviour) {
    this.#network = network
    this.options = options
    this.sink = sink
    this.#behaviour = behaviour
    this.#limits = { packets: options.maxQueuedPackets, bytes: options.maxQueuedBytes }
  }

  get capabilities(): DatagramCapabilities {
    return {
      backend: 'fake',
      drive: 'inline',
      batching: true,
      gsoMaxSegments: 1,
      gro: false,
      ecn: true,
      packetInfo: true,
      timestamps: true,
      txtime: false,
      reusePortBalancing: true,
      receiveBufferBytes: 0,
      sendBufferBytes: 0,
    }
  }

  #later(run: () => void): void {
    setImmediate(() => {
      if (!this.closed) run()
    })
  }

  bind(at: Literal): void {
    this.calls.push('bind')
    this.#later(() => {
      const port = at.port === 0 ? this.#network.newPort() : at.port
      if (this.#network.at(port) !== undefined && !this.options.reusePort) {
        this.#finish(-EADDRINUSE, 'bind')
        return
      }
      this.local = Object.freeze({ address: at.address, port, family: at.address.includes(':') ? 'IPv6' : 'IPv4' })
      this.sink.open(this.local)
      if (this.#behaviour.diesAtOpen === true) this.#finish(-EINVAL, 'epoll_ctl')
      else this.#armFlush()
    })
  }

  connect(to: Literal | null): void {
    this.calls.push(to === null ? 'disconnect' : 'connect')
    this.#later(() => {
      const errno = to === null ? undefined : this.#behaviour.failPorts?.get(to.port)
      if (errno !== undefined) {
        this.sink.connectFailed(-errno, 'connect')
        return
      }
      this.#remote = to === null ? null : { ...to, family: to.address.includes(':') ? 'IPv6' : 'IPv4' }
      this.sink.connected(this.#remote, this.local as RemoteAddress)
    })
  }

  peer({ address, port }: Literal): number {
    let index = this.#peers.findIndex((one) => one.address === address && one.port === port)
    if (index < 0) {
      if (this.#peers.length >= this.options.maxPeers) return -ENOBUFS
      index = this.#peers.push({ address, port, family: address.includes(':') ? 'IPv6' : 'IPv4' }) - 1
    }
    this.pins.set(index + 1, (this.pins.get(index + 1) ?? 0) + 1)
    return index + 1
  }

  releasePeer(id: number): void {
    this.pins.set(id, (this.pins.get(id) ?? 0) - 1)
  }

  remote(peer: number): RemoteAddress {
    return peer >= RECEIVED ? this.#senders[peer - RECEIVED] : this.#peers[peer - 1]
  }

  get pendingPackets(): number {
    return this.#queue.reduce((sum, { datagrams }) => sum + datagrams, 0)
  }

  get pendingBytes(): number {
    return this.#queue.reduce((sum, { data }) => sum + data.length, 0)
  }

  #hasRoom(bytes: number, packets: number): boolean {
    const room =
      this.pendingPackets + packets <= this.#limits.packets && this.pendingBytes + bytes <= this.#limits.bytes
    if (!room) this.#refusing = true
    return room
  }

  reserve(bytes: number, priority: PriorityClass, packets: number): number {
    if (!this.#hasRoom(bytes, packets)) return -1
    if (this.#at + bytes > TX_BYTES) this.#at = 0
    this.#reserved = { at: this.#at, priority, packets }
    return this.#at
  }

  commit(bytes: number, peer: number, segmentBytes: number, meta: SendMeta | null, token: number): void {
    if (this.#reserved === null) throw new Error('commit() without reserve()')
    const { at, priority, packets } = this.#reserved
    this.#reserved = null
    this.#at = (at + bytes + 7) & -8
    this.#push(this.tx.subarray(at, at + bytes), peer, segmentBytes, priority, meta, token, packets)
  }

  #push(
    bytes: Uint8Array,
    peer: number,
    segmentBytes: number,
    priority: PriorityClass,
    meta: SendMeta | null,
    token: number,
    datagrams: number,
  ): void {
    const to = peer === 0 ? null : this.remote(peer)
    this.#queue.push({ data: Buffer.from(bytes), to, priority, segmentBytes, meta, token, datagrams })
    this.#counts.queued += datagrams
    this.#counts.queuedBytes += bytes.length
    this.#armFlush()
  }

  sendSlot(
    slot: number,
    offset: number,
    bytes: number,
    peer: number,
    segmentBytes: number,
    priority: PriorityClass,
    meta: SendMeta | null,
  ): boolean {
    this.calls.push(`sendSlot ${String(slot)}`)
    const packets = segmentBytes === 0 ? 1 : Math.max(1, Math.ceil(bytes / segmentBytes))
    if (!this.#hasRoom(bytes, packets)) return false
    this.#push(this.columns.slab.subarray(offset, offset + bytes), peer, segmentBytes, priority, meta, 0, packets)
    return true
  }

  stage(bytes: number): SendStage | null {
    return this.#behaviour.stageless === true ? null : { id: 1, bytes: new Uint8Array(bytes), busy: false }
  }

  releaseStage(): void {
    this.calls.push('releaseStage')
  }

  sendStaged(
    stage: SendStage,
    offset: number,
    bytes: number,
    peer: number,
    segmentBytes: number,
    priority: PriorityClass,
    meta: SendMeta | null,
  ): boolean {
    const packets = segmentBytes === 0 ? 1 : Math.ceil(bytes / segmentBytes)
    if (!this.#hasRoom(bytes, packets)) return false
    this.#push(stage.bytes.subarray(offset, offset + bytes), peer, segmentBytes, priority, meta, 0, packets)
    return true
  }

  cancel(token: number): void {
    const index = this.#queue.findIndex((one) => one.token === token)
    if (index < 0) return
    this.#queue.splice(index, 1)
    this.#counts.aborted++
    this.#later(() => {
      this.sink.sent(token, -ECANCELED)
    })
  }

  flush(): void {
    this.calls.push('flush')
    this.#armFlush()
  }

  #armFlush(): void {
    if (this.#flushArmed || this.local === null) return
    this.#flushArmed = true
    this.#later(() => {
      this.#flushArmed = false
      this.send()
    })
  }

  /** `blocked` no more. */
  release(): void {
    this.#behaviour.blocked = false
    this.#armFlush()
  }

  /** What a turn of the reactor would do: `packets` of the queue leave it. */
  send(packets = this.#behaviour.blocked === true ? 0 : this.#queue.length): void {
    for (const packet of this.#queue.splice(0, packets)) this.#sendOne(packet)
    const { maxQueuedPackets, drainRatio } = this.options
    if (!this.#refusing || this.pendingPackets > maxQueuedPackets * drainRatio) return
    this.#refusing = false
    let turns = this.#behaviour.drainTurns ?? 0
    const drain = (): void => {
      if (turns-- > 0) this.#later(drain)
      else this.sink.drain()
    }
    drain()
  }

  #sendOne(packet: Queued): void {
    const to = packet.to ?? this.#remote
    const errno = to === null ? undefined : this.#behaviour.failPorts?.get(to.port)
    if (errno !== undefined) {
      this.#counts.failed += packet.datagrams
      if (packet.token !== 0) this.sink.sent(packet.token, -errno)
      else this.sink.sendFailed(-errno, to, packet.data.length, 0)
      return
    }
    this.wire.push(packet)
    this.#counts.sent += packet.datagrams
    this.#counts.sentBytes += packet.data.length
    if (packet.token !== 0) this.sink.sent(packet.token, 0)
    const step = packet.segmentBytes === 0 ? Math.max(1, packet.data.length) : packet.segmentBytes
    const target = to === null ? undefined : this.#network.at(to.port)
    for (let at = 0; at === 0 || at < packet.data.length; at += step) {
      target?.arrive(packet.data.subarray(at, at + step), this.local as RemoteAddress, packet.meta)
    }
  }

  arrive(data: Buffer, from: RemoteAddress, meta: SendMeta | null = null): void {
    if (this.#inbox.length >= 1000) this.kernelDrops++
    else this.#inbox.push({ data, from, meta })
    this.#armDeliver()
  }

  setReading(on: boolean): void {
    this.reading = on
    this.#armDeliver()
  }

  #armDeliver(): void {
    if (this.#deliverArmed || !this.reading || this.#inbox.length === 0) return
    this.#deliverArmed = true
    this.#later(() => {
      this.#deliverArmed = false
      try {
        if (this.reading) this.#deliver()
      } finally {
        this.#armDeliver()
      }
    })
  }

  #deliver(): void {
    const c = this.columns
    const start = this.#next
    const burst = this.#inbox.splice(0, 256 - start)
    for (const [k, { data, from, meta }] of burst.entries()) this.#fill(start + k, data, from, meta)
    const end = start + burst.length
    if (this.#behaviour.gro === true && burst.length > 1) this.#joinAll(start, end)
    c.first = start
    c.end = this.#behaviour.gro === true ? start + 1 : end
    this.#next = end === 256 ? 0 : end
    this.#received.published += burst.length
    this.#received.publishedBytes += burst.reduce((sum, { data }) => sum + data.length, 0)
    this.#kept = false
    try {
      this.sink.batch(c, burst.length)
    } finally {
      for (let i = start; i < end; i++) {
        if (this.#kept) continue
        this.#generation[i]++
        if (this.options.poison) c.slab.fill(0xdb, c.offset[i], c.offset[i] + c.length[i])
      }
    }
  }

  #fill(i: number, data: Buffer, from: RemoteAddress, meta: SendMeta | null): void {
    const c = this.columns
    let sender = this.#senders.findIndex((one) => one.address === from.address && one.port === from.port)
    if (sender < 0) sender = this.#senders.push(from) - 1
    c.offset[i] = i * SLOT_BYTES
    c.slab.set(data.subarray(0, SLOT_BYTES), i * SLOT_BYTES)
    c.length[i] = Math.min(data.length, SLOT_BYTES)
    c.fullLength[i] = data.length
    c.segmentBytes[i] = 0
    c.segmentCount[i] = 1
    c.port[i] = from.port
    c.family[i] = 4
    c.trafficClass[i] = meta?.trafficClass ?? 0
    c.hopLimit[i] = meta?.hopLimit ?? 64
    c.flags[i] = (data.length === 0 ? 2 : 0) | (this.options.timestamps ? 4 : 0) | (this.options.packetInfo ? 8 : 0)
    c.peerId[i] = RECEIVED + sender
    c.slot[i] = i
    c.generation[i] = this.#generation[i]
    c.interfaceIndex[i] = 1
    c.localAddress.set([127, 0, 0, 1], i * 16)
    c.timestampSeconds[i] = 1_700_000_000
    c.timestampNanoseconds[i] = 250_000_000
  }

  #joinAll(start: number, end: number): void {
    const c = this.columns
    const size = c.length[start]
    for (let i = start + 1; i < end; i++) {
      c.slab.copyWithin(start * SLOT_BYTES + (i - start) * size, i * SLOT_BYTES, i * SLOT_BYTES + c.length[i])
      c.length[start] += c.length[i]
    }
    c.segmentBytes[start] = size
    c.segmentCount[start] = end - start
  }

  keep(): boolean {
    if (this.#behaviour.keepsNothing === true) return false
    this.#kept = true
    return true
  }

  giveBack(slots: Uint32Array): void {
    for (const slot of slots) {
      this.given.push(slot)
      this.#generation[slot]++
    }
  }

  isCurrent(slot: number, generation: number): boolean {
    return this.#generation[slot] === generation
  }

  set(option: string, value: unknown): number {
    this.calls.push(`set ${option} ${String(value)}`)
    if (option === 'maxQueuedPackets') this.#limits.packets = value as number
    return option === 'sendBufferBytes' && value === 666 ? -EINVAL : 0
  }

  membership(group: string, source: string, interfaceName: string, join: boolean): number {
    this.calls.push(`membership ${group} ${source} ${interfaceName} ${String(join)}`)
    return group === '239.0.0.66' ? -ENOBUFS : 0
  }

  steer(count: number): number {
    this.calls.push(`steer ${String(count)}`)
    return 0
  }

  share(): unknown {
    return null
  }

  snapshot(): DatagramSnapshot {
    const levels = { pending: this.pendingPackets, pendingLow: 0, pendingNormal: this.pendingPackets, pendingHigh: 0 }
    const link = { ...this.#counts, ...levels, expired: 0, evicted: 0, oldestPendingMs: 0 }
    return {
      link,
      all: link,
      receive: { ...this.#received, eventsSuppressed: 0 },
      socket: {
        packetsReceived: this.#received.published,
        batchesSent: 1,
        slots: 256,
        slotsFree: 256,
        errorsECONNREFUSED: 3,
      },
      kernelDrops: this.kernelDrops,
    }
  }

  memory(): DatagramMemoryUse {
    return { slotsBytes: 1, ringsBytes: 2, transmitBytes: 3, peersBytes: 4, totalBytes: 10, formula: '1 + 2 + 3 + 4' }
  }

  ref(on: boolean): void {
    this.referenced = on
  }

  close(): void {
    this.calls.push('close')
    const step = (): void => {
      if (this.#behaviour.blocked !== true) this.send()
      if (this.#queue.length === 0) this.#finish(0, '')
      else this.#later(step)
    }
    this.#later(step)
  }

  abort(): void {
    this.calls.push('abort')
    this.#later(() => {
      this.#finish(0, '')
    })
  }

  #finish(errno: number, syscall: string): void {
    if (this.closed) return
    this.closed = true
    const dropped = this.#queue.reduce((sum, { datagrams }) => sum + datagrams, 0)
    this.#queue = []
    this.#counts[errno === 0 ? 'closed' : 'failed'] += dropped
    this.sink.close(errno, syscall)
  }
}
