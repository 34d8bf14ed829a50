/**
 * The memory that native code and JavaScript share of a datagram socket, as native/memory/datagram_layout.h and
 * native/engine/datagram_counters.h describe it. A test compares names, sizes and offsets with what the addon reports.
 */
import { type Column, WORD_BYTES, columnsBytes } from './layout'

/** Free-running u32 indices and flags of a link, in units of words. */
export const DatagramWord = {
  receiveTail: 0,
  receiveHead: 1,
  receiveStalled: 2,
  returnTail: 3,
  /** The three classes in a row, from low to high. */
  sendTail: 4,
  sendHead: 7,
  sendSettled: 10,
  flushes: 11,
  evictionsNormal: 12,
  evictionsHigh: 13,
  completionTail: 14,
  completionHead: 15,
  eventTail: 16,
  eventHead: 17,
  notices: 18,
  jsSleeps: 19,
  jsWaits: 20,
  life: 21,
  countersEpoch: 22,
} as const
export const DATAGRAM_WORDS = 23

export const RECEIVE_COLUMNS = [
  { name: 'offset', elementBytes: 4 },
  { name: 'length', elementBytes: 4 },
  { name: 'fullLength', elementBytes: 4 },
  { name: 'segmentBytes', elementBytes: 2 },
  { name: 'segmentCount', elementBytes: 2 },
  { name: 'port', elementBytes: 2 },
  { name: 'family', elementBytes: 1 },
  { name: 'trafficClass', elementBytes: 1 },
  { name: 'hopLimit', elementBytes: 1 },
  { name: 'flags', elementBytes: 1 },
  { name: 'kept', elementBytes: 1 },
  { name: 'peerId', elementBytes: 4 },
  { name: 'slot', elementBytes: 4 },
  { name: 'ordinal', elementBytes: 4 },
  { name: 'generation', elementBytes: 4 },
  { name: 'interfaceIndex', elementBytes: 4 },
  { name: 'localAddress', elementBytes: 16 },
  { name: 'timestampSeconds', elementBytes: 4 },
  { name: 'timestampNanoseconds', elementBytes: 4 },
] as const satisfies readonly Column[]
/** Ids of received peers begin here; those below are destinations, 0 the connected peer. */
export const RECEIVED_PEER = 1 << 24

export const RETURN_COLUMNS = [{ name: 'slot', elementBytes: 4 }] as const satisfies readonly Column[]

export const SEND_COLUMNS = [
  { name: 'offset', elementBytes: 4 },
  { name: 'bytes', elementBytes: 4 },
  { name: 'to', elementBytes: 4 },
  { name: 'segmentBytes', elementBytes: 2 },
  { name: 'flags', elementBytes: 1 },
  { name: 'area', elementBytes: 1 },
  { name: 'token', elementBytes: 4 },
  { name: 'slot', elementBytes: 4 },
  { name: 'trafficClass', elementBytes: 1 },
  { name: 'hopLimit', elementBytes: 1 },
  { name: 'localFamily', elementBytes: 1 },
  { name: 'interfaceIndex', elementBytes: 4 },
  { name: 'localAddress', elementBytes: 16 },
  { name: 'expiresMs', elementBytes: 8 },
] as const satisfies readonly Column[]
export const SendFlag = {
  inPlace: 1,
  token: 2,
  trafficClass: 4,
  hopLimit: 8,
  source: 16,
  expires: 32,
  area: 64,
} as const
export const SEND_CLASSES = 3
export const MAX_SEND_AREAS = 16

export const COMPLETION_COLUMNS = [
  { name: 'token', elementBytes: 4 },
  { name: 'error', elementBytes: 4 },
] as const satisfies readonly Column[]

export const EVENT_COLUMNS = [
  { name: 'kind', elementBytes: 1 },
  { name: 'origin', elementBytes: 1 },
  { name: 'type', elementBytes: 1 },
  { name: 'code', elementBytes: 1 },
  { name: 'error', elementBytes: 4 },
  { name: 'bytes', elementBytes: 4 },
  { name: 'mtuBytes', elementBytes: 4 },
  { name: 'to', elementBytes: 32 },
  { name: 'offender', elementBytes: 32 },
] as const satisfies readonly Column[]
export const EventKind = { sendFailed: 1, peerError: 2 } as const
export const EVENT_ENTRIES = 256

export const DESTINATION_BYTES = 32
const LINK_COUNTER_CELLS = 32
const SOCKET_COUNTER_CELLS = 160

export const LINK_COUNTERS = [
  'queued',
  'queuedBytes',
  'sent',
  'sentBytes',
  'failed',
  'expired',
  'evicted',
  'aborted',
  'closed',
  'pending',
  'pendingLow',
  'pendingNormal',
  'pendingHigh',
  'oldestQueuedMs',
  'published',
  'publishedBytes',
  'eventsSuppressed',
] as const
export type LinkCounters = Record<(typeof LINK_COUNTERS)[number], number>

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${name}${String(index)}`)

/** Native names; `errors0` to `errors23` are by COUNTED_ERRORS, and the last any other. */
export const SOCKET_COUNTERS: readonly string[] = [
  'state',
  'closeErrno',
  'gsoMaxSegments',
  'capabilityChanges',
  'capabilityErrno',
  'batchesSent',
  'sendCalls',
  'partialSends',
  'wouldBlock',
  'noBuffers',
  'retries',
  'gsoSends',
  'gsoSegments',
  'gsoFallbacks',
  'zeroCopyReplies',
  ...numbered('sendBatch', 8),
  ...numbered('queueDelay', 16),
  'packetsReceived',
  'bytesReceived',
  'batchesReceived',
  'receiveCalls',
  'groMessages',
  'groSegments',
  'droppedNoSlot',
  'droppedOversize',
  'droppedClosed',
  'receiveErrors',
  'peerErrors',
  ...numbered('receiveBatch', 8),
  'slots',
  'slotsFree',
  'slotsReading',
  'slotsHeld',
  'largeSlotsFree',
  'peers',
  'peersEvicted',
  ...numbered('errors', 24),
]

/** Why datagrams failed, one counter for each; the platform's numbers. */
export const COUNTED_ERRORS = [
  'EPERM',
  'ENOENT',
  'EIO',
  'EBADF',
  'EAGAIN',
  'ENOMEM',
  'EACCES',
  'EFAULT',
  'EINVAL',
  'EPIPE',
  'ENOTSOCK',
  'EDESTADDRREQ',
  'EMSGSIZE',
  'ENOPROTOOPT',
  'EOPNOTSUPP',
  'EAFNOSUPPORT',
  'EADDRNOTAVAIL',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOBUFS',
  'EISCONN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
] as const

/** SocketOption of native/io/datagram_control.h. */
export const SOCKET_OPTIONS = [
  'receiveBufferBytes',
  'sendBufferBytes',
  'trafficClass',
  'hopLimit',
  'broadcast',
  'multicastTtl',
  'multicastLoopback',
  'multicastInterface',
  'errorQueue',
] as const
/** HotOption of native/engine/datagram_config.h. */
export const HOT_OPTIONS = ['batchSize', 'flushTimeoutMs', 'agingMs'] as const

/** How a socket's configuration crosses into native code: numbers in this order (native/binding/datagram_fields.h). */
export const DATAGRAM_FIELDS = [
  'family',
  'reuseAddress',
  'reusePort',
  'receiveBufferBytes',
  'sendBufferBytes',
  'gso',
  'gro',
  'gsoMinSegments',
  'gsoMaxSegments',
  'gsoGather',
  'gsoRetryMs',
  'ecn',
  'packetInfo',
  'receiveHopLimit',
  'timestamps',
  'icmpErrors',
  'pathMtu',
  'trafficClass',
  'hopLimit',
  'broadcast',
  'multicastTtl',
  'multicastLoopback',
  'multicastAll',
  'busyPollUs',
  'batchSize',
  'flushTimeoutMs',
  'agingMs',
  'maxDatagramBytes',
  'truncateOversize',
  'slots',
  'slotBytes',
  'largeSlots',
  'maxPeers',
  'poison',
  'clockOffsetMs',
] as const
/** Booleans are 0 and 1. Checked by lib/udp before it gets here. */
export type DatagramFields = Record<(typeof DATAGRAM_FIELDS)[number], number>

/** Entries of a link's rings, powers of two. */
export interface LinkSizes {
  /** 0 = this link only sends. */
  readonly receiveEntries: number
  readonly returnEntries: number
  /** Of each class. */
  readonly sendEntries: number
  readonly completionEntries: number
}

/** As native code takes them. */
export function sizesArray(sizes: LinkSizes): Uint32Array {
  return Uint32Array.of(sizes.receiveEntries, sizes.returnEntries, sizes.sendEntries, sizes.completionEntries)
}

export const LINK_COUNTERS_AT = WORD_BYTES * DATAGRAM_WORDS
const RINGS_AT = LINK_COUNTERS_AT + LINK_COUNTER_CELLS * 8

/** Where each ring of a link begins, from its start, and where the link ends. */
export interface LinkOffsets {
  readonly receive: number
  readonly returns: number
  readonly send: readonly [number, number, number]
  readonly completions: number
  readonly events: number
  readonly end: number
}

export function linkOffsets(sizes: LinkSizes): LinkOffsets {
  const receive = RINGS_AT
  const returns = receive + columnsBytes(RECEIVE_COLUMNS, sizes.receiveEntries)
  const low = returns + columnsBytes(RETURN_COLUMNS, sizes.returnEntries)
  const oneClass = columnsBytes(SEND_COLUMNS, sizes.sendEntries)
  const completions = low + SEND_CLASSES * oneClass
  const events = completions + columnsBytes(COMPLETION_COLUMNS, sizes.completionEntries)
  const end = events + columnsBytes(EVENT_COLUMNS, EVENT_ENTRIES)
  return { receive, returns, send: [low, low + oneClass, low + 2 * oneClass], completions, events, end }
}

export const datagramLinkBytes = (sizes: LinkSizes): number => linkOffsets(sizes).end

/** Where the column begins, from the start of its ring. */
export function columnOffset(columns: readonly Column[], entries: number, name: string): number {
  return columnsBytes(
    columns,
    entries,
    columns.findIndex((column) => column.name === name),
  )
}

export const PAGE_COUNTERS_AT = WORD_BYTES
export const PAGE_GENERATIONS_AT = WORD_BYTES + SOCKET_COUNTER_CELLS * 8
export const socketPageBytes = (slots: number): number => PAGE_GENERATIONS_AT + slots * 4

/** The typed arrays of one ring of columns. */
export class RingColumns<Names extends string> {
  readonly #memory: Uint8Array
  readonly #at: number
  readonly #columns: readonly Column[]
  readonly #entries: number

  constructor(memory: Uint8Array, at: number, columns: readonly (Column & { name: Names })[], entries: number) {
    this.#memory = memory
    this.#at = at
    this.#columns = columns
    this.#entries = entries
  }

  u8(name: Names): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#offset(name), this.#entries * this.#perEntry(name))
  }

  u16(name: Names): Uint16Array {
    return new Uint16Array(this.#memory.buffer, this.#offset(name), this.#entries)
  }

  u32(name: Names): Uint32Array {
    return new Uint32Array(this.#memory.buffer, this.#offset(name), this.#entries)
  }

  f64(name: Names): Float64Array {
    return new Float64Array(this.#memory.buffer, this.#offset(name), this.#entries)
  }

  #offset(name: Names): number {
    return this.#memory.byteOffset + this.#at + columnOffset(this.#columns, this.#entries, name)
  }

  /** Elements above 8 bytes are read as bytes. */
  #perEntry(name: Names): number {
    return this.#columns.find((column) => column.name === name)?.elementBytes ?? 1
  }
}
