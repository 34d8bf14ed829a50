/** The datagram half of the back end seam; its rules are in `network-backend.ts`. */
import type { Errno, Literal } from './literal'

/** 0 = low, 1 = normal, 2 = high. */
export type PriorityClass = 0 | 1 | 2

/** What one datagram carries beside its payload. */
export interface SendMeta {
  readonly ecn?: 0 | 1 | 2 | 3
  readonly hopLimit?: number
  readonly localAddress?: string
  readonly interfaceIndex?: number
  /** Dropped when the kernel has not taken it by then, ms from `commit()`. */
  readonly expiresMs?: number
}

/** What a remote peer did to us (an ICMP refusal, say); it never closes the socket. */
export interface UdpPeerError {
  readonly errno: Errno
  readonly syscall: string
  readonly remote: Literal
  /** ICMP type and code; absent where the system does not report them. */
  readonly icmpType?: number
  readonly icmpCode?: number
  /** For EMSGSIZE: the path MTU. */
  readonly mtuBytes?: number
}

/**
 * One burst of received datagrams: ONE reused object per socket, nothing is allocated per packet. Entries are `first <= i < end`;
 * entry i lies at `slab[offset[i] .. offset[i] + length[i])`. A batch never wraps its ring.
 */
export interface DatagramBatch {
  readonly first: number
  readonly end: number
  readonly slab: Uint8Array
  readonly offset: Uint32Array
  readonly length: Uint32Array
  /** GRO: `segmentCount` datagrams of `segmentBytes` each (the last may be shorter) in one entry. */
  readonly segmentBytes: Uint16Array
  readonly segmentCount: Uint16Array
  readonly port: Uint16Array
  readonly family: Uint8Array
  readonly trafficClass: Uint8Array
  readonly hopLimit: Uint8Array
  readonly flags: Uint8Array
  readonly peerId: Uint32Array
}

/** Socket options of one datagram socket: the back end passes on what only it understands (`engine`, `drive`, `backend`). */
export type DatagramOptions = Readonly<Record<string, unknown>>

/** The queue with its classes, flush, GSO and accounting lies behind it: in C++, or in TypeScript over a `DatagramWire`. */
export interface DatagramBackend {
  bind(at: Literal): void
  /** Null dissolves the connection. */
  connect(to: Literal | null): void
  /** An interned id; 0 = the connected peer. */
  peer(to: Literal): number
  releasePeer(id: number): void
  /** Memory in which `reserve()` gives out places. */
  readonly tx: Uint8Array
  readonly counters: Float64Array
  /** @returns an offset in `tx`, or -1: refused, nothing kept, `drain()` will follow */
  reserve(bytes: number, priority: PriorityClass): number
  /** @param segmentBytes 0 = one datagram  @param token 0 = `sent()` is not called */
  commit(bytes: number, peer: number, segmentBytes: number, meta: SendMeta | null, token: number): void
  /** @returns false when the kernel already has it */
  cancel(token: number): boolean
  flush(): void
  setReading(on: boolean): void
  set(option: string, value: unknown): Errno
  ref(on: boolean): void
  /** Flushes first; the class above holds the deadline. */
  close(): void
  abort(): void
}

/** None of these is called inside a method of the back end. */
export interface DatagramSink {
  open(local: Literal): void
  connected(): void
  /** Valid until it returns. */
  batch(batch: DatagramBatch): void
  /** Once per refusal episode, after `reserve()` gave -1. */
  drain(): void
  sent(token: number, errno: Errno): void
  peerError(error: UdpPeerError): void
  /** What the socket can do has changed (GSO went off, say). */
  capability(change: object): void
  /** The last call, exactly once; 0 = clean. */
  close(errno: Errno, syscall: string): void
}

export interface WirePacket {
  readonly data: Uint8Array
  /** Null = the connected peer. */
  readonly to: Literal | null
  readonly meta: SendMeta | null
}

/** Below the TypeScript queue (node, sim): hands packets over one by one. */
export interface DatagramWire {
  /** @returns how many of `packets[from ..]` were taken, or the errno of `packets[from]` */
  send(packets: readonly WirePacket[], from: number): number
}
