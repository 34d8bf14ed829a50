/** The datagram half of the back end seam; its rules are in `network-backend.ts`. */
import type { HotDatagramOption } from './datagram-options'
import type { Errno, Literal, RemoteAddress } from './literal'

/** 0 = low, 1 = normal, 2 = high. */
export type PriorityClass = 0 | 1 | 2

/** What one datagram carries beside its payload. */
export interface SendMeta {
  /** The whole byte: DSCP and ECN. */
  readonly trafficClass?: number
  readonly hopLimit?: number
  readonly localAddress?: string
  readonly interfaceIndex?: number
  /** Dropped when the kernel has not taken it by then, ms from `commit()`. */
  readonly expiresMs?: number
}

/** What the network said of a peer (an ICMP refusal, say); it never closes the socket. */
export interface UdpPeerError {
  readonly errno: Errno
  readonly syscall: string
  /** Null where the system does not tell. */
  readonly remote: RemoteAddress | null
  readonly origin?: 'local' | 'icmp' | 'icmpv6'
  readonly icmpType?: number
  readonly icmpCode?: number
  /** For EMSGSIZE: the path MTU. */
  readonly mtuBytes?: number
  /** Who sent the ICMP message. */
  readonly offender?: string
}

/**
 * One burst of received datagrams: ONE reused object per socket, nothing is allocated per packet. Entries are `first <= i < end`;
 * entry i lies at `slab[offset[i] .. offset[i] + length[i])`. A batch never wraps its ring; the columns are those of the whole ring.
 */
export interface DatagramBatch {
  readonly first: number
  readonly end: number
  readonly slab: Uint8Array
  readonly offset: Uint32Array
  readonly length: Uint32Array
  /** What was sent, where `length` was cut by `oversize: 'truncate'`. */
  readonly fullLength: Uint32Array
  /** GRO: `segmentCount` datagrams of `segmentBytes` each (the last may be shorter) in one entry; 0 = one datagram. */
  readonly segmentBytes: Uint16Array
  readonly segmentCount: Uint16Array
  readonly port: Uint16Array
  /** 4 or 6. */
  readonly family: Uint8Array
  readonly trafficClass: Uint8Array
  readonly hopLimit: Uint8Array
  /** `ReceiveFlag`s. */
  readonly flags: Uint8Array
  readonly peerId: Uint32Array
  readonly slot: Uint32Array
  /** Datagrams published before this entry, modulo 2^32. */
  readonly ordinal: Uint32Array
  readonly generation: Uint32Array
  readonly interfaceIndex: Uint32Array
  /** 16 bytes each; IPv4 in the first 4. */
  readonly localAddress: Uint8Array
  readonly timestampSeconds: Uint32Array
  readonly timestampNanoseconds: Uint32Array
}

export const ReceiveFlag = {
  truncated: 1,
  empty: 2,
  timestamp: 4,
  packetInfo: 8,
  multicast: 16,
  large: 32,
} as const

/** Memory for one burst of a `SendBatch`, read by the back end where it lies. */
export interface SendStage {
  readonly id: number
  readonly bytes: Uint8Array
  /** Something sent from it is not settled: it must not be written. */
  readonly busy: boolean
}

export interface DatagramCapabilities {
  readonly backend: string
  readonly drive: string
  /** One system call for many datagrams. */
  readonly batching: boolean
  /** 1 = no segmentation offload. */
  readonly gsoMaxSegments: number
  readonly gro: boolean
  readonly ecn: boolean
  readonly packetInfo: boolean
  readonly timestamps: boolean
  readonly txtime: boolean
  readonly reusePortBalancing: boolean
  /** What the system gave, 0 before the socket is bound. Linux reports twice what was asked for. */
  readonly receiveBufferBytes: number
  readonly sendBufferBytes: number
}

/**
 * Of one thread's link, or of all; in datagrams. `queued = sent + failed + expired + evicted + aborted + closed + pending`, where
 * what was committed a moment ago is queued and pending already. Refusals and drains are counted by the class above.
 */
export interface SendCounts {
  readonly queued: number
  readonly queuedBytes: number
  readonly sent: number
  readonly sentBytes: number
  readonly failed: number
  readonly expired: number
  readonly evicted: number
  readonly aborted: number
  readonly closed: number
  readonly pending: number
  readonly pendingLow: number
  readonly pendingNormal: number
  readonly pendingHigh: number
  /** How long the oldest has waited; 0 = nothing waits. */
  readonly oldestPendingMs: number
}

/** `received` of the socket is the sum of `published` of all links and what was dropped. */
export interface ReceiveCounts {
  /** Put into this thread's ring. */
  readonly published: number
  readonly publishedBytes: number
  readonly eventsSuppressed: number
}

/** One moment. */
export interface DatagramSnapshot {
  readonly link: SendCounts
  readonly all: SendCounts
  readonly receive: ReceiveCounts
  /** The socket's counters by name: `batchesSent`, `sendCalls`, ..., `sendBatch0` to `7`, `errors<CODE>`. */
  readonly socket: Readonly<Record<string, number>>
  readonly kernelDrops: number
}

export interface DatagramMemoryUse {
  readonly slotsBytes: number
  readonly ringsBytes: number
  readonly transmitBytes: number
  readonly peersBytes: number
  readonly totalBytes: number
  /** How the total comes about. */
  readonly formula: string
}

/** The queue with its classes, flush, GSO and accounting lies behind it: in C++, or in TypeScript over a `DatagramWire`. */
export interface DatagramBackend {
  readonly capabilities: DatagramCapabilities
  /** Then `sink.open`, or `sink.close`. */
  bind(at: Literal): void
  /** Null dissolves the connection. Then `sink.connected`, or `sink.connectFailed`. */
  connect(to: Literal | null): void
  /**
   * Interned: > 0, or a negative errno (EINVAL: no literal of the socket's family; ENOBUFS: all are in use). Equal addresses get
   * equal ids. 0 = the connected peer.
   */
  peer(to: Literal): number
  /** Counted against `peer()`. */
  releasePeer(id: number): void
  /** Of an id of `peer()`, or of a batch that is valid or kept. The same frozen object while it means the same address. */
  remote(peer: number): RemoteAddress

  /** Memory in which `reserve()` gives out places. */
  readonly tx: Uint8Array
  readonly pendingPackets: number
  readonly pendingBytes: number
  /**
   * A place in `tx` for one `commit()` that follows at once.
   *
   * @param packets datagrams it counts as
   * @returns -1: refused, nothing kept, `drain()` follows
   */
  reserve(bytes: number, priority: PriorityClass, packets: number): number
  /** Of the last `reserve()`.  @param segmentBytes 0 = one datagram  @param token 0 = `sent()` is not called */
  commit(bytes: number, peer: number, segmentBytes: number, meta: SendMeta | null, token: number): void
  /**
   * Sends bytes of a received slot where they lie; `offset` in the slab.
   *
   * @param segmentBytes 0 = one datagram
   * @returns false: refused, as `reserve()` -1
   */
  sendSlot(
    slot: number,
    offset: number,
    bytes: number,
    peer: number,
    segmentBytes: number,
    priority: PriorityClass,
    meta: SendMeta | null,
  ): boolean
  /** Null = no more to be had. */
  stage(bytes: number): SendStage | null
  releaseStage(stage: SendStage): void
  sendStaged(
    stage: SendStage,
    offset: number,
    bytes: number,
    peer: number,
    segmentBytes: number,
    priority: PriorityClass,
    meta: SendMeta | null,
  ): boolean
  /** `sent(token, ECANCELED)` follows where the kernel did not have it yet, else what became of it. */
  cancel(token: number): void
  flush(): void

  setReading(on: boolean): void
  /** Entries of the present batch stay valid after the callback.  @returns false: too many are, copy instead */
  keep(first: number, end: number): boolean
  /** Kept slots. */
  giveBack(slots: Uint32Array): void
  /** Debug: whether the slot still is what an entry of that generation saw. */
  isCurrent(slot: number, generation: number): boolean

  set(option: HotDatagramOption, value: number | boolean | string): Errno
  /** Empty `source`: any; empty `interfaceName`: the system's choice. */
  membership(group: string, source: string, interfaceName: string, join: boolean): Errno
  /** Of a group of `count` sockets with one port: the CPU chooses. */
  steer(count: number): Errno
  /** For another thread: what `attachDatagram()` there takes, to be posted; null = not possible. */
  share(receive: boolean): unknown
  snapshot(): DatagramSnapshot
  memory(): DatagramMemoryUse
  ref(on: boolean): void
  /** Sends what is queued, then `sink.close`; the class holds the deadline. */
  close(): void
  abort(): void
}

/** None of these is called inside a method of the back end. */
export interface DatagramSink {
  open(local: RemoteAddress): void
  /** Null: no longer.  @param local where it sends from: connecting chooses an address for a socket that had none */
  connected(remote: RemoteAddress | null, local: RemoteAddress): void
  connectFailed(errno: Errno, syscall: string): void
  /** Valid until it returns. May throw: the rest comes in a later turn.  @param datagrams in it, GRO unfolded */
  batch(batch: DatagramBatch, datagrams: number): void
  /** Once per refusal episode. */
  drain(): void
  /** 0; ECANCELED: taken back; ETIME: expired; else it failed. */
  sent(token: number, errno: Errno): void
  /** Of token 0. */
  sendFailed(errno: Errno, to: RemoteAddress | null, bytes: number, mtuBytes: number): void
  peerError(error: UdpPeerError): void
  /** 1 = GSO went off, and `errno` says why. */
  capability(gsoMaxSegments: number, errno: Errno): void
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
