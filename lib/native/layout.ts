/**
 * The memory that native code and JavaScript share, as native/memory/batch_layout.h and native/engine/counters.h describe it.
 * A test compares names, sizes and offsets with what the addon reports.
 */

/** Each word stands alone on a line pair. */
export const WORD_BYTES = 128
const COLUMN_ALIGN = 64

/** Back ends of this build by name, the best one first, as native/io/back_end.h lists them. */
export const BACKENDS = ['mmsg', 'single', 'poll'] as const

/** Free-running u32 indices and flags of a link, in units of words. */
export const LinkWord = {
  requestTail: 0,
  requestHead: 1,
  replyTail: 2,
  replyHead: 3,
  jsSleeps: 4,
  jsWaits: 5,
  life: 6,
} as const
export const LINK_WORDS = 7
export const LinkLife = { open: 0, dead: 1, retired: 2 } as const

export interface Column {
  readonly name: string
  readonly elementBytes: 1 | 2 | 4 | 8 | 16 | 32
}

export const REQUEST_COLUMNS = [
  { name: 'offset', elementBytes: 4 },
  { name: 'headerBytes', elementBytes: 4 },
  { name: 'bodyBytes', elementBytes: 4 },
  { name: 'requestId', elementBytes: 4 },
  { name: 'connectionId', elementBytes: 4 },
  { name: 'connectionGeneration', elementBytes: 4 },
  { name: 'peerId', elementBytes: 4 },
  { name: 'flags', elementBytes: 1 },
  { name: 'receivedAtMs', elementBytes: 8 },
] as const satisfies readonly Column[]

export const REPLY_COLUMNS = [
  { name: 'requestId', elementBytes: 4 },
  { name: 'offset', elementBytes: 4 },
  { name: 'bytes', elementBytes: 4 },
  { name: 'flags', elementBytes: 1 },
] as const satisfies readonly Column[]

export const RequestFlag = { udp: 1, truncated: 2 } as const
export const ReplyFlag = { inPlace: 1, none: 2, failed: 4, closeAfter: 8, more: 16 } as const

/** One record of the peer page; offsets within it. */
export const PEER_BYTES = 32
export const PeerField = { generation: 0, scope: 4, port: 8, family: 10, host: 16 } as const

/** How a server's configuration crosses into native code: numbers in this order (native/binding/server_fields.h). */
export const SERVER_FIELDS = [
  'prefixBytes',
  'littleEndian',
  'includesHeader',
  'prefixOffset',
  'adjust',
  'datagramFramed',
  'maxBodyBytes',
  'maxConnections',
  'maxInFlightPerConnection',
  'maxTcpInFlight',
  'maxUdpInFlight',
  'udpPayloadBytes',
  'maxBufferedBytes',
  'writeHighWaterBytes',
  'writeLowWaterBytes',
  'writeLimitBytes',
  'headerTimeoutMs',
  'bodyTimeoutMs',
  'writeTimeoutMs',
  'idleTimeoutMs',
  'minBytesPerSec',
  'lingerTimeoutMs',
  'lingerBytes',
  'ringEntries',
  'udpPeers',
  'clockOffsetMs',
  'smallSlots',
  'smallSlotBytes',
  'mediumSlots',
  'mediumSlotBytes',
  'largeSlots',
  'largeSlotBytes',
  'readBlocks',
  'readBlockBytes',
] as const

/** Booleans are 0 and 1. Checked by lib/server before it gets here. */
export type ServerFields = Record<(typeof SERVER_FIELDS)[number], number>

/** What a reactor did; calls are system calls. */
export const ENGINE_COUNTERS = [
  'turns',
  'events',
  'pollCalls',
  'wakeCalls',
  'bellCalls',
  'receiveCalls',
  'sendCalls',
  'acceptCalls',
  'readCalls',
  'writeCalls',
] as const

export const SERVER_COUNTERS = [
  'state',
  'startErrno',
  'connectionsActive',
  'connectionsPeak',
  'accepted',
  'rejectedMax',
  'rejectedNoFd',
  'acceptErrors',
  'closedEof',
  'closedHandler',
  'closedIdleTimeout',
  'closedHeaderTimeout',
  'closedBodyTimeout',
  'closedWriteTimeout',
  'closedWriteLimit',
  'closedProtocol',
  'closedReset',
  'closedShed',
  'closedDrain',
  'closedDestroyed',
  'requestsTcp',
  'requestsUdp',
  'replied',
  'noReply',
  'failed',
  'aborted',
  'lateReplies',
  'inFlight',
  'inFlightPeak',
  'framesOk',
  'rejectedTooLarge',
  'rejectedBadLength',
  'rejectedTruncated',
  'bytesIn',
  'bytesOut',
  'datagramsIn',
  'datagramsOut',
  'droppedShort',
  'droppedTruncated',
  'droppedOverload',
  'droppedKernel',
  'droppedSend',
  'sendErrors',
  'receiveErrors',
  'slabSlots',
  'slabFree',
  'readBlocks',
  'readBlocksFree',
  'bufferedBytes',
  'unsentBytes',
  'pausedConnections',
  'drainServed',
  'drainAborted',
  'drainIdleClosed',
  'drainDestroyed',
] as const

export type EngineCounters = Record<(typeof ENGINE_COUNTERS)[number], number>
export type ServerCounters = Record<(typeof SERVER_COUNTERS)[number], number>

export function columnsBytes(columns: readonly Column[], entries: number, count = columns.length): number {
  let total = 0
  for (const column of columns.slice(0, count)) {
    total += Math.ceil((column.elementBytes * entries) / COLUMN_ALIGN) * COLUMN_ALIGN
  }
  return total
}

const REQUESTS_AT = WORD_BYTES * LINK_WORDS

/** Bytes of a link with rings of `entries` (a power of two). */
export function linkBytes(entries: number): number {
  return REQUESTS_AT + columnsBytes(REQUEST_COLUMNS, entries) + columnsBytes(REPLY_COLUMNS, entries)
}

/** Offset of a request column from the start of the link. */
export function requestColumnOffset(entries: number, index: number): number {
  return REQUESTS_AT + columnsBytes(REQUEST_COLUMNS, entries, index)
}

/** Offset of a reply column from the start of the link. */
export function replyColumnOffset(entries: number, index: number): number {
  return REQUESTS_AT + columnsBytes(REQUEST_COLUMNS, entries) + columnsBytes(REPLY_COLUMNS, entries, index)
}
