/**
 * Every error code of netvolley, and the few functions that make its errors.
 *
 * Recognise an error by its `code`, never by `instanceof`: a worker thread, a vm context and a second copy of the package each
 * have their own classes. This file imports nothing of lib, so every folder may import it.
 */
import { getSystemErrorName, inspect } from 'node:util'

/** The codes by their short name. System errors carry Node's own code (`EADDRINUSE`, ...) instead. */
export const ErrorCode = {
  /** A bad option or argument; the message names it, what was given, and what is allowed. */
  OPTION_INVALID: 'ERR_NETVOLLEY_OPTION_INVALID',
  /** A known option that this build, back end or network lacks. */
  OPTION_UNSUPPORTED: 'ERR_NETVOLLEY_OPTION_UNSUPPORTED',
  /** A back end chosen by name that cannot be had here; the message lists those that can. */
  BACKEND_UNAVAILABLE: 'ERR_NETVOLLEY_BACKEND_UNAVAILABLE',
  /** The native addon was not found or could not be loaded. */
  ADDON_MISSING: 'ERR_NETVOLLEY_ADDON_MISSING',
  /** No `runtime` was given, and nothing has registered a default one. */
  NO_RUNTIME: 'ERR_NETVOLLEY_NO_RUNTIME',
  /** Keys were to be made from a random source that is not cryptographic, outside the simulated network. */
  INSECURE_RANDOM: 'ERR_NETVOLLEY_INSECURE_RANDOM',
  /** A deadline has passed. */
  TIMEOUT: 'ERR_NETVOLLEY_TIMEOUT',
  /** `listen()` twice, or use after close. */
  SERVER_STATE: 'ERR_NETVOLLEY_SERVER_STATE',
  /** A second reply to one request; the first one stands. */
  REPLY_TWICE: 'ERR_NETVOLLEY_REPLY_TWICE',
  /** A reply above `maxReplyBytes`, or above 65,507 bytes on UDP. */
  REPLY_TOO_LARGE: 'ERR_NETVOLLEY_REPLY_TOO_LARGE',
  /** The client went away; the reason of a request's signal. */
  CONNECTION_CLOSED: 'ERR_NETVOLLEY_CONNECTION_CLOSED',
  /** The request's deadline has passed; the reason of a request's signal. */
  REQUEST_TIMEOUT: 'ERR_NETVOLLEY_REQUEST_TIMEOUT',
  /** The server's grace time ended; the reason of a request's signal. */
  SERVER_DRAINING: 'ERR_NETVOLLEY_SERVER_DRAINING',
  /** The worker that had this request crashed. */
  WORKER_EXITED: 'ERR_NETVOLLEY_WORKER_EXITED',
  /** No worker came up in `startTimeoutMs`. */
  WORKER_START: 'ERR_NETVOLLEY_WORKER_START',
  /** A bounded queue is full; nothing was kept. */
  QUEUE_FULL: 'ERR_NETVOLLEY_QUEUE_FULL',
  /** The queue was closed. */
  QUEUE_CLOSED: 'ERR_NETVOLLEY_QUEUE_CLOSED',
  /** The socket, or the engine below it, is closed. */
  SOCKET_CLOSED: 'ERR_NETVOLLEY_SOCKET_CLOSED',
  /** The call does not fit the socket's state, e.g. `bind()` twice. */
  SOCKET_STATE: 'ERR_NETVOLLEY_SOCKET_STATE',
  /** Not an IP literal of the socket's family. */
  ADDRESS_INVALID: 'ERR_NETVOLLEY_ADDRESS_INVALID',
  /** Not an integer from 1 to 65535 (as a destination) or from 0 (to bind). */
  PORT_INVALID: 'ERR_NETVOLLEY_PORT_INVALID',
  /** Above the largest datagram: 65,507 bytes on IPv4, 65,527 on IPv6. */
  MESSAGE_TOO_LARGE: 'ERR_NETVOLLEY_MESSAGE_TOO_LARGE',
  /** Not an integer from 0 to 255. */
  PRIORITY_INVALID: 'ERR_NETVOLLEY_PRIORITY_INVALID',
  /** An unconnected socket needs a destination. */
  DESTINATION_REQUIRED: 'ERR_NETVOLLEY_DESTINATION_REQUIRED',
  /** A connected socket takes no destination. */
  DESTINATION_FORBIDDEN: 'ERR_NETVOLLEY_DESTINATION_FORBIDDEN',
  /** A `'message'` listener and `onBatch` together. */
  RECEIVE_MODE: 'ERR_NETVOLLEY_RECEIVE_MODE',
  /** A lease was used after its release. */
  LEASE_RELEASED: 'ERR_NETVOLLEY_LEASE_RELEASED',
  /** A batch or one of its views was used after its callback had returned, without `retain()`. */
  BATCH_STALE: 'ERR_NETVOLLEY_BATCH_STALE',
} as const

export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode]

/** An error of netvolley's own making. */
export class NetvolleyError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }

  static {
    // On the prototype, as Error's own name is: an own property would be printed beside every stack.
    Object.defineProperty(this.prototype, 'name', { value: 'NetvolleyError', configurable: true, writable: true })
  }
}

/** Longest text of a given value inside a message: a user may pass a whole buffer by mistake. */
const MAX_GIVEN_CHARS = 80

function describe(given: unknown): string {
  const text = inspect(given, {
    depth: 0,
    breakLength: Infinity,
    customInspect: false,
    maxArrayLength: 8,
    maxStringLength: MAX_GIVEN_CHARS,
  })
  return text.length > MAX_GIVEN_CHARS ? `${text.slice(0, MAX_GIVEN_CHARS)}...` : text
}

/**
 * @param option name as the caller wrote it, with its path (`framing.bytes`)
 * @param given the value found there
 * @param allowed what fits after "must be": `an integer from 1 to 65535`
 */
export function optionInvalid(option: string, given: unknown, allowed: string): NetvolleyError {
  return new NetvolleyError(ErrorCode.OPTION_INVALID, `"${option}" must be ${allowed}; got ${describe(given)}`)
}

/**
 * @param why completes "is not supported: "
 * @param available values that can be had instead, if there are any
 */
export function optionUnsupported(option: string, why: string, available: readonly string[] = []): NetvolleyError {
  const instead = available.length === 0 ? '' : `; available: ${available.join(', ')}`
  return new NetvolleyError(ErrorCode.OPTION_UNSUPPORTED, `"${option}" is not supported: ${why}${instead}`)
}

export function backendUnavailable(name: string, available: readonly string[]): NetvolleyError {
  const list = available.length === 0 ? 'none' : available.join(', ')
  return new NetvolleyError(
    ErrorCode.BACKEND_UNAVAILABLE,
    `back end "${name}" is not available here; available: ${list}`,
  )
}

/** An error of the operating system with the fields of Node's own socket errors. */
export interface SystemError extends Error {
  code: string
  errno: number
  syscall: string
  address?: string
  port?: number
}

/**
 * The one place that turns (errno, syscall, target) into an error, so that it is equal on every back end.
 *
 * @param errno libuv's number, below 0 (-98 = EADDRINUSE on Linux)
 * @param address IP literal, or the path of a Unix socket
 * @param port left out of the message unless above 0, as Node does
 */
export function systemError(errno: number, syscall: string, address?: string, port?: number): SystemError {
  const code = getSystemErrorName(errno)
  let target = ''
  if (address !== undefined && address !== '')
    target = port !== undefined && port > 0 ? ` ${address}:${String(port)}` : ` ${address}`
  const error = new Error(`${syscall} ${code}${target}`)
  // Without it every such stack would begin inside this function.
  Error.captureStackTrace(error, systemError)
  return Object.assign(error, {
    errno,
    code,
    syscall,
    ...(address !== undefined && address !== '' ? { address } : {}),
    ...(port !== undefined && port !== 0 ? { port } : {}),
  })
}
