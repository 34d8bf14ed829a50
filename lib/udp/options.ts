/** The options of UdpSocket, checked. Their numbers are in `limits.ts`. */
import { optionInvalid, optionUnsupported } from '../errors'
import {
  type AttachedDatagramOptions,
  type DatagramOptions,
  type HotDatagramOption,
  type Runtime,
  checkBoolean,
  checkInteger,
  checkKnownKeys,
  checkNumber,
  checkObject,
  checkOneOf,
  checkString,
  defaultRuntime,
  literalFamily,
} from '../runtime'
import { checkPort, checkSignal, invalidAddress } from './checks'
import { FRACTIONS, POWERS_OF_TWO, UDP_LIMITS, type UdpNumber } from './limits'
import type { UdpTarget } from './types'

const CHOICES = {
  overflow: ['refuse', 'evictLower'],
  oversize: ['drop', 'truncate'],
  gsoGrouping: ['adjacent', 'gather'],
  icmpErrors: ['off', 'connected', 'on'],
  pathMtu: ['os', 'dont', 'do', 'probe'],
} as const
const FLAGS = [
  'reuseAddress',
  'reusePort',
  'ecn',
  'packetInfo',
  'receiveHopLimit',
  'broadcast',
  'multicastAll',
] as const
const NATIVE = ['engine', 'drive', 'backend', 'spinUs'] as const
const REST = [
  'address',
  'port',
  'remote',
  'family',
  'gso',
  'gro',
  'timestamps',
  'multicastLoopback',
  'priorities',
  'poison',
]
const KNOWN = [
  ...Object.keys(UDP_LIMITS),
  ...Object.keys(CHOICES),
  ...FLAGS,
  ...NATIVE,
  ...REST,
  'runtime',
  'signal',
  'pacing',
]

const HOT: readonly HotDatagramOption[] = [
  'batchSize',
  'flushTimeoutMs',
  'maxQueuedPackets',
  'maxQueuedBytes',
  'drainRatio',
  'overflow',
  'agingMs',
  'receiveBufferBytes',
  'sendBufferBytes',
  'trafficClass',
  'hopLimit',
  'broadcast',
  'multicastTtl',
  'multicastLoopback',
]
/** Fixed by the memory that was taken at the start. */
const BOUNDED: readonly string[] = ['maxQueuedPackets', 'maxQueuedBytes']

const LARGE_SLOT = 65536
/** Between two slots. */
const SLOT_GAP = 64

/** What the class keeps for itself; the back end gets `datagram`. */
export interface CheckedUdpOptions {
  readonly address: string
  readonly port: number
  readonly remote: UdpTarget | null
  readonly datagram: DatagramOptions
  readonly priorities: boolean
  readonly closeTimeoutMs: number
  readonly maxSendWaiters: number
  readonly leaseWarnMs: number
  readonly runtime: Runtime
  readonly signal: AbortSignal | undefined
}

/** @throws ERR_NETVOLLEY_OPTION_INVALID, ERR_NETVOLLEY_OPTION_UNSUPPORTED, ERR_NETVOLLEY_ADDRESS_INVALID, ERR_NETVOLLEY_PORT_INVALID */
export function checkUdpOptions(value: unknown): CheckedUdpOptions {
  const options = value === undefined ? {} : checkObject('options', value)
  refusePlanned(options)
  checkKnownKeys(options, KNOWN)
  const { address, family } = checkFamily(options)
  const numbers = checkNumbers(options)
  const flags = {} as Record<(typeof FLAGS)[number], boolean>
  for (const name of FLAGS) flags[name] = checkBoolean(name, options[name], false)
  const choices = checkChoices(options)
  // The kernel joins datagrams of one size: which of them was cut could not be told.
  const wantGro = checkOrOff('gro', options.gro, 'auto', true) && choices.oversize === 'drop'
  const { closeTimeoutMs, maxSendWaiters, leaseWarnMs, ...socketNumbers } = numbers
  const native = Object.fromEntries(NATIVE.filter((n) => options[n] !== undefined).map((n) => [n, options[n]]))
  return {
    address,
    port: checkPort('port', options.port ?? 0, 0),
    remote: options.remote === undefined ? null : (checkObject('remote', options.remote) as unknown as UdpTarget),
    datagram: {
      family,
      ...socketNumbers,
      ...flags,
      ...choices,
      largeSlots: options.largeSlots === undefined && wantGro ? 64 : numbers.largeSlots,
      gso: checkOrOff('gso', options.gso, 'auto', true),
      gro: wantGro,
      timestamps: checkOrOff('timestamps', options.timestamps, 'software', false),
      multicastLoopback: checkBoolean('multicastLoopback', options.multicastLoopback, true),
      poison: checkBoolean('poison', options.poison, process.env.NETVOLLEY_DEBUG === '1'),
      native,
    },
    priorities: checkBoolean('priorities', options.priorities, true),
    closeTimeoutMs,
    maxSendWaiters,
    leaseWarnMs,
    runtime:
      options.runtime === undefined
        ? defaultRuntime()
        : (checkObject('runtime', options.runtime) as unknown as Runtime),
    signal: checkSignal(options.signal),
  }
}

/** `on` or false. */
function checkOrOff(name: string, value: unknown, on: string, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (value === false || value === on) return value !== false
  throw optionInvalid(name, value, `${JSON.stringify(on)} or false`)
}

/** Known to the specification, and not built. */
function refusePlanned(options: Record<string, unknown>): void {
  if (options.pacing !== undefined && options.pacing !== null) {
    throw optionUnsupported('pacing', 'this build does not have it')
  }
  if (options.drive === 'split') {
    throw optionUnsupported('drive', 'this build has no "split"', ['auto', 'thread', 'inline'])
  }
}

function checkFamily(options: Record<string, unknown>): { address: string; family: DatagramOptions['family'] } {
  const families = ['ipv4', 'ipv6', 'dual'] as const
  const wanted = options.family === undefined ? undefined : checkOneOf('family', options.family, families)
  const address = checkString('address', options.address, wanted === undefined || wanted === 'ipv4' ? '0.0.0.0' : '::')
  const literal = literalFamily(address)
  if (literal === 0) throw invalidAddress(address, 'an IP literal')
  const family = wanted ?? (literal === 4 ? 'ipv4' : 'ipv6')
  checkLocal(address, family)
  return { address, family }
}

/** @throws ERR_NETVOLLEY_ADDRESS_INVALID where a socket of the family cannot be bound to it */
export function checkLocal(address: string, family: DatagramOptions['family']): void {
  const literal = literalFamily(address)
  if (literal === 0 || (literal === 4) !== (family === 'ipv4')) {
    throw invalidAddress(
      address,
      `an ${family === 'ipv4' ? 'IPv4' : 'IPv6'} literal: the socket's family is "${family}"`,
    )
  }
}

function checkNumbers(options: Record<string, unknown>): Record<UdpNumber, number> {
  const numbers = {} as Record<UdpNumber, number>
  for (const name of Object.keys(UDP_LIMITS) as UdpNumber[]) numbers[name] = checkUdpNumber(name, options[name])
  if (numbers.gsoMinSegments > numbers.gsoMaxSegments) {
    const most = `at most gsoMaxSegments (${String(numbers.gsoMaxSegments)})`
    throw optionInvalid('gsoMinSegments', numbers.gsoMinSegments, most)
  }
  checkSlab(numbers)
  return numbers
}

/** Places in it are numbers of 32 bits. */
function checkSlab({ slots, slotBytes, largeSlots }: Record<UdpNumber, number>): void {
  const bytes = slots * (slotBytes + SLOT_GAP) + largeSlots * (LARGE_SLOT + SLOT_GAP)
  if (bytes < 2 ** 32) return
  throw optionInvalid('slots', slots, `fewer: with slotBytes ${String(slotBytes)} they need more than 4 GiB`)
}

function checkUdpNumber(name: UdpNumber, value: unknown): number {
  const limits = UDP_LIMITS[name]
  const number = (FRACTIONS.includes(name) ? checkNumber : checkInteger)(name, value, limits)
  if (POWERS_OF_TWO.includes(name) && (number & (number - 1)) !== 0) {
    throw optionInvalid(name, number, `a power of two from ${String(limits.min)} to ${String(limits.max)}`)
  }
  return number
}

type Choices = { [Name in keyof typeof CHOICES]: (typeof CHOICES)[Name][number] }

function checkChoices(options: Record<string, unknown>): Choices {
  const names = Object.keys(CHOICES) as (keyof typeof CHOICES)[]
  return Object.fromEntries(names.map((name) => [name, checkChoice(name, options[name])])) as unknown as Choices
}

function checkChoice(name: keyof typeof CHOICES, value: unknown): string {
  return checkOneOf<string>(name, value, CHOICES[name], CHOICES[name][0])
}

/**
 * For `setOptions()`: all of them are checked before the first one is set.
 *
 * @param atOpen what may only be lowered and raised again
 */
export function checkHotOptions(
  value: unknown,
  atOpen: DatagramOptions,
): (readonly [HotDatagramOption, number | boolean | string])[] {
  const options = checkObject('options', value)
  refusePlanned(options)
  checkKnownKeys(options, [...HOT, 'pacing'])
  const given = HOT.filter((name) => options[name] !== undefined)
  return given.map((name) => [name, checkHot(name, options[name], atOpen)] as const)
}

function checkHot(name: HotDatagramOption, value: unknown, atOpen: DatagramOptions): number | boolean | string {
  if (name === 'broadcast' || name === 'multicastLoopback') return checkBoolean(name, value)
  if (name === 'overflow') return checkChoice(name, value)
  const number = checkUdpNumber(name, value)
  if (BOUNDED.includes(name) && number > atOpen[name]) {
    throw optionInvalid(name, number, `at most ${String(atOpen[name])}, as it was when the socket was made`)
  }
  return number
}

const ATTACHED = [
  'maxQueuedPackets',
  'maxQueuedBytes',
  'reservedHighPackets',
  'drainRatio',
  'batchSize',
  'maxBatchEntries',
  'maxBatchMs',
] as const

/** For `attach()`: what the handle brings along, and what this thread wants otherwise. */
export function checkAttachOptions(
  value: unknown,
  handle: object,
): CheckedUdpOptions & { attached: AttachedDatagramOptions } {
  const options = value === undefined ? {} : checkObject('options', value)
  const own = ['priorities', 'closeTimeoutMs', 'maxSendWaiters', 'leaseWarnMs', 'runtime', 'overflow']
  checkKnownKeys(options, [...ATTACHED, ...own])
  const attached: Record<string, unknown> = {}
  for (const name of ATTACHED) if (options[name] !== undefined) attached[name] = checkUdpNumber(name, options[name])
  if (options.overflow !== undefined) attached.overflow = checkChoice('overflow', options.overflow)
  return { ...checkUdpOptions({ ...handle, ...options }), attached: attached }
}
