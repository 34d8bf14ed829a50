import type { DatagramSink, PriorityClass, RemoteAddress } from '../runtime'
import { DatagramEvents } from './datagram-events'
import { DatagramWord, type LinkSizes, RECEIVED_PEER, linkOffsets } from './datagram-layout'
import type { LinkMemory } from './datagram-memory'
import { LinkCounterPage } from './datagram-snapshot'
import { Destinations, type WriteDestination } from './destinations'
import { LinkLife, WORD_BYTES } from './layout'
import type { EngineLink, LinkHost } from './link-host'
import { PeerPage } from './peer-page'
import { ReceiveRing } from './receive-ring'
import { RingReader } from './ring-reader'
import type { EncodedMeta } from './send-ring'
import { type SendLimits, SendRings } from './send-rings'

const WORD = WORD_BYTES / 4
const STALLED = DatagramWord.receiveStalled * WORD
const NOTICES = DatagramWord.notices * WORD
const WAITS = DatagramWord.jsWaits * WORD
const LIFE = DatagramWord.life * WORD

export interface DatagramLinkOptions {
  readonly sizes: LinkSizes
  readonly memory: LinkMemory & { readonly slab: Uint8Array; readonly peers: Uint8Array }
  readonly slots: { readonly small: number; readonly large: number }
  readonly limits: SendLimits
  readonly batchSize: number
  readonly maxBatchEntries: number
  readonly maxBatchMs: number
  readonly destinations: { readonly family: 'ipv4' | 'ipv6' | 'dual'; readonly capacity: number }
  readonly maxKnownPeers: number
  readonly writeDestination: WriteDestination
  readonly sink: DatagramSink
  /** A level of the socket has changed. */
  readonly onNotice: () => void
  /** Nothing comes any more. */
  readonly onRetired: () => void
}

/** JavaScript's end of a link with a datagram socket: the one reader of its receive ring and the one writer of its send rings. */
export class DatagramLink implements EngineLink {
  readonly sends: SendRings
  readonly received: ReceiveRing
  readonly destinations: Destinations
  readonly counters: LinkCounterPage
  readonly transmit: Uint8Array
  readonly host: LinkHost
  batchSize: number
  /** Where entries of each stage are in a ring. */
  readonly staged = new Uint32Array(16)
  readonly #options: DatagramLinkOptions
  readonly #words: Int32Array
  readonly #reader: RingReader
  readonly #events: DatagramEvents
  readonly #peers: PeerPage
  readonly #receives: boolean
  #reading = false
  #retired = false
  #ending = false
  #moved = false
  #headTold = 0
  /** Something was given back that the reactor was not woken for. */
  #untold = false
  /** Something was given back since the last settle(). */
  #uncounted = false
  #notices = 0

  constructor(host: LinkHost, options: DatagramLinkOptions) {
    const { memory, sizes, sink } = options
    const { link } = memory
    this.host = host
    this.#options = options
    this.batchSize = options.batchSize
    this.transmit = memory.transmit
    this.#receives = sizes.receiveEntries > 0
    this.#words = new Int32Array(link.buffer, link.byteOffset, linkOffsets(sizes).receive / 4)
    this.destinations = new Destinations(options.destinations, options.writeDestination, () => {
      this.sends.refresh()
    })
    this.sends = new SendRings(link, memory.transmit, sizes, options.limits, (to, area) => {
      if (to !== 0 && to < RECEIVED_PEER) this.destinations.freed(to)
      if (area !== 0) this.staged[area]--
    })
    this.received = new ReceiveRing(link, memory.slab, sizes, options.slots)
    this.counters = new LinkCounterPage(link)
    this.#events = new DatagramEvents(link, sizes)
    this.#peers = new PeerPage(memory.peers, options.maxKnownPeers)
    const { received } = this
    this.#reader = new RingReader(this.#words, {
      tail: DatagramWord.receiveTail * WORD,
      head: DatagramWord.receiveHead * WORD,
      sleeps: DatagramWord.jsSleeps * WORD,
      entries: Math.max(1, sizes.receiveEntries),
      maxBatchEntries: options.maxBatchEntries,
      maxBatchMs: options.maxBatchMs,
      deliver: (first, end) => {
        received.first = first
        received.end = end
        sink.batch(received, received.datagrams(first, end))
      },
      ready: () => this.#reading && !this.#ending && !this.#retired,
      // A slot that is replied in place must be taken by its send before its entry lets go of it.
      beforeHead: () => {
        this.#moved = this.sends.publish() || this.#moved
      },
      takeOther: () => {
        this.#takeOther()
      },
      hasOther: () => this.#events.hasAny() || Atomics.load(this.#words, NOTICES) !== this.#notices,
      again: () => {
        this.drain()
      },
    })
  }

  get retired(): boolean {
    return this.#retired
  }

  get reader(): RingReader {
    return this.#reader
  }

  // --- EngineLink

  publish(): boolean {
    let moved = this.sends.publish() || this.#moved
    this.#moved = false
    // After the sends: what they hold is not free yet.
    const returned = this.received.publish()
    // Not what is being handed over just now: its head is stored when the callback has returned.
    const head = this.#reader.released
    const released = returned || head !== this.#headTold
    this.#headTold = head
    if (released) this.#untold = this.#uncounted = true
    // Only a reactor that has stopped reading waits for that; another one sees it in its next turn.
    if (this.#untold && (moved || Atomics.load(this.#words, STALLED) !== 0)) {
      this.#untold = false
      moved = true
    }
    return moved
  }

  /** Has the reactor count what was given back: inline it has done so when this returns. */
  settle(): void {
    const released = this.#uncounted || this.#reader.released !== this.#headTold || this.received.hasReturned
    if (!released) return
    this.host.settleNow()
    this.#untold = this.#uncounted = false
  }

  drain(): void {
    if (this.#retired) return
    if (this.host.closed) {
      this.#retire()
      return
    }
    // What the last burst used is free by now.
    this.sends.refresh()
    const all = this.#reader.drain(this.host)
    if (this.#isRetired()) return
    // Also where more was received than there is time for: who waits for room must not wait for that to end.
    this.#resumeSenders()
    if (all && !this.#isRetired() && Atomics.load(this.#words, LIFE) === LinkLife.retired) this.#retire()
  }

  // --- Sending

  reserve(bytes: number, priority: PriorityClass, packets: number): number {
    const place = this.sends.reserve(bytes, priority, packets)
    if (place < 0) this.#waitForRoom()
    return place
  }

  commit(bytes: number, peer: number, segmentBytes: number, meta: EncodedMeta | null, token: number): void {
    this.sends.commit(bytes, peer, segmentBytes, meta, token)
    this.#committed(peer)
  }

  sendElsewhere(
    from: { slot: number; area: number },
    entry: { offset: number; bytes: number; packets: number; to: number; segmentBytes: number },
    priority: PriorityClass,
    meta: EncodedMeta | null,
  ): boolean {
    if (!this.sends.queueElsewhere(from, entry, priority, meta)) {
      this.#waitForRoom()
      return false
    }
    if (from.area !== 0) this.staged[from.area]++
    this.#committed(entry.to)
    return true
  }

  flush(): void {
    this.sends.flush()
    this.host.flush()
  }

  remote(peer: number): RemoteAddress {
    return peer >= RECEIVED_PEER ? this.#peers.address(peer - RECEIVED_PEER) : this.destinations.remote(peer)
  }

  // --- Receiving

  /** Whether batches are handed over. What is in the ring waits meanwhile. */
  setReading(on: boolean): void {
    this.#reading = on && this.#receives
    if (this.#reading && this.#reader.hasEntries()) this.#reader.drainLater(this.host)
  }

  giveBack(slots: Uint32Array): void {
    this.received.giveBack(slots)
    this.host.scheduleFlush()
  }

  /** No batch is handed over any more. */
  end(): void {
    this.#ending = true
  }

  /** It was never started: nobody will say that it has ended. */
  discard(): void {
    this.#retired = true
  }

  #committed(peer: number): void {
    if (peer !== 0 && peer < RECEIVED_PEER) this.destinations.queued(peer)
    // Inline they are sent now; a thread is told and sends while the next ones are written.
    if (this.sends.unpublished >= this.batchSize) this.host.flush()
    else this.host.scheduleFlush()
  }

  #waitForRoom(): void {
    // What was queued so far may make room: the refused one must not wait for somebody else's flush.
    this.host.scheduleFlush()
    if (!this.#reader.fallAsleep(WAITS, this.sends.hasRoom)) this.#reader.drainLater(this.host)
  }

  #resumeSenders(): void {
    if (!this.sends.needDrain || this.#ending) return
    if (this.sends.hasRoom()) {
      this.sends.needDrain = false
      this.#options.sink.drain()
    }
    // Once for each call: whoever fills the queue again and again must not keep the event loop for itself.
    const again = this.sends.needDrain && !this.#reader.fallAsleep(WAITS, this.sends.hasRoom)
    if (again) this.#reader.drainLater(this.host)
  }

  #takeOther(): void {
    this.#events.take(this.#options.sink, () => {
      this.sends.tokenDone()
    })
    const notices = Atomics.load(this.#words, NOTICES)
    if (notices === this.#notices) return
    this.#notices = notices
    this.#options.onNotice()
  }

  /** Asked again: user code that runs in between may have ended it. */
  #isRetired(): boolean {
    return this.#retired
  }

  #retire(): void {
    this.#retired = true
    // Outcomes that came with the end.
    this.#events.take(this.#options.sink, () => {
      this.sends.tokenDone()
    })
    this.#options.onRetired()
  }
}
