/** The stream half of the back end seam; its rules are in `network-backend.ts`. */
import type { Errno, Literal } from './literal'

/** Kernel keepalive: first probe after `idleMs`, then every `intervalMs`, dead after `count` unanswered ones. */
export interface KeepAlive {
  readonly idleMs: number
  readonly intervalMs: number
  readonly count: number
}

/** Socket options of one stream, all decided by the class above: a back end has no defaults. */
export interface StreamOptions {
  readonly noDelay: boolean
  readonly keepAlive: KeepAlive | null
  /** TCP_USER_TIMEOUT, ms; 0 = off. */
  readonly userTimeoutMs: number
  /** Source of the connection; null = the system's choice. */
  readonly local: Literal | null
}

export interface ListenOptions {
  readonly backlog: number
  readonly reusePort: boolean
  /** For the streams that are accepted. */
  readonly stream: StreamOptions
}

export interface TcpInfo {
  readonly rttMs: number
  readonly rttVarMs: number
  readonly retransmits: number
  /** Segments sent and not yet acknowledged. */
  readonly unacked: number
  /** ms since data was last received, and last sent. */
  readonly lastReceiveMs: number
  readonly lastSendMs: number
}

export interface StreamBackend {
  /** Takes all of it, and copies it before it returns: the class above has checked its high water mark. */
  write(data: Uint8Array): void
  /** Bytes not yet taken by the kernel (simulated: by the send buffer). */
  readonly buffered: number
  /** Bytes taken by it; exact, also after close, if `capabilities.exactWrites`, else a lower bound. */
  readonly accepted: number
  /** False at first: nothing is read, emitted or lost before `setReading(true)`. */
  setReading(on: boolean): void
  /** FIN after what is buffered. */
  shutdown(): void
  /** RST at once. */
  abort(): void
  /** Null where the platform has none. */
  info(): TcpInfo | null
  ref(on: boolean): void
}

/** Calls come in the order open, data*, end?, close; none of them inside a method of the back end. */
export interface StreamSink {
  open(local: Literal, remote: Literal): void
  /** `slab[offset .. offset + bytes)` is valid until it returns. */
  data(slab: Uint8Array, offset: number, bytes: number): void
  /** The peer's FIN. */
  end(): void
  /** `buffered` fell. */
  progress(): void
  /** The last call, exactly once; 0 = clean. */
  close(errno: Errno, syscall: string): void
}

export interface ListenBackend {
  setAccepting(on: boolean): void
  ref(on: boolean): void
  /** Streams that were accepted stay open. */
  close(): void
}

export interface ListenSink {
  open(local: Literal): void
  /** A stream that is not adopted before this returns is refused by RST. */
  accept(remote: Literal, adopt: (sink: StreamSink) => StreamBackend): void
  /** The last call, exactly once; 0 = clean. */
  close(errno: Errno, syscall: string): void
}
