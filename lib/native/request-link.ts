import { performance } from 'node:perf_hooks'
import { setImmediate } from 'node:timers'
import { addon, type ServerHandle } from './addon'
import type { Engine, EngineLink } from './engine'
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
import { bufferView } from './buffer-view'
import { PeerPage, type RemoteAddress } from './peer-page'
import { ReplyRing } from './reply-ring'
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
  // Asked of the slab once: its getters are calls into the engine.
  readonly #slabBuffer: ArrayBufferLike
  readonly #slabStart: number
  #head = 0
  #retired = false
  #drainArmed = false

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
    Atomics.store(this.#words, SLEEPS, 1)
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
    const until = performance.now() + this.#options.maxBatchMs
    // What the last burst used is free by now.
    this.replies.refresh()
    Atomics.store(this.#words, SLEEPS, 0)
    for (;;) {
      while (!this.#retired && this.#deliver()) {
        // The reactor's thread can send while the next run is handled.
        if (this.engine.drive === 'thread') this.engine.flush()
        if (performance.now() >= until && this.#hasRequests()) {
          this.#drainLater()
          return
        }
      }
      if (this.#retired || this.#fallAsleep(SLEEPS, () => this.#hasRequests())) break
    }
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
      if (this.#fallAsleep(WAITS, () => this.replies.refresh())) return
    }
  }

  #fallAsleep(word: number, hasWork: () => boolean): boolean {
    Atomics.store(this.#words, word, 1)
    return !(hasWork() && Atomics.exchange(this.#words, word, 0) === 1)
  }

  #hasRequests(): boolean {
    return Atomics.load(this.#words, TAIL) >>> 0 !== this.#head
  }

  /** Hands over one run. False = there was none. */
  #deliver(): boolean {
    const tail = Atomics.load(this.#words, TAIL) >>> 0
    const used = (tail - this.#head) >>> 0
    if (used === 0) return false
    const first = this.#head & (this.entries - 1)
    const count = Math.min(used, this.#options.maxBatchEntries, this.entries - first)
    this.#head = (this.#head + count) >>> 0
    try {
      this.#options.onRequests(first, first + count)
    } catch (error) {
      // Leaving with nothing scheduled while the word says "awake" would lose the wake-up for ever.
      this.#drainLater()
      throw error
    } finally {
      Atomics.store(this.#words, HEAD, this.#head | 0)
    }
    return true
  }

  #drainLater(): void {
    if (this.#drainArmed) return
    this.#drainArmed = true
    setImmediate(() => {
      this.#drainArmed = false
      this.engine.burst(() => {
        this.drain()
      })
    })
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
