/** Every option of RequestServer with its default, unit and reason. docs/server.md is the same for readers. */
import { optionInvalid, optionUnsupported } from '../errors'
import type { ServerFields } from '../native'
import { type Backend, type Drive, type Engine, chooseEngine } from '../native'
import {
  type NumberLimits,
  checkBoolean,
  checkFunction,
  checkInteger,
  checkKnownKeys,
  checkNumber,
  checkObject,
  checkOneOf,
} from '../runtime'
import { type Framing, PrefixWriter, checkFraming } from './framing'
import type { BatchHandler, Handler } from './types'

export interface RequestServerOptions {
  /** How the TCP byte stream is cut into requests. */
  readonly framing: Framing
  /** `'whole'` (default): the datagram is the body and the header is empty. `'same'`: the datagram holds one frame. */
  readonly datagramFraming?: 'whole' | 'same'
  /** TCP: the length is written before each reply. Default true; it needs `framing.offset` 0. Never on UDP. */
  readonly frameReplies?: boolean
  /** Default both, on one port. */
  readonly transports?: { readonly tcp?: boolean; readonly udp?: boolean }
  /** Answers one request. Exactly one of `handler` and `batchHandler`. */
  readonly handler?: Handler
  /** Answers all requests of a burst in one call. */
  readonly batchHandler?: BatchHandler
  /** Default: the engine that this JavaScript thread's sockets share. */
  readonly engine?: Engine
  /** Makes a private engine with this drive. */
  readonly drive?: Drive
  /** Makes a private engine with this back end. */
  readonly backend?: Backend
  readonly maxConnections?: number
  readonly maxBodyBytes?: number
  readonly maxReplyBytes?: number
  readonly maxInFlightPerConnection?: number
  readonly maxUdpInFlight?: number
  readonly udpPayloadBytes?: number
  readonly maxBufferedBytes?: number
  readonly writeHighWaterBytes?: number
  readonly writeLowWaterBytes?: number
  readonly writeLimitBytes?: number
  readonly headerTimeoutMs?: number
  readonly bodyTimeoutMs?: number
  readonly writeTimeoutMs?: number
  readonly minBytesPerSec?: number
  readonly idleTimeoutMs?: number
  readonly lingerTimeoutMs?: number
  readonly lingerBytes?: number
  readonly closeGraceMs?: number
}

const MAX_MS = 2 ** 31 - 1

const LIMITS = {
  maxConnections: { min: 1, max: 65535, default: 65535, reason: 'as many as a 16-bit table of descriptors' },
  maxBodyBytes: {
    min: 0,
    max: 2 ** 24,
    default: 65536,
    unit: 'bytes',
    reason: 'compared with the announced length before anything is stored',
  },
  maxReplyBytes: { min: 1, max: 2 ** 28, default: 2 ** 24, unit: 'bytes' },
  maxInFlightPerConnection: {
    min: 1,
    max: 4096,
    default: 64,
    reason: 'depth of pipelining; at the limit that connection is not read',
  },
  maxUdpInFlight: { min: 1, max: 4096, default: 4096, reason: 'datagrams that wait for an answer' },
  udpPayloadBytes: {
    min: 1,
    max: 65507,
    default: 65507,
    unit: 'bytes',
    reason: '65535 less the headers of IPv4 and UDP',
  },
  maxBufferedBytes: {
    min: 65536,
    max: 2 ** 32,
    default: 2 ** 26,
    unit: 'bytes',
    reason: 'incomplete frames of all connections together',
  },
  writeHighWaterBytes: { min: 1, max: 2 ** 30, default: 2 ** 20, unit: 'bytes' },
  writeLowWaterBytes: { min: 0, max: 2 ** 30, default: 2 ** 18, unit: 'bytes' },
  writeLimitBytes: { min: 1, max: 2 ** 31, default: 2 ** 25, unit: 'bytes', reason: 'two replies of the largest size' },
  headerTimeoutMs: {
    min: 1,
    max: MAX_MS,
    default: 2000,
    unit: 'ms',
    reason: 'absolute, from accept or the first byte of a later frame',
  },
  bodyTimeoutMs: {
    min: 1,
    max: MAX_MS,
    default: 2000,
    unit: 'ms',
    reason: 'absolute, from the header, plus received bytes / minBytesPerSec',
  },
  writeTimeoutMs: {
    min: 1,
    max: MAX_MS,
    default: 2000,
    unit: 'ms',
    reason: 'from the first would-block, plus taken bytes / minBytesPerSec',
  },
  minBytesPerSec: { min: 1, max: 2 ** 30, default: 16384, reason: 'a 64 KiB body has at most 2 s + 4 s' },
  idleTimeoutMs: { min: 0, max: MAX_MS, default: 60000, unit: 'ms', reason: '0 = off' },
  lingerTimeoutMs: {
    min: 1,
    max: MAX_MS,
    default: 2000,
    unit: 'ms',
    reason: 'so that the last reply arrives before the close',
  },
  lingerBytes: { min: 0, max: 2 ** 30, default: 65536, unit: 'bytes' },
  closeGraceMs: { min: 0, max: MAX_MS, default: 10000, unit: 'ms' },
} as const satisfies Record<string, NumberLimits>

const BUILT = [
  'framing',
  'datagramFraming',
  'frameReplies',
  'transports',
  'handler',
  'batchHandler',
  'engine',
  'drive',
  'backend',
  ...Object.keys(LIMITS),
]

/** Options of the specification that this build knows and does not have. */
const PLANNED = [
  'workers',
  'echo',
  'echoBody',
  'reactors',
  'reusePort',
  'reuseAddress',
  'backlog',
  'noDelay',
  'keepAlive',
  'userTimeoutMs',
  'connectionMode',
  'ordering',
  'maxConnectionsPerAddress',
  'atMaxConnections',
  'maxInFlight',
  'maxRequestsPerConnection',
  'requestTimeoutMs',
  'busyReply',
  'overload',
  'udpErrorRepliesPerSec',
  'replyRingSize',
  'requestRingSize',
  'maxEvents',
  'slab',
  'runtime',
  'spinUs',
]

/** Requests of one transport that JavaScript may have at once; both together fill the rings. */
const IN_FLIGHT = 4096
const RING_ENTRIES = 2 * IN_FLIGHT
/** Senders of datagrams that are remembered: four times what can be in flight. */
const UDP_PEERS = 4 * IN_FLIGHT
/** TCP is read into these, and small requests stay there. When slow handlers hold them all, requests get slots instead. */
const READ_BLOCKS = 64
const READ_BLOCK_BYTES = 65536
/** Reply bytes between two turns; a longer reply goes in pieces. */
export const TRANSMIT_BYTES = 4 * 1024 * 1024

export interface CheckedOptions {
  readonly handler: Handler | undefined
  readonly batchHandler: BatchHandler | undefined
  readonly prefix: PrefixWriter | null
  readonly tcp: boolean
  readonly udp: boolean
  readonly maxReplyBytes: number
  readonly closeGraceMs: number
  readonly config: Omit<ServerFields, 'clockOffsetMs'>
  /** Made only when everything else is right. */
  readonly openEngine: () => { engine: Engine; owned: boolean }
}

/** @throws ERR_NETVOLLEY_OPTION_INVALID, ERR_NETVOLLEY_OPTION_UNSUPPORTED, ERR_NETVOLLEY_BACKEND_UNAVAILABLE */
export function checkOptions(value: unknown): CheckedOptions {
  const options = checkObject('options', value)
  for (const name of PLANNED) {
    if (options[name] !== undefined) throw optionUnsupported(name, 'this build does not have it')
  }
  checkKnownKeys(options, BUILT)
  const framing = checkFraming(options.framing)
  const { tcp, udp } = checkTransports(options.transports)
  const numbers = checkNumbers(options)
  const frameReplies = checkBoolean('frameReplies', options.frameReplies, true)
  const datagramFraming = checkOneOf('datagramFraming', options.datagramFraming, ['whole', 'same'], 'whole')
  const config = {
    ...numbers,
    prefixBytes: framing.bytes,
    littleEndian: Number(framing.littleEndian),
    includesHeader: Number(framing.includesHeader),
    prefixOffset: framing.offset,
    adjust: framing.adjust,
    datagramFramed: Number(datagramFraming === 'same'),
    maxTcpInFlight: IN_FLIGHT,
    ringEntries: RING_ENTRIES,
    udpPeers: UDP_PEERS,
    readBlocks: READ_BLOCKS,
    readBlockBytes: READ_BLOCK_BYTES,
    ...slabClasses(framing.offset + framing.bytes + numbers.maxBodyBytes),
  }
  return {
    ...checkHandlers(options),
    prefix: frameReplies ? new PrefixWriter(framing) : null,
    tcp,
    udp,
    maxReplyBytes: numbers.maxReplyBytes,
    closeGraceMs: numbers.closeGraceMs,
    config,
    openEngine: chooseEngine({ engine: options.engine, drive: options.drive, backend: options.backend }),
  }
}

function checkNumbers(options: Record<string, unknown>): Record<keyof typeof LIMITS, number> {
  const numbers = {} as Record<keyof typeof LIMITS, number>
  for (const name of Object.keys(LIMITS) as (keyof typeof LIMITS)[]) {
    const check = name.endsWith('Ms') ? checkNumber : checkInteger
    numbers[name] = check(name, options[name], LIMITS[name])
  }
  if (numbers.writeLowWaterBytes > numbers.writeHighWaterBytes) {
    throw optionInvalid(
      'writeLowWaterBytes',
      numbers.writeLowWaterBytes,
      `at most writeHighWaterBytes (${String(numbers.writeHighWaterBytes)})`,
    )
  }
  if (numbers.writeLimitBytes < numbers.maxReplyBytes) {
    throw optionInvalid(
      'writeLimitBytes',
      numbers.writeLimitBytes,
      `at least maxReplyBytes (${String(numbers.maxReplyBytes)})`,
    )
  }
  return numbers
}

function checkTransports(value: unknown): { tcp: boolean; udp: boolean } {
  if (value === undefined) return { tcp: true, udp: true }
  const transports = checkObject('transports', value)
  checkKnownKeys(transports, ['tcp', 'udp'], 'transports')
  const tcp = checkBoolean('transports.tcp', transports.tcp, true)
  const udp = checkBoolean('transports.udp', transports.udp, true)
  if (!tcp && !udp) throw optionInvalid('transports', value, 'at least one of tcp and udp')
  return { tcp, udp }
}

function checkHandlers(options: Record<string, unknown>): {
  handler: Handler | undefined
  batchHandler: BatchHandler | undefined
} {
  const { handler, batchHandler } = options
  if ((handler === undefined) === (batchHandler === undefined)) {
    const given = handler === undefined ? undefined : { handler, batchHandler }
    throw optionInvalid('handler', given, 'exactly one of handler and batchHandler, a function')
  }
  if (handler !== undefined) return { handler: checkFunction<Handler>('handler', handler), batchHandler: undefined }
  return { handler: undefined, batchHandler: checkFunction<BatchHandler>('batchHandler', batchHandler) }
}

/** About 33 MiB of address space, beside 4 MiB of read blocks, of which only what is used becomes memory. The largest class holds the largest frame. */
function slabClasses(
  largestFrameBytes: number,
): Pick<ServerFields, `${'small' | 'medium' | 'large'}Slot${'s' | 'Bytes'}`> {
  const largeSlotBytes = Math.max(65536 + 4096, Math.ceil(largestFrameBytes / 4096) * 4096)
  return {
    smallSlots: RING_ENTRIES,
    smallSlotBytes: 2048,
    mediumSlots: 512,
    mediumSlotBytes: 16384,
    largeSlots: Math.max(8, Math.floor((128 * 69632) / largeSlotBytes)),
    largeSlotBytes,
  }
}
