import type { EngineCounters, ServerCounters } from '../native'

/** What a server has done since it was made. Counters only grow; `active`, `inFlight`, `slabFree` and the like are levels. */
export interface RequestServerStats {
  readonly connections: {
    readonly active: number
    readonly peak: number
    readonly accepted: number
    readonly rejectedMax: number
    readonly rejectedNoFd: number
    readonly acceptErrors: number
    /** Why connections ended; they sum up to `accepted - active`. */
    readonly closed: {
      readonly eof: number
      readonly handler: number
      readonly idleTimeout: number
      readonly headerTimeout: number
      readonly bodyTimeout: number
      readonly writeTimeout: number
      readonly writeLimit: number
      readonly protocol: number
      readonly reset: number
      readonly shed: number
      readonly drain: number
      readonly destroyed: number
    }
  }
  /** `total = replied + noReply + failed + aborted + inFlight`. */
  readonly requests: {
    readonly tcp: number
    readonly udp: number
    readonly total: number
    readonly replied: number
    readonly noReply: number
    readonly failed: number
    /** Their connection, or the server, was gone before the answer. */
    readonly aborted: number
    /** Answers that came after that, and answers to no request. */
    readonly lateReplies: number
    readonly inFlight: number
    readonly inFlightPeak: number
  }
  readonly frames: {
    readonly ok: number
    readonly rejected: { readonly tooLarge: number; readonly badLength: number; readonly truncated: number }
  }
  readonly bytes: { readonly in: number; readonly out: number }
  readonly udp: {
    readonly datagramsIn: number
    readonly datagramsOut: number
    readonly droppedShort: number
    readonly droppedTruncated: number
    readonly droppedOverload: number
    /** Dropped by the kernel because the socket's buffer was full (read once a second and at the end). */
    readonly droppedKernel: number
    readonly droppedSend: number
    readonly sendErrors: number
    readonly receiveErrors: number
  }
  readonly memory: {
    readonly slabSlots: number
    readonly slabFree: number
    /** Blocks that TCP is read into; a block is free when every request in it was answered. */
    readonly readBlocks: number
    readonly readBlocksFree: number
    readonly bufferedBytes: number
    readonly unsentBytes: number
    readonly pausedConnections: number
    /** Replies that wait in JavaScript for room. */
    readonly heldReplies: number
  }
  /** System calls of the engine, which other sockets may share. Undefined while the server has none. */
  readonly engine: EngineCounters | undefined
}

export function serverStats(
  c: ServerCounters,
  engine: EngineCounters | undefined,
  heldReplies: number,
): RequestServerStats {
  return {
    connections: {
      active: c.connectionsActive,
      peak: c.connectionsPeak,
      accepted: c.accepted,
      rejectedMax: c.rejectedMax,
      rejectedNoFd: c.rejectedNoFd,
      acceptErrors: c.acceptErrors,
      closed: {
        eof: c.closedEof,
        handler: c.closedHandler,
        idleTimeout: c.closedIdleTimeout,
        headerTimeout: c.closedHeaderTimeout,
        bodyTimeout: c.closedBodyTimeout,
        writeTimeout: c.closedWriteTimeout,
        writeLimit: c.closedWriteLimit,
        protocol: c.closedProtocol,
        reset: c.closedReset,
        shed: c.closedShed,
        drain: c.closedDrain,
        destroyed: c.closedDestroyed,
      },
    },
    requests: {
      tcp: c.requestsTcp,
      udp: c.requestsUdp,
      total: c.requestsTcp + c.requestsUdp,
      replied: c.replied,
      noReply: c.noReply,
      failed: c.failed,
      aborted: c.aborted,
      lateReplies: c.lateReplies,
      inFlight: c.inFlight,
      inFlightPeak: c.inFlightPeak,
    },
    frames: {
      ok: c.framesOk,
      rejected: { tooLarge: c.rejectedTooLarge, badLength: c.rejectedBadLength, truncated: c.rejectedTruncated },
    },
    bytes: { in: c.bytesIn, out: c.bytesOut },
    udp: {
      datagramsIn: c.datagramsIn,
      datagramsOut: c.datagramsOut,
      droppedShort: c.droppedShort,
      droppedTruncated: c.droppedTruncated,
      droppedOverload: c.droppedOverload,
      droppedKernel: c.droppedKernel,
      droppedSend: c.droppedSend,
      sendErrors: c.sendErrors,
      receiveErrors: c.receiveErrors,
    },
    memory: {
      slabSlots: c.slabSlots,
      slabFree: c.slabFree,
      readBlocks: c.readBlocks,
      readBlocksFree: c.readBlocksFree,
      bufferedBytes: c.bufferedBytes,
      unsentBytes: c.unsentBytes,
      pausedConnections: c.pausedConnections,
      heldReplies,
    },
    engine,
  }
}
