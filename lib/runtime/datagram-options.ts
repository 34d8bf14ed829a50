/** What `UdpSocket` hands to a back end: every option checked, under its public name, none left out. */
export interface DatagramOptions {
  readonly family: 'ipv4' | 'ipv6' | 'dual'
  readonly reuseAddress: boolean
  readonly reusePort: boolean
  readonly batchSize: number
  readonly flushTimeoutMs: number
  readonly maxQueuedPackets: number
  readonly maxQueuedBytes: number
  readonly reservedHighPackets: number
  readonly drainRatio: number
  readonly overflow: 'refuse' | 'evictLower'
  readonly agingMs: number
  readonly maxDatagramBytes: number
  readonly oversize: 'drop' | 'truncate'
  /** A power of two, as `slots` and `ringEntries` are. */
  readonly slotBytes: number
  readonly slots: number
  readonly largeSlots: number
  readonly ringEntries: number
  readonly maxBatchEntries: number
  readonly maxBatchMs: number
  /** 0 = the system's. */
  readonly receiveBufferBytes: number
  /** 0 = the system's. */
  readonly sendBufferBytes: number
  /** Wanted where the system can; the back end probes. */
  readonly gso: boolean
  /** Wanted where the system can; false with `oversize: 'truncate'`. */
  readonly gro: boolean
  readonly gsoMinSegments: number
  readonly gsoMaxSegments: number
  readonly gsoGrouping: 'adjacent' | 'gather'
  /** 0 = never. */
  readonly gsoRetryMs: number
  readonly ecn: boolean
  readonly packetInfo: boolean
  readonly receiveHopLimit: boolean
  readonly timestamps: boolean
  readonly icmpErrors: 'off' | 'connected' | 'on'
  readonly pathMtu: 'os' | 'dont' | 'do' | 'probe'
  readonly trafficClass: number
  /** 0 = the system's. */
  readonly hopLimit: number
  readonly broadcast: boolean
  readonly multicastTtl: number
  readonly multicastLoopback: boolean
  readonly multicastAll: boolean
  readonly maxPeers: number
  readonly busyPollUs: number
  readonly poison: boolean
  /** Unchecked: what only the native back end understands. */
  readonly native: DatagramNativeOptions
}

export interface DatagramNativeOptions {
  readonly engine?: unknown
  readonly drive?: unknown
  readonly backend?: unknown
  readonly spinUs?: unknown
}

/** Of a socket that another thread opened: sizes were fixed when it was shared, and may only be lower here. */
export type AttachedDatagramOptions = Partial<
  Pick<
    DatagramOptions,
    | 'maxQueuedPackets'
    | 'maxQueuedBytes'
    | 'reservedHighPackets'
    | 'drainRatio'
    | 'overflow'
    | 'batchSize'
    | 'maxBatchEntries'
    | 'maxBatchMs'
  >
>

/** May be changed while the socket is open. */
export type HotDatagramOption =
  | 'batchSize'
  | 'flushTimeoutMs'
  | 'maxQueuedPackets'
  | 'maxQueuedBytes'
  | 'drainRatio'
  | 'overflow'
  | 'agingMs'
  | 'receiveBufferBytes'
  | 'sendBufferBytes'
  | 'trafficClass'
  | 'hopLimit'
  | 'broadcast'
  | 'multicastTtl'
  | 'multicastLoopback'
