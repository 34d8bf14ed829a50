import type { DatagramOptions } from '../runtime'
import { addon } from './addon'
import { DATAGRAM_FIELDS, type DatagramFields } from './datagram-layout'
import { receivedPeersOf } from './datagram-memory'

export interface Offloads {
  /** 1 = no GSO. */
  readonly gsoMaxSegments: number
  readonly gro: boolean
}

/** What is wanted and can be had: the kernel is asked once for each family. The plain back ends go without. */
export function offloadsOf(options: DatagramOptions, backend: string): Offloads {
  if (backend !== 'mmsg' || !(options.gso || options.gro)) return { gsoMaxSegments: 1, gro: false }
  const found = addon().probeOffloads(options.family === 'ipv4' ? 4 : 6)
  return {
    gsoMaxSegments: options.gso ? Math.min(options.gsoMaxSegments, found & 0xffff) : 1,
    gro: options.gro && found >>> 16 !== 0 && options.oversize !== 'truncate',
  }
}

/** @param clockOffsetMs from the reactor's clock to JavaScript's */
export function datagramFields(options: DatagramOptions, offloads: Offloads, clockOffsetMs: number): Float64Array {
  const fields: DatagramFields = {
    family: ['ipv4', 'ipv6', 'dual'].indexOf(options.family),
    reuseAddress: Number(options.reuseAddress),
    reusePort: Number(options.reusePort),
    receiveBufferBytes: options.receiveBufferBytes,
    sendBufferBytes: options.sendBufferBytes,
    gso: Number(offloads.gsoMaxSegments > 1),
    gro: Number(offloads.gro),
    gsoMinSegments: options.gsoMinSegments,
    gsoMaxSegments: offloads.gsoMaxSegments,
    gsoGather: Number(options.gsoGrouping === 'gather'),
    gsoRetryMs: options.gsoRetryMs,
    ecn: Number(options.ecn),
    packetInfo: Number(options.packetInfo),
    receiveHopLimit: Number(options.receiveHopLimit),
    timestamps: Number(options.timestamps),
    icmpErrors: ['off', 'connected', 'on'].indexOf(options.icmpErrors),
    pathMtu: ['os', 'dont', 'do', 'probe'].indexOf(options.pathMtu),
    trafficClass: options.trafficClass,
    hopLimit: options.hopLimit,
    broadcast: Number(options.broadcast),
    multicastTtl: options.multicastTtl,
    multicastLoopback: Number(options.multicastLoopback),
    multicastAll: Number(options.multicastAll),
    busyPollUs: options.busyPollUs,
    batchSize: options.batchSize,
    flushTimeoutMs: options.flushTimeoutMs,
    agingMs: options.agingMs,
    maxDatagramBytes: options.maxDatagramBytes,
    truncateOversize: Number(options.oversize === 'truncate'),
    slots: options.slots,
    slotBytes: options.slotBytes,
    largeSlots: options.largeSlots,
    maxPeers: receivedPeersOf(options),
    poison: Number(options.poison),
    clockOffsetMs,
  }
  return Float64Array.from(DATAGRAM_FIELDS, (name) => fields[name])
}
