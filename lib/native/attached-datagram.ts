import { ErrorCode, NetvolleyError, optionInvalid } from '../errors'
import type {
  AttachedDatagramOptions,
  DatagramCapabilities,
  DatagramMemoryUse,
  DatagramOptions,
  DatagramSink,
  DatagramSnapshot,
  Errno,
  HotDatagramOption,
  RemoteAddress,
} from '../runtime'
import { addon } from './addon'
import { AttachedHost } from './attached-host'
import type { LinkSizes } from './datagram-layout'
import { DatagramLink } from './datagram-link'
import { type LinkMemory, memoryUse, slotsOf } from './datagram-memory'
import { SocketCounterPage, ownCounts } from './datagram-snapshot'
import { LinkedDatagram } from './linked-datagram'

const nextTick = process.nextTick.bind(process)

/** What a socket's owner gives away, to be posted to another thread: shared memory, numbers and texts. */
export interface SharedDatagram {
  readonly kind: 'netvolley.udp'
  /** Taken once. */
  readonly shareId: number
  readonly sizes: LinkSizes
  readonly memory: LinkMemory & {
    readonly slab: Uint8Array
    readonly peers: Uint8Array
    readonly page: Uint8Array
    readonly enginePage: Uint8Array
  }
  readonly stages: readonly { readonly id: number; readonly bytes: Uint8Array }[]
  readonly local: RemoteAddress
  readonly remote: RemoteAddress | null
  readonly options: DatagramOptions
  readonly backend: string
  readonly gro: boolean
}

/** An end of a datagram socket that another thread owns: it sends and receives; the socket itself is the owner's. */
export class AttachedDatagram extends LinkedDatagram {
  readonly #shared: SharedDatagram
  readonly #sink: DatagramSink
  readonly #onEnd: () => void
  readonly #host: AttachedHost
  readonly #link: DatagramLink
  readonly #counters: SocketCounterPage
  readonly #stages: { id: number; bytes: Uint8Array }[]
  #ended = false
  #ending = false
  #wantsRef = true
  #hasRef = false
  #last: DatagramSnapshot | null = null

  /** @throws ERR_NETVOLLEY_OPTION_INVALID, ERR_NETVOLLEY_SOCKET_CLOSED */
  constructor(
    handle: unknown,
    options: AttachedDatagramOptions,
    sink: DatagramSink,
    onEnd: () => void = () => undefined,
  ) {
    super()
    this.#onEnd = onEnd
    const shared = checkShared(handle)
    this.#shared = shared
    this.#sink = sink
    this.#stages = [...shared.stages]
    this.#counters = new SocketCounterPage(shared.memory.page)
    const all = { ...shared.options, ...lowered(shared.options, options) }
    this.#host = new AttachedHost(shared.shareId, shared.memory)
    const { memory, sizes } = shared
    this.#link = new DatagramLink(this.#host, {
      sizes,
      memory,
      slots: { small: all.slots, large: all.largeSlots },
      limits: {
        maxQueuedPackets: all.maxQueuedPackets,
        maxQueuedBytes: all.maxQueuedBytes,
        reservedHighPackets: all.reservedHighPackets,
        drainRatio: all.drainRatio,
        evictLower: all.overflow === 'evictLower',
      },
      batchSize: all.batchSize,
      maxBatchEntries: all.maxBatchEntries,
      maxBatchMs: all.maxBatchMs,
      destinations: { family: all.family, capacity: all.maxPeers },
      maxKnownPeers: Math.max(all.maxPeers, slotsOf(all)),
      writeDestination: (index, host, port) =>
        addon().writeDestination(memory.destinations, index, host, port, all.family === 'dual'),
      sink,
      onNotice: () => undefined,
      onRetired: () => {
        this.#onRetired()
      },
    })
    this.#host.attach(this.#link)
    this.#applyRef()
    nextTick(() => {
      if (this.#ended) return
      sink.open(shared.local)
      if (shared.remote !== null) sink.connected(shared.remote, shared.local)
      // The socket may have ended between its message and now: then nobody rings.
      this.#link.drain()
    })
  }

  get capabilities(): DatagramCapabilities {
    const { gsoMaxSegments } = this.#counters.read()
    const { backend, gro } = this.#shared
    return {
      backend,
      drive: 'thread',
      batching: backend === 'mmsg',
      gsoMaxSegments,
      gro,
      ecn: true,
      packetInfo: true,
      timestamps: true,
      txtime: false,
      reusePortBalancing: true,
      receiveBufferBytes: 0,
      sendBufferBytes: 0,
    }
  }

  protected get link(): DatagramLink {
    return this.#link
  }

  protected get connectedTo(): RemoteAddress | null {
    return this.#shared.remote
  }

  protected get page(): Uint8Array {
    return this.#shared.memory.page
  }

  bind(): void {
    throw ownersMatter('bind()')
  }

  connect(): void {
    throw ownersMatter('connect()')
  }

  setReading(on: boolean): void {
    if (!this.#ended && !this.#ending) this.#link.setReading(on)
  }

  set(option: HotDatagramOption, value: number | boolean | string): Errno {
    if (this.setOwn(option, value)) return 0
    if (option !== 'batchSize') throw ownersMatter(`setOptions({ ${option} })`)
    this.#link.batchSize = Number(value)
    return 0
  }

  membership(): Errno {
    throw ownersMatter('a multicast membership')
  }

  steer(): Errno {
    throw ownersMatter('steering')
  }

  share(): unknown {
    throw ownersMatter('share()')
  }

  snapshot(): DatagramSnapshot {
    if (this.#last !== null) return this.#last
    const counters = this.#link.counters.read()
    const mine = ownCounts(counters, this.#link.sends, this.#link.retired)
    const { published, publishedBytes, eventsSuppressed } = counters
    return {
      link: mine,
      all: mine,
      receive: { published, publishedBytes, eventsSuppressed },
      socket: this.#counters.read(),
      kernelDrops: 0,
    }
  }

  memory(): DatagramMemoryUse {
    return memoryUse(this.#shared.options, this.capabilities.gro, this.stageBytes)
  }

  ref(on: boolean): void {
    this.#wantsRef = on
    this.#applyRef()
  }

  close(): void {
    this.#end(true)
  }

  abort(): void {
    this.#end(false)
  }

  protected makeArea(bytes: number): { id: number; bytes: Uint8Array } | null {
    const fits = this.#stages.findIndex((stage) => stage.id > 0 && stage.bytes.length >= bytes)
    return fits < 0 ? null : this.#stages.splice(fits, 1)[0]
  }

  protected cancelNow(token: number): void {
    if (!this.#ended) this.#host.handle.cancel(token)
  }

  #end(flushFirst: boolean): void {
    if (this.#ended || (this.#ending && flushFirst)) return
    this.#ending = true
    this.#applyRef()
    this.#link.end()
    this.#link.publish()
    this.#host.handle.detach(flushFirst)
  }

  #applyRef(): void {
    const on = !this.#ended && (this.#wantsRef || this.#ending)
    if (on === this.#hasRef) return
    this.#hasRef = on
    this.#host.ref(on)
  }

  #onRetired(): void {
    if (this.#ended) return
    this.#last = this.snapshot()
    this.#ended = true
    this.#applyRef()
    this.#host.detach(this.#link)
    this.#host.close()
    this.#onEnd()
    this.#sink.close(0, '')
  }
}

function ownersMatter(what: string): NetvolleyError {
  return new NetvolleyError(
    ErrorCode.SOCKET_STATE,
    `${what} is for the thread that owns the socket; this one is attached`,
  )
}

function checkShared(handle: unknown): SharedDatagram {
  const kind = (handle as { kind?: unknown } | null | undefined)?.kind
  if (kind === 'netvolley.udp') return handle as SharedDatagram
  throw optionInvalid('handle', handle, 'what share() of a UdpSocket gave')
}

/** Sizes were fixed when the end was made: they may only be lower. */
function lowered(fixed: DatagramOptions, given: AttachedDatagramOptions): AttachedDatagramOptions {
  for (const name of ['maxQueuedPackets', 'maxQueuedBytes', 'reservedHighPackets'] as const) {
    const value = given[name]
    if (value !== undefined && value > fixed[name]) {
      throw optionInvalid(name, value, `at most ${String(fixed[name])}, as it was when the socket was shared`)
    }
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}
