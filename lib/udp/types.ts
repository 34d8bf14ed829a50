/** What the users of `UdpSocket` see, beside its classes. */
import type { DatagramCapabilities, RemoteAddress, Runtime } from '../runtime'
import type { SystemError } from '../errors'

export type UdpSocketState = 'idle' | 'binding' | 'bound' | 'connecting' | 'connected' | 'closing' | 'closed'

export type UdpAddress = RemoteAddress
export type UdpCapabilities = DatagramCapabilities

/** An IP literal and a port: names are resolved by `connect()` and `resolvePeer()` alone. */
export interface UdpTarget {
  readonly address: string
  readonly port: number
}

/** A destination. Of `peer()` and `resolvePeer()`: pinned until `release()`; of a message: interned again when it is sent to. */
export interface UdpPeer extends RemoteAddress {
  release(): void
}

export interface SendOptions {
  /** 0 to 255, default 128: from 192 the high class, below 64 the low one. */
  readonly priority?: number
  readonly ecn?: 0 | 1 | 2 | 3
  readonly hopLimit?: number
  /** The address that it leaves from. */
  readonly localAddress?: string
  readonly interfaceIndex?: number
  /** Dropped when the kernel has not taken it by then. */
  readonly expiresMs?: number
}

/** As node:dgram's `rinfo`, and what the socket was asked to receive beside the payload. */
export interface UdpMessageInfo {
  readonly address: string
  readonly port: number
  readonly family: 'IPv4' | 'IPv6'
  /** Bytes of the datagram as it was sent; above `data.length` only where `oversize: 'truncate'` cut it. */
  readonly size: number
  readonly ecn?: number
  readonly hopLimit?: number
  readonly localAddress?: string
  readonly interfaceIndex?: number
  readonly timestampMs?: number
  readonly peer: UdpPeer
}

export interface UdpMessage {
  /** Owned: valid for as long as it is kept. */
  readonly data: Buffer
  readonly info: UdpMessageInfo
}

/** One datagram could not be sent; the others are not concerned. */
export interface DatagramError extends SystemError {
  readonly bytes: number
  /** For EMSGSIZE, where the system knows it: the path MTU. */
  readonly mtuBytes?: number
}

/** What the network said of a peer; the others are not concerned. */
export interface UdpPeerError extends SystemError {
  /** Null where the system does not tell. */
  readonly peer: RemoteAddress | null
  readonly origin?: 'local' | 'icmp' | 'icmpv6'
  readonly icmpType?: number
  readonly icmpCode?: number
  readonly mtuBytes?: number
  /** Who reported it: a router, say. */
  readonly offender?: string
}

export interface CapabilityChange {
  /** 1 = segmentation offload is off now. */
  readonly gsoMaxSegments: number
  /** The system error that it went off for; null when it came back. */
  readonly reason: string | null
}

export interface LeaseWarning {
  /** `'collected'`: the garbage collector found a lease that was not released. `'held'`: held longer than `leaseWarnMs`. */
  readonly kind: 'collected' | 'held'
  readonly entries: number
}

export interface UdpSocketEvents {
  listening: []
  connect: []
  message: [data: Buffer, info: UdpMessageInfo]
  drain: []
  datagramError: [error: DatagramError]
  peerError: [error: UdpPeerError]
  capability: [change: CapabilityChange]
  leaseWarning: [warning: LeaseWarning]
  error: [error: Error]
  close: []
}

/** May be changed while the socket is open. */
export interface HotUdpOptions {
  readonly batchSize?: number
  readonly flushTimeoutMs?: number
  /** Up to what it was when the socket was made. */
  readonly maxQueuedPackets?: number
  /** Up to what it was when the socket was made. */
  readonly maxQueuedBytes?: number
  readonly drainRatio?: number
  readonly overflow?: 'refuse' | 'evictLower'
  readonly agingMs?: number
  readonly receiveBufferBytes?: number
  readonly sendBufferBytes?: number
  readonly trafficClass?: number
  readonly hopLimit?: number
  readonly broadcast?: boolean
  readonly multicastTtl?: number
  readonly multicastLoopback?: boolean
}

export interface UdpSocketOptions extends HotUdpOptions {
  readonly address?: string
  readonly port?: number
  /** `open()` connects to it. */
  readonly remote?: UdpTarget
  readonly family?: 'ipv4' | 'ipv6' | 'dual'
  readonly reuseAddress?: boolean
  readonly reusePort?: boolean
  readonly priorities?: boolean
  readonly reservedHighPackets?: number
  readonly maxDatagramBytes?: number
  readonly oversize?: 'drop' | 'truncate'
  readonly slotBytes?: number
  readonly slots?: number
  readonly largeSlots?: number
  readonly ringEntries?: number
  readonly maxBatchEntries?: number
  readonly maxBatchMs?: number
  readonly gso?: 'auto' | false
  readonly gro?: 'auto' | false
  readonly gsoMinSegments?: number
  readonly gsoMaxSegments?: number
  readonly gsoGrouping?: 'adjacent' | 'gather'
  readonly gsoRetryMs?: number
  readonly ecn?: boolean
  readonly packetInfo?: boolean
  readonly receiveHopLimit?: boolean
  readonly timestamps?: false | 'software'
  readonly icmpErrors?: 'off' | 'connected' | 'on'
  readonly pathMtu?: 'os' | 'dont' | 'do' | 'probe'
  readonly multicastAll?: boolean
  readonly maxPeers?: number
  readonly closeTimeoutMs?: number
  readonly busyPollUs?: number
  readonly spinUs?: number
  readonly maxSendWaiters?: number
  readonly leaseWarnMs?: number
  readonly poison?: boolean
  /** An `Engine`; default: the one that this thread's sockets share. */
  readonly engine?: unknown
  readonly drive?: 'auto' | 'thread' | 'inline'
  readonly backend?: string
  readonly runtime?: Runtime
  /** Destroys the socket when it aborts. */
  readonly signal?: AbortSignal
}

export interface WaitOptions {
  readonly signal?: AbortSignal
}

export interface MembershipOptions {
  /** An address, a name or an index. */
  readonly interface?: string
  /** Only what this address sends. */
  readonly source?: string
}

/** What a worker thread needs to attach to a socket: post it. */
export interface UdpSocketHandle {
  readonly kind: 'netvolley.UdpSocket'
  readonly receive: boolean
  readonly local: RemoteAddress
  readonly remote: RemoteAddress | null
  readonly family: 'ipv4' | 'ipv6' | 'dual'
  readonly options: Readonly<Record<string, unknown>>
  readonly shared: unknown
}

export interface AttachOptions {
  readonly maxQueuedPackets?: number
  readonly maxQueuedBytes?: number
  readonly reservedHighPackets?: number
  readonly drainRatio?: number
  readonly overflow?: 'refuse' | 'evictLower'
  readonly batchSize?: number
  readonly maxBatchEntries?: number
  readonly maxBatchMs?: number
  readonly priorities?: boolean
  readonly closeTimeoutMs?: number
  readonly maxSendWaiters?: number
  readonly leaseWarnMs?: number
  readonly runtime?: Runtime
}
