/** Buckets: 1, 2-3, 4-7, 8-15, 16-31, 32-63, 64, above. */
export type BatchHistogram = readonly number[]

/** In datagrams, whatever the system calls carried: one of GSO or GRO counts as what is in it. Counters only grow between two `resetStats()`. */
export interface UdpStats {
  /** When it was taken, on the runtime's clock. */
  readonly atMs: number
  /** `packetsQueued = packetsSent + packetsFailed + sum(packetsDropped) + packetsPending`, always. */
  readonly send: {
    readonly packetsQueued: number
    readonly packetsRefused: number
    readonly packetsSent: number
    readonly packetsFailed: number
    readonly packetsDropped: {
      readonly expired: number
      readonly evicted: number
      readonly aborted: number
      readonly closed: number
    }
    readonly packetsPending: number
    readonly bytesQueued: number
    readonly bytesSent: number
    /** Low, normal, high. */
    readonly pendingByClass: readonly [number, number, number]
    readonly oldestPendingMs: number
  }
  readonly sendCalls: {
    readonly batchesSent: number
    readonly sendCalls: number
    readonly partialSends: number
    readonly wouldBlock: number
    readonly noBuffers: number
    readonly retries: number
    readonly gsoSends: number
    readonly gsoSegments: number
    readonly gsoFallbacks: number
    readonly zeroCopyReplies: number
    readonly drains: number
    /** Datagrams of one call. */
    readonly sendBatchHistogram: BatchHistogram
    /** From `send()` to the kernel: below 0.0625 ms << n; the last bucket has all above. */
    readonly queueDelayHistogram: readonly number[]
  }
  /** `packetsReceived = packetsDelivered + sum(receiveDropped) + packetsInRing`, of a socket that is not shared. */
  readonly receive: {
    readonly packetsReceived: number
    readonly bytesReceived: number
    readonly packetsDelivered: number
    /** Read, and on their way to the callback. */
    readonly packetsInRing: number
    readonly batchesReceived: number
    readonly receiveCalls: number
    readonly groMessages: number
    readonly groSegments: number
    readonly receiveDropped: { readonly noSlot: number; readonly oversize: number; readonly closed: number }
    /** The socket's buffer was full. As the kernel counts: with GRO a joined message is one, whatever it held. */
    readonly kernelDrops: number
    /** Messages of one call. */
    readonly receiveBatchHistogram: BatchHistogram
  }
  readonly memory: {
    /** `slots = slotsFree + slotsReading + slotsHeld`. */
    readonly slots: number
    readonly slotsReading: number
    readonly slotsFree: number
    readonly slotsHeld: number
    readonly largeSlotsFree: number
    readonly leasesActive: number
    readonly leasesCopied: number
    readonly peers: number
    readonly peersEvicted: number
  }
  readonly errors: {
    readonly errorsByCode: Readonly<Record<string, number>>
    readonly peerErrors: number
    readonly errorsSuppressed: number
    readonly receiveErrors: number
  }
  readonly derived: { readonly averagePacketsPerBatch: number }
  /** Per second of real time since `previous`, or since the reset that came between. */
  rate(previous: UdpStats): UdpRate
}

export interface UdpRate {
  readonly seconds: number
  readonly packetsSentPerSecond: number
  readonly bytesSentPerSecond: number
  readonly packetsReceivedPerSecond: number
  readonly bytesReceivedPerSecond: number
}
