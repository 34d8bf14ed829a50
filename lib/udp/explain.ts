import type { DatagramMemoryUse } from '../runtime'
import type { UdpCore } from './core'
import type { LastError } from './datagram-errors'
import type { UdpAddress, UdpCapabilities, UdpSocketState } from './types'

/** What a socket is doing, for people: `console.dir(socket.explain(), { depth: null })`. */
export interface UdpSnapshot {
  readonly state: UdpSocketState
  readonly local: UdpAddress | null
  readonly remote: UdpAddress | null
  readonly capabilities: UdpCapabilities
  readonly sending: {
    readonly queuedPackets: number
    readonly queuedBytes: number
    readonly maxQueuedPackets: number
    readonly maxQueuedBytes: number
    /** Low, normal, high. */
    readonly pendingByClass: readonly [number, number, number]
    readonly oldestPendingMs: number
    readonly needDrain: boolean
    /** `sendAsync()` calls that wait for room, and all that are not settled. */
    readonly waiting: number
    readonly unsettled: number
  }
  readonly receiving: {
    readonly mode: 'none' | 'batch' | 'message'
    readonly paused: boolean
    /** Messages that were cut and wait for a listener. */
    readonly heldMessages: number
    readonly packetsInRing: number
    readonly leasesActive: number
  }
  /** The bound of its memory and how it comes about. */
  readonly memory: DatagramMemoryUse
  /** The youngest at the end. */
  readonly lastErrors: readonly LastError[]
}

export function explain(core: UdpCore): UdpSnapshot {
  const { life, sender, waiters, receiver, backend } = core
  const { state, local, remote } = life
  const { send, receive, memory } = core.stats.read()
  return {
    state,
    local,
    remote,
    capabilities: core.capabilities,
    sending: {
      queuedPackets: send.packetsPending,
      queuedBytes: core.queuedBytes,
      maxQueuedPackets: sender.maxQueuedPackets,
      maxQueuedBytes: sender.maxQueuedBytes,
      pendingByClass: send.pendingByClass,
      oldestPendingMs: send.oldestPendingMs,
      needDrain: sender.needDrain,
      waiting: waiters.waiting,
      unsettled: waiters.open,
    },
    receiving: {
      mode: receiver.mode,
      paused: receiver.paused,
      heldMessages: receiver.heldMessages,
      packetsInRing: receive.packetsInRing,
      leasesActive: memory.leasesActive,
    },
    memory: backend.memory(),
    lastErrors: core.errors.last(),
  }
}
