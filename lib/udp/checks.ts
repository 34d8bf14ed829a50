/** Arguments of UdpSocket's methods: all are checked before anything is queued. */
import { ErrorCode, NetvolleyError, optionInvalid } from '../errors'
import {
  type PriorityClass,
  type SendMeta,
  checkInteger,
  checkNumber,
  checkObject,
  checkOneOf,
  checkString,
  literalFamily,
} from '../runtime'
import { MAX_PAYLOAD } from './limits'
import type { SendOptions } from './types'

export function invalidAddress(given: unknown, allowed: string): NetvolleyError {
  return new NetvolleyError(ErrorCode.ADDRESS_INVALID, optionInvalid('address', given, allowed).message)
}

/** @param least 0 to bind, 1 as a destination */
export function checkPort(name: string, value: unknown, least: 0 | 1): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= 65535) return value
  const { message } = optionInvalid(name, value, `an integer from ${String(least)} to 65535`)
  throw new NetvolleyError(ErrorCode.PORT_INVALID, message)
}

/** By its shape: one of another realm is as good. */
export function checkSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || typeof (value as AbortSignal | null)?.throwIfAborted === 'function') {
    return value as AbortSignal | undefined
  }
  throw optionInvalid('signal', value, 'an AbortSignal')
}

/** @param priorities false: the number is checked and ignored */
export function classOf(priority: unknown, priorities: boolean): PriorityClass {
  if (priority === undefined) return 1
  if (typeof priority !== 'number' || !Number.isInteger(priority) || priority < 0 || priority > 255) {
    const { message } = optionInvalid('priority', priority, 'an integer from 0 to 255')
    throw new NetvolleyError(ErrorCode.PRIORITY_INVALID, message)
  }
  if (!priorities) return 1
  return priority >= 192 ? 2 : priority < 64 ? 0 : 1
}

/** @param trafficClass of the socket: a packet's own ECN goes beside its DSCP */
export function metaOf(options: SendOptions, trafficClass: number): SendMeta | null {
  const { ecn, hopLimit, localAddress, interfaceIndex, expiresMs } = options
  const none = ecn === undefined && hopLimit === undefined && localAddress === undefined
  if (none && interfaceIndex === undefined && expiresMs === undefined) return null
  const meta: { -readonly [Name in keyof SendMeta]: SendMeta[Name] } = {}
  if (ecn !== undefined) meta.trafficClass = (trafficClass & 0xfc) | checkOneOf('ecn', ecn, [0, 1, 2, 3])
  if (hopLimit !== undefined) meta.hopLimit = checkInteger('hopLimit', hopLimit, { min: 1, max: 255 })
  if (localAddress !== undefined) {
    meta.localAddress = checkString('localAddress', localAddress)
    if (literalFamily(localAddress) === 0) throw invalidAddress(localAddress, 'an IP literal')
  }
  if (interfaceIndex !== undefined) {
    meta.interfaceIndex = checkInteger('interfaceIndex', interfaceIndex, { min: 0, max: 2 ** 31 - 1 })
  }
  if (expiresMs !== undefined) meta.expiresMs = checkNumber('expiresMs', expiresMs, { min: 0, max: 2 ** 31 - 1 })
  return meta
}

/** Bytes of a payload. @throws also for a view whose buffer was detached, which would pass for an empty one */
export function payloadBytes(data: unknown): number {
  if (data instanceof Uint8Array) {
    // Optimised code of some V8 still sees the old length of a detached view: its buffer is asked too.
    if (data.length === 0 || data.buffer.byteLength === 0) refuseDetached(data)
    return data.length
  }
  if (typeof data === 'string') return Buffer.byteLength(data)
  throw optionInvalid('data', data, 'a Uint8Array or a string')
}

function refuseDetached(data: Uint8Array): void {
  try {
    // The only test of a detached buffer that every supported Node has.
    data.buffer.slice(0, 0)
  } catch {
    throw optionInvalid('data', data, 'bytes whose ArrayBuffer was not transferred')
  }
}

export function checkFits(bytes: number, family: 'IPv4' | 'IPv6'): void {
  if (bytes <= MAX_PAYLOAD[family]) return
  throw new NetvolleyError(
    ErrorCode.MESSAGE_TOO_LARGE,
    `a datagram of ${String(bytes)} bytes: ${family} carries at most ${String(MAX_PAYLOAD[family])}`,
  )
}

export function checkSendOptions(options: unknown): SendOptions {
  return checkObject('options', options)
}

export function socketClosed(what: string): NetvolleyError {
  return new NetvolleyError(ErrorCode.SOCKET_CLOSED, `${what}: the socket is closed`)
}

export function socketState(message: string): NetvolleyError {
  return new NetvolleyError(ErrorCode.SOCKET_STATE, message)
}
