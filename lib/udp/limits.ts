/** Every number among the options of UdpSocket with its default, unit and reason. docs/udp.md is the same for readers. */
import type { NumberLimits } from '../runtime'

const MAX_MS = 2 ** 31 - 1

export const UDP_LIMITS = {
  batchSize: {
    min: 1,
    max: 1024,
    default: 64,
    unit: 'packets',
    reason: 'the kernel takes 1,024 a call, and cuts more off',
  },
  flushTimeoutMs: {
    min: 0,
    max: 1000,
    default: 0,
    unit: 'ms',
    reason: '0 = the end of the JavaScript job: adds no latency',
  },
  maxQueuedPackets: { min: 1, max: 2 ** 20, default: 1024, unit: 'packets' },
  maxQueuedBytes: { min: 65536, max: 2 ** 30, default: 2 ** 21, unit: 'bytes', reason: '1,024 packets of 2 KiB' },
  reservedHighPackets: { min: 0, max: 65536, default: 64, unit: 'packets', reason: 'one batch' },
  drainRatio: { min: 0, max: 1, default: 0.5, reason: 'of both limits' },
  agingMs: { min: 0, max: 3_600_000, default: 0, unit: 'ms', reason: '0 = off' },
  maxDatagramBytes: { min: 1, max: 65535, default: 65535, unit: 'bytes', reason: 'whatever UDP can carry' },
  slotBytes: { min: 64, max: 65536, default: 2048, unit: 'bytes', reason: 'one Ethernet frame' },
  slots: { min: 1, max: 2 ** 20, default: 1024 },
  largeSlots: { min: 1, max: 4096, default: 32, reason: '64 KiB each; 64 of them with GRO' },
  ringEntries: { min: 2, max: 2 ** 20, default: 4096 },
  maxBatchEntries: { min: 1, max: 2 ** 20, default: 1024 },
  maxBatchMs: {
    min: 0.01,
    max: 1000,
    default: 1,
    unit: 'ms',
    reason: 'then other work of the event loop gets its turn',
  },
  receiveBufferBytes: { min: 0, max: 2 ** 30, default: 2 ** 22, unit: 'bytes', reason: '0 = the system default' },
  sendBufferBytes: { min: 0, max: 2 ** 30, default: 0, unit: 'bytes', reason: '0 = the system default' },
  gsoMinSegments: { min: 2, max: 64, default: 4, reason: 'below that a message costs what it saves' },
  gsoMaxSegments: { min: 2, max: 64, default: 64, reason: 'every kernel with GSO takes 64' },
  gsoRetryMs: { min: 0, max: MAX_MS, default: 60000, unit: 'ms', reason: '0 = never' },
  trafficClass: { min: 0, max: 255, default: 0, reason: 'DSCP in the upper six bits, ECN in the lower two' },
  hopLimit: { min: 0, max: 255, default: 0, reason: '0 = the system default' },
  multicastTtl: { min: 0, max: 255, default: 1 },
  maxPeers: { min: 16, max: 2 ** 20, default: 65536 },
  closeTimeoutMs: { min: 0, max: MAX_MS, default: 1000, unit: 'ms', reason: 'for what is queued at close()' },
  busyPollUs: { min: 0, max: 1_000_000, default: 0, unit: 'us' },
  maxSendWaiters: { min: 0, max: 2 ** 20, default: 1024 },
  leaseWarnMs: { min: 0, max: MAX_MS, default: 0, unit: 'ms', reason: '0 = off' },
} as const satisfies Record<string, NumberLimits>

export type UdpNumber = keyof typeof UDP_LIMITS

export const POWERS_OF_TWO: readonly UdpNumber[] = ['slotBytes', 'slots', 'ringEntries']
/** With a fraction; the others are whole. */
export const FRACTIONS: readonly UdpNumber[] = ['flushTimeoutMs', 'drainRatio', 'agingMs', 'maxBatchMs']

/** The largest payload of a datagram: 65,535 less the headers (IPv6's own header is not counted in it). */
export const MAX_PAYLOAD = { IPv4: 65507, IPv6: 65527 } as const
