import type { DatagramSink, RemoteAddress, UdpPeerError } from '../runtime'
import {
  COMPLETION_COLUMNS,
  DatagramWord,
  EVENT_COLUMNS,
  EVENT_ENTRIES,
  EventKind,
  type LinkSizes,
  RingColumns,
  linkOffsets,
} from './datagram-layout'
import { PEER_BYTES, PeerField, WORD_BYTES } from './layout'
import { readPeer } from './peer-page'

const WORD = WORD_BYTES / 4
const COMPLETION_TAIL = DatagramWord.completionTail * WORD
const COMPLETION_HEAD = DatagramWord.completionHead * WORD
const EVENT_TAIL = DatagramWord.eventTail * WORD
const EVENT_HEAD = DatagramWord.eventHead * WORD
const ORIGINS = [undefined, 'local', 'icmp', 'icmpv6'] as const

/** What became of datagrams whose sender waits, and what went wrong with the others: two rings that native code fills. */
export class DatagramEvents {
  readonly #words: Int32Array
  readonly #completionMask: number
  readonly #token: Uint32Array
  readonly #error: Int32Array
  readonly #kind: Uint8Array
  readonly #origin: Uint8Array
  readonly #type: Uint8Array
  readonly #code: Uint8Array
  readonly #eventError: Uint32Array
  readonly #bytes: Uint32Array
  readonly #mtuBytes: Uint32Array
  readonly #to: DataView
  readonly #offender: DataView
  #completions = 0
  #events = 0

  constructor(link: Uint8Array, sizes: LinkSizes) {
    const at = linkOffsets(sizes)
    const completions = new RingColumns(link, at.completions, COMPLETION_COLUMNS, sizes.completionEntries)
    const events = new RingColumns(link, at.events, EVENT_COLUMNS, EVENT_ENTRIES)
    this.#words = new Int32Array(link.buffer, link.byteOffset, WORD * (DatagramWord.countersEpoch + 1))
    this.#completionMask = sizes.completionEntries - 1
    this.#token = completions.u32('token')
    const errors = completions.u32('error')
    this.#error = new Int32Array(errors.buffer, errors.byteOffset, errors.length)
    this.#kind = events.u8('kind')
    this.#origin = events.u8('origin')
    this.#type = events.u8('type')
    this.#code = events.u8('code')
    this.#eventError = events.u32('error')
    this.#bytes = events.u32('bytes')
    this.#mtuBytes = events.u32('mtuBytes')
    this.#to = viewOf(events.u8('to'))
    this.#offender = viewOf(events.u8('offender'))
  }

  readonly hasAny = (): boolean =>
    Atomics.load(this.#words, COMPLETION_TAIL) !== this.#completions ||
    Atomics.load(this.#words, EVENT_TAIL) !== this.#events

  /** Hands all over. A sink that throws loses its own entry only: the rest comes with the next call. */
  take(sink: DatagramSink, tokenDone: () => void): void {
    try {
      while (Atomics.load(this.#words, COMPLETION_TAIL) !== this.#completions) {
        const at = this.#completions & this.#completionMask
        this.#completions = (this.#completions + 1) | 0
        tokenDone()
        sink.sent(this.#token[at], negative(this.#error[at]))
      }
      while (Atomics.load(this.#words, EVENT_TAIL) !== this.#events) {
        const at = this.#events & (EVENT_ENTRIES - 1)
        this.#events = (this.#events + 1) | 0
        this.#report(at, sink)
      }
    } finally {
      Atomics.store(this.#words, COMPLETION_HEAD, this.#completions)
      Atomics.store(this.#words, EVENT_HEAD, this.#events)
    }
  }

  #report(at: number, sink: DatagramSink): void {
    const errno = negative(this.#eventError[at])
    const to = addressIn(this.#to, at)
    if (this.#kind[at] === EventKind.sendFailed) {
      sink.sendFailed(errno, to, this.#bytes[at], this.#mtuBytes[at])
      return
    }
    const origin = ORIGINS[this.#origin[at]]
    const offender = addressIn(this.#offender, at)
    const error: UdpPeerError = {
      errno,
      syscall: origin === undefined ? 'send' : 'recvmsg',
      remote: to,
      ...(origin === undefined ? {} : { origin }),
      ...(origin === 'icmp' || origin === 'icmpv6' ? { icmpType: this.#type[at], icmpCode: this.#code[at] } : {}),
      ...(this.#mtuBytes[at] === 0 ? {} : { mtuBytes: this.#mtuBytes[at] }),
      ...(offender === null ? {} : { offender: offender.address }),
    }
    sink.peerError(error)
  }
}

/** libuv's number of an errno; never -0. */
const negative = (errno: number): number => (errno === 0 ? 0 : -errno)

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function addressIn(view: DataView, index: number): RemoteAddress | null {
  const at = index * PEER_BYTES
  return view.getUint8(at + PeerField.family) === 0 ? null : readPeer(view, at)
}
