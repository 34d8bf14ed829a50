import { performance } from 'node:perf_hooks'
import { bufferView } from '../runtime'
import { addon, type ServerHandle } from './addon'
import type { Engine } from './engine'
import {
  LinkLife,
  LinkWord,
  PEER_BYTES,
  REQUEST_COLUMNS,
  SERVER_COUNTERS,
  SERVER_FIELDS,
  type ServerCounters,
  type ServerFields,
  WORD_BYTES,
  linkBytes,
  requestColumnOffset,
} from './layout'
import type { EngineLink } from './link-host'
import { PeerPage, type RemoteAddress } from './peer-page'
import { ReplyRing } from './reply-ring'
import { RingReader } from './ring-reader'
import { sharedMemories } from './shared-memory'

const WORD = WORD_BYTES / 4
const TAIL = LinkWord.requestTail * WORD
const HEAD = LinkWord.requestHead * WORD
const SLEEPS = LinkWord.jsSleeps * WORD
const WAITS = LinkWord.jsWaits * WORD
const LIFE = LinkWord.life * WORD

export interface RequestLinkOptions {
  readonly config: Omit<ServerFields, 'clockOffsetMs'>
  readonly transmitBytes: number
  /** Requests handed over at most in one call of `onRequests`. */
  readonly maxBatchEntries: number
  /** ms after which other work of the event loop gets its turn. */
  readonly maxBatchMs: number
  /** Requests [first, end) of the ring, indices into the columns; never wraps. Must not throw. */
  readonly onRequests: (first: number, end: number) => void
  /** There is room for replies again. False = still not enough. */
  readonly onRoom: () => boolean
  /** The server has finished; nothing comes any more. */
  readonly onRetired: () => void
}

/** Where it listens, or why not. */
export type ListenResult =
  | { readonly tcp?: RemoteAddress; readonly udp?: RemoteAddress }
  | { readonly errno: number; readonly syscall: string; readonly address: string; readonly port: number }

/** JavaScript's end of a native request server: the one reader of its request ring and the one writer of its reply ring. */
export class RequestLink implements EngineLink {
  readonly slab: Buffer
  readonly offset: Uint32Array
  readonly headerBytes: Uint32Array
  readonly bodyBytes: Uint32Array
  /** Signed, so that every value is a small integer to V8. */
  readonly requestId: Int32Array
  readonly connectionId: Uint32Array
  readonly connectionGeneration: Uint32Array
  readonly peerId: Uint32Array
  readonly flags: Uint8Array
  readonly receivedAtMs: Float64Array
  readonly entries: number
  readonly replies: ReplyRing
  readonly peers: PeerPage
  readonly engine: Engine
  readonly #options: RequestLinkOptions
  readonly #words: Int32Array
  readonly #counters: Float64Array
  readonly #handle: ServerHandle
  readonly #reader: RingReader
  // Asked of the slab once: its getters are calls into the engine.
  readonly #slabBuffer: ArrayBufferLike
  readonly #slabStart: number
  #retired = false

  constructor(engine: Engine, options: RequestLinkOptions) {
    const { config } = options
    this.engine = engine
    this.#options = options
    this.entries = config.ringEntries
    // Handlers' times are on JavaScript's clock.
    const all: ServerFields = { ...config, clockOffsetMs: performance.now() - addon().nowMs() }
    const fields = Float64Array.from(SERVER_FIELDS, (name) => all[name])
    const memory = sharedMemories({
      link: linkBytes(this.entries),
      slab: addon().requestMemoryBytes(fields),
      transmit: options.transmitBytes,
      peers: (config.maxConnections + config.udpPeers) * PEER_BYTES,
      counters: SERVER_COUNTERS.length * 8,
    })
    const { link, slab, transmit, peers, counters } = memory
    this.slab = Buffer.from(slab.buffer, slab.byteOffset, slab.byteLength)
    this.#slabBuffer = slab.buffer
    this.#slabStart = slab.byteOffset
    this.#words = new Int32Array(link.buffer, link.byteOffset, WORD * 8)
    this.#counters = new Float64Array(counters.buffer, counters.byteOffset, SERVER_COUNTERS.length)
    const u32 = (name: ColumnName): Uint32Array =>
      new Uint32Array(link.buffer, columnAt(link, this.entries, name), this.entries)
    this.offset = u32('offset')
    this.headerBytes = u32('headerBytes')
    this.bodyBytes = u32('bodyBytes')
    this.requestId = new Int32Array(link.buffer, columnAt(link, this.entries, 'requestId'), this.entries)
    this.connectionId = u32('connectionId')
    this.connectionGeneration = u32('connectionGeneration')
    this.peerId = u32('peerId')
    this.flags = new Uint8Array(link.buffer, columnAt(link, this.entries, 'flags'), this.entries)
    this.receivedAtMs = new Float64Array(link.buffer, columnAt(link, this.entries, 'receivedAtMs'), this.entries)
    this.replies = new ReplyRing(link, transmit, this.entries)
    this.peers = new PeerPage(peers, config.udpPeers)
    this.#reader = new RingReader(this.#words, {
      tail: TAIL,
      head: HEAD,
      sleeps: SLEEPS,
      entries: this.entries,
      maxBatchEntries: options.maxBatchEntries,
      maxBatchMs: options.maxBatchMs,
      deliver: options.onRequests,
      ready: () => !this.#retired,
      again: () => {
        this.drain()
      },
    })
    this.#handle = new (addon().ServerHandle)(engine.handle, fields, slab, link, transmit, peers, counters)
    engine.attach(this)
  }

  get retired(): boolean {
    return this.#retired
  }

  /** A Buffer on `bytes` of the slab, from `offset`. */
  view(offset: number, bytes: number): Buffer {
    return bufferView(this.#slabBuffer, this.#slabStart + offset, bytes)
  }

  /** Binds and starts. With port 0 TCP takes a free one and UDP the same number. */
  listen(host: string, port: number, tcp: boolean, udp: boolean): ListenResult {
    const bound = new Uint8Array(2 * PEER_BYTES)
    let errno = this.#handle.listen(host, port, tcp, udp, bound)
    const failed = { syscall: bound[0] === 1 || !tcp ? 'bind' : 'listen', address: host, port }
    if (errno !== 0) return { errno, ...failed }
    // Inline it has started by now; with a thread the end of the server is reported if it could not.
    errno = -this.counters().startErrno
    if (errno !== 0) return { errno, syscall: 'epoll_ctl', address: host, port }
    const page = new PeerPage(bound, 2)
    return { ...(tcp ? { tcp: page.address(0) } : {}), ...(udp ? { udp: page.address(1) } : {}) }
  }

  drainServer(graceMs: number): void {
    if (!this.#retired) this.#handle.drain(graceMs)
  }

  destroyServer(): void {
    if (!this.#retired) this.#handle.destroy()
  }

  counters(): ServerCounters {
    const result: Partial<ServerCounters> = {}
    SERVER_COUNTERS.forEach((name, index) => {
      result[name] = this.#counters[index]
    })
    return result as ServerCounters
  }

  publish(): boolean {
    return this.replies.publish()
  }

  /** Steps C0 to C4 of the hand-over; ARCHITECTURE.md has the proof that no wake-up is lost. */
  drain(): void {
    if (this.#retired) return
    if (this.engine.closed) {
      this.#retire()
      return
    }
    // What the last burst used is free by now.
    this.replies.refresh()
    if (!this.#reader.drain(this.engine)) return
    if (this.#retired) return
    this.#resumeReplies()
    if (Atomics.load(this.#words, LIFE) === LinkLife.retired) this.#retire()
  }

  /** The server has never listened: its memory is let go. */
  discard(): void {
    if (this.#retired) return
    this.#retired = true
    this.#handle.dispose()
    this.engine.detach(this)
  }

  /** Called when a reply found no room: `onRoom` is called as soon as there may be some. */
  waitForRoom(): void {
    // Inline, the reactor runs in this very thread: it takes the replies now.
    if (this.engine.drive === 'inline') this.engine.flush()
    this.#resumeReplies()
  }

  #resumeReplies(): void {
    this.replies.refresh()
    while (!this.#options.onRoom()) {
      if (this.#reader.fallAsleep(WAITS, () => this.replies.refresh())) return
    }
  }

  #retire(): void {
    this.discard()
    this.#options.onRetired()
  }
}

type ColumnName = (typeof REQUEST_COLUMNS)[number]['name']

function columnAt(link: Uint8Array, entries: number, name: ColumnName): number {
  const index = REQUEST_COLUMNS.findIndex((column) => column.name === name)
  return link.byteOffset + requestColumnOffset(entries, index)
}
