import type { RemoteAddress } from '../native'
import type { RequestBatch } from './request-batch'
import type { ServerRequest } from './server-request'

/** The bytes of one answer, or pieces of it that belong together. They are copied before the call returns. */
export type Reply = Uint8Array | readonly Uint8Array[]

/**
 * Answers one request. Returning (or resolving to) bytes replies; `undefined` leaves the request open until `reply`, `noReply` or
 * `fail` is called on it. A handler that throws or rejects fails that request only.
 */
export type Handler = (request: ServerRequest) => Reply | void | Promise<Reply | void>

/**
 * Answers the requests of a burst. The batch is valid until the call returns, or until the promise it returns settles. Requests
 * that are then neither answered nor taken with `requestOf` fail.
 */
export type BatchHandler = (batch: RequestBatch) => void | Promise<void>

export interface ReplyOptions {
  /** TCP: the connection closes once the reply is out. */
  readonly close?: boolean
}

export interface ServerAddress {
  readonly tcp?: RemoteAddress
  readonly udp?: RemoteAddress
}

export interface ListenOptions {
  /** Default 0: TCP takes a free one, UDP the same number. */
  readonly port?: number
  /** IP literal to listen on. Default `'0.0.0.0'`; `'::'` takes IPv4 too. */
  readonly host?: string
  readonly signal?: AbortSignal
}

export interface CloseOptions {
  /** ms in which requests that are there may still be answered. Default `closeGraceMs`. */
  readonly graceMs?: number
}

/** What happened to the connections and requests that were there when `close()` was called. */
export interface DrainReport {
  /** Connections that had something to answer. */
  readonly served: number
  /** Requests without an answer when the grace time ended. */
  readonly aborted: number
  /** Connections that had nothing to do. */
  readonly idleClosed: number
  /** Connections that were cut off at the end of the grace time. */
  readonly destroyed: number
  readonly durationMs: number
}

export type ServerState = 'idle' | 'listening' | 'draining' | 'closed'
