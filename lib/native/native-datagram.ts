import { constants } from 'node:os'
import { performance } from 'node:perf_hooks'
import { optionInvalid } from '../errors'
import type {
  DatagramCapabilities,
  DatagramMemoryUse,
  DatagramOptions,
  DatagramSink,
  DatagramSnapshot,
  Errno,
  HotDatagramOption,
  Literal,
  RemoteAddress,
} from '../runtime'
import { type DatagramHandle, addon } from './addon'
import type { SharedDatagram } from './attached-datagram'
import { datagramFields, offloadsOf } from './datagram-config'
import { HOT_OPTIONS, type LinkCounters, MAX_SEND_AREAS, SOCKET_OPTIONS, sizesArray } from './datagram-layout'
import { DatagramLink } from './datagram-link'
import { type SocketMemory, linkMemory, linkSizes, memoryUse, slotsOf, socketMemory } from './datagram-memory'
import { SocketCounterPage, countsOf, ownCounts, sumOf } from './datagram-snapshot'
import { type Backend, type Drive, Engine, checkEngineOptions } from './engine'
import { chooseEngine } from './engine-choice'
import { PEER_BYTES } from './layout'
import { LinkedDatagram } from './linked-datagram'
import { readPeer } from './peer-page'
import { SharedEnds } from './shared-ends'
import { sharedMemory } from './shared-memory'

const { EBADF } = constants.errno
const nextTick = process.nextTick.bind(process)
/** Send batches of a shared link, each as large as its queue: their memory has to be the owner's, who outlives the other thread. */
const SHARED_STAGES = 4
const MOST_SHARED_STAGE_BYTES = 16 * 1024 * 1024

/** What a socket has from its first use until it has ended. */
interface Parts {
  readonly engine: Engine
  readonly owned: boolean
  readonly handle: DatagramHandle
  readonly link: DatagramLink
  readonly memory: SocketMemory
  readonly counters: SocketCounterPage
}

/** A datagram socket of the native engine, at the thread that opened it. */
export class NativeDatagram extends LinkedDatagram {
  /** As they were given: sizes come from these. */
  readonly #given: DatagramOptions
  readonly #sink: DatagramSink
  readonly #onEnd: () => void
  readonly #openEngine: () => { engine: Engine; owned: boolean }
  readonly #chosen: { readonly drive: string; readonly backend: string }
  #options: DatagramOptions
  #parts: Parts | null = null
  #started = false
  #ending = false
  #ended = false
  #wantsRef = true
  #hasRef = false
  #local: RemoteAddress | null = null
  #remote: RemoteAddress | null = null
  #failure: { errno: Errno; syscall: string } | null = null
  readonly #ends = new SharedEnds((link) => {
    this.#parts?.handle.forgetLink(link)
  })
  #gsoMaxSegments = 1
  #last: DatagramSnapshot | null = null

  /**
   * @param onEnd right before the sink's `close`
   * @throws ERR_NETVOLLEY_OPTION_INVALID, ERR_NETVOLLEY_OPTION_UNSUPPORTED, ERR_NETVOLLEY_BACKEND_UNAVAILABLE
   */
  constructor(options: DatagramOptions, sink: DatagramSink, onEnd: () => void = () => undefined) {
    super()
    this.#onEnd = onEnd
    const { engine, drive, backend, spinUs } = options.native
    this.#given = options
    this.#options = options
    this.#sink = sink
    this.#openEngine = chooseEngine(options.native)
    const own = { drive, backend, spinUs } as { drive?: Drive; backend?: Backend; spinUs?: number }
    this.#chosen = engine instanceof Engine ? engine : checkEngineOptions(own)
  }

  get capabilities(): DatagramCapabilities {
    const { drive, backend } = this.#chosen
    const options = this.#options
    const offloads = offloadsOf(options, backend)
    const bufferBytes = (option: number): number => {
      if (this.#parts === null || !this.#started || this.#ended) return 0
      return Math.max(0, this.#parts.handle.getSocketOption(option))
    }
    return {
      backend,
      drive,
      batching: backend === 'mmsg',
      gsoMaxSegments: this.#parts === null ? offloads.gsoMaxSegments : this.#gsoMaxSegments,
      gro: offloads.gro,
      ecn: true,
      packetInfo: true,
      timestamps: true,
      txtime: false,
      reusePortBalancing: true,
      receiveBufferBytes: bufferBytes(SOCKET_OPTIONS.indexOf('receiveBufferBytes')),
      sendBufferBytes: bufferBytes(SOCKET_OPTIONS.indexOf('sendBufferBytes')),
    }
  }

  protected get link(): DatagramLink {
    return (this.#parts ?? this.#make()).link
  }

  protected get connectedTo(): RemoteAddress | null {
    return this.#remote
  }

  protected get page(): Uint8Array {
    return (this.#parts ?? this.#make()).memory.page
  }

  bind(at: Literal): void {
    const { handle, link } = this.#parts ?? this.#make()
    const bound = new Uint8Array(PEER_BYTES)
    const errno = handle.open(at.address, at.port, bound)
    if (errno !== 0) {
      this.#fail(errno, 'bind')
      return
    }
    const local = readPeer(new DataView(bound.buffer), 0)
    this.#local = local
    this.#started = true
    this.#applyRef()
    nextTick(() => {
      if (!link.retired) this.#sink.open(local)
    })
  }

  connect(to: Literal | null): void {
    const { handle, link } = this.#parts ?? this.#make()
    // Those that are queued go where they were addressed.
    link.host.flush()
    const bound = new Uint8Array(PEER_BYTES)
    const errno = to === null ? handle.disconnect() : handle.connect(to.address, to.port, bound)
    if (to === null) this.#remote = null
    else if (errno === 0) this.#remote = remoteOf(to)
    const remote = this.#remote
    const local = errno === 0 && to !== null ? readPeer(new DataView(bound.buffer), 0) : this.#local
    nextTick(() => {
      if (link.retired) return
      if (errno === 0) this.#sink.connected(remote, local as RemoteAddress)
      else this.#sink.connectFailed(errno, 'connect')
    })
  }

  setReading(on: boolean): void {
    if (this.#ended || this.#ending) return
    const { handle, link } = this.#parts ?? this.#make()
    handle.setReading(on)
    link.setReading(on)
  }

  set(option: HotDatagramOption, value: number | boolean | string): Errno {
    this.#options = { ...this.#options, [option]: value }
    if (this.#parts === null || this.#ended) return 0
    if (this.setOwn(option, value)) return 0
    const { handle, link } = this.#parts
    const hot = (HOT_OPTIONS as readonly string[]).indexOf(option)
    if (hot < 0) return handle.setSocketOption((SOCKET_OPTIONS as readonly string[]).indexOf(option), Number(value))
    if (option === 'batchSize') link.batchSize = Number(value)
    handle.setHot(hot, Number(value))
    return 0
  }

  membership(group: string, source: string, interfaceName: string, join: boolean): Errno {
    return this.#parts?.handle.membership(group, source, interfaceName, join) ?? -EBADF
  }

  steer(count: number): Errno {
    return this.#parts?.handle.steer(count) ?? -EBADF
  }

  share(receive: boolean): SharedDatagram | null {
    const local = this.#local
    if (this.#parts === null || local === null || this.#ending || this.#ended) return null
    const { handle, memory, engine } = this.#parts
    // The memory of ends that have gone makes room.
    this.#ends.gone()
    const sizes = linkSizes(this.#given, receive)
    const own = linkMemory(this.#given, sizes)
    const shareId = handle.shareLink(own.link, own.transmit, own.destinations, sizesArray(sizes))
    if (shareId < 0) return null
    const link = this.#ends.add(own.link)
    const stageBytes = Math.min(this.#given.maxQueuedBytes, MOST_SHARED_STAGE_BYTES)
    const stages = Array.from({ length: SHARED_STAGES }, () => {
      const bytes = sharedMemory(stageBytes)
      return { id: handle.addArea(link, bytes), bytes }
    })
    return {
      kind: 'netvolley.udp',
      shareId,
      sizes,
      memory: { ...own, slab: memory.slab, peers: memory.peers, page: memory.page, enginePage: engine.page },
      stages,
      local,
      remote: this.#remote,
      // An engine cannot be posted.
      options: { ...this.#options, native: {} },
      backend: engine.backend,
      gro: offloadsOf(this.#given, engine.backend).gro,
    }
  }

  snapshot(): DatagramSnapshot {
    if (this.#last !== null) return this.#last
    const { counters, link, handle } = this.#parts ?? this.#make()
    if (!link.retired) link.settle()
    const gone = this.#ends.gone()
    let own = link.counters.read()
    let others: LinkCounters[] = []
    const socket = counters.read(() => {
      own = link.counters.read()
      others = this.#ends.read()
    })
    const { published, publishedBytes, eventsSuppressed } = own
    const mine = ownCounts(own, link.sends, link.retired)
    return {
      link: mine,
      all: sumOf([mine, ...others.map(countsOf), ...gone]),
      receive: { published, publishedBytes, eventsSuppressed },
      socket,
      kernelDrops: handle.kernelDrops(),
    }
  }

  memory(): DatagramMemoryUse {
    return memoryUse({ ...this.#given, batchSize: this.#options.batchSize }, this.capabilities.gro, this.stageBytes)
  }

  ref(on: boolean): void {
    this.#wantsRef = on
    this.#applyRef()
  }

  close(): void {
    if (this.#ending || this.#ended) return
    this.#ending = true
    const parts = this.#parts
    if (parts === null) {
      this.#endUnused()
      return
    }
    this.#applyRef()
    parts.link.end()
    parts.link.publish()
    if (this.#started) parts.handle.close()
    else parts.handle.abort()
  }

  abort(): void {
    if (this.#ended) return
    const parts = this.#parts
    if (parts === null) {
      if (!this.#ending) this.#endUnused()
      this.#ending = true
      return
    }
    this.#ending = true
    this.#applyRef()
    parts.link.end()
    parts.link.publish()
    parts.handle.abort()
  }

  protected makeArea(bytes: number): { id: number; bytes: Uint8Array } | null {
    const { handle } = this.#parts ?? this.#make()
    const area = sharedMemory(bytes)
    const id = handle.addArea(0, area)
    return id > 0 && id < MAX_SEND_AREAS ? { id, bytes: area } : null
  }

  protected cancelNow(token: number): void {
    this.#parts?.handle.cancel(token)
  }

  #make(): Parts {
    const { engine, owned } = this.#openEngine()
    const given = this.#given
    const offloads = offloadsOf(given, engine.backend)
    const clockOffsetMs = performance.now() - addon().nowMs()
    const fields = datagramFields({ ...given, ...this.#options }, offloads, clockOffsetMs)
    const sizes = linkSizes(given, true)
    const memory = socketMemory(given, sizes, addon().datagramSlabBytes(fields))
    const { slab, peers, page, transmit, destinations } = memory
    const handle = new (addon().DatagramHandle)(engine.handle, fields, slab, peers, page)
    const counters = new SocketCounterPage(page)
    const options = this.#options
    const link = new DatagramLink(engine, {
      sizes,
      memory,
      slots: { small: given.slots, large: given.largeSlots },
      limits: {
        maxQueuedPackets: options.maxQueuedPackets,
        maxQueuedBytes: options.maxQueuedBytes,
        reservedHighPackets: options.reservedHighPackets,
        drainRatio: options.drainRatio,
        evictLower: options.overflow === 'evictLower',
      },
      batchSize: options.batchSize,
      maxBatchEntries: options.maxBatchEntries,
      maxBatchMs: options.maxBatchMs,
      destinations: { family: given.family, capacity: given.maxPeers },
      maxKnownPeers: Math.max(given.maxPeers, slotsOf(given)),
      writeDestination: (index, host, port) =>
        addon().writeDestination(destinations, index, host, port, given.family === 'dual'),
      sink: this.#sink,
      onNotice: () => {
        this.#onNotice()
      },
      onRetired: () => {
        this.#onRetired()
      },
    })
    handle.addLink(memory.link, transmit, destinations, sizesArray(sizes))
    engine.attach(link)
    this.#gsoMaxSegments = offloads.gsoMaxSegments
    this.#parts = { engine, owned, handle, link, memory, counters }
    return this.#parts
  }

  /** What was queued before this becomes known has failed too, hence not at once. */
  #fail(errno: Errno, syscall: string): void {
    this.#failure = { errno, syscall }
    this.#applyRef()
    nextTick(() => {
      if (this.#parts === null || this.#ended) return
      this.#parts.link.publish()
      this.#parts.handle.fail(-errno)
    })
  }

  #applyRef(): void {
    if (this.#parts === null) return
    const busy = this.#failure !== null || (this.#ending && this.#parts !== null)
    const on = !this.#ended && (busy || (this.#started && this.#wantsRef))
    if (on === this.#hasRef) return
    this.#hasRef = on
    this.#parts.engine.ref(on)
  }

  #onNotice(): void {
    if (this.#parts === null) return
    const { gsoMaxSegments, capabilityErrno } = this.#parts.counters.read()
    if (gsoMaxSegments === this.#gsoMaxSegments || this.#ending) return
    this.#gsoMaxSegments = gsoMaxSegments
    this.#sink.capability(gsoMaxSegments, gsoMaxSegments > 1 || capabilityErrno === 0 ? 0 : -capabilityErrno)
  }

  #onRetired(): void {
    if (this.#parts === null || this.#ended) return
    const { engine, owned, handle, link, counters } = this.#parts
    this.#last = this.snapshot()
    const { closeErrno } = counters.read()
    this.#ended = true
    this.#applyRef()
    handle.dispose()
    engine.detach(link)
    if (owned) engine.close()
    const { errno, syscall } = this.#failure ?? { errno: closeErrno === 0 ? 0 : -closeErrno, syscall: 'sendmsg' }
    this.#onEnd()
    this.#sink.close(errno, errno === 0 ? '' : syscall)
  }

  /** Nothing was made: there is nothing to wait for. */
  #endUnused(): void {
    nextTick(() => {
      this.#ended = true
      this.#onEnd()
      this.#sink.close(0, '')
    })
  }
}

function remoteOf(to: Literal): RemoteAddress {
  const record = new Uint8Array(PEER_BYTES)
  if (addon().parseAddress(record, to.address, to.port) !== 0)
    throw optionInvalid('address', to.address, 'an IP literal')
  return readPeer(new DataView(record.buffer), 0)
}
