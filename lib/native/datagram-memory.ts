import type { DatagramMemoryUse, DatagramOptions } from '../runtime'
import { DESTINATION_BYTES, type LinkSizes, SEND_CLASSES, datagramLinkBytes, socketPageBytes } from './datagram-layout'
import { PEER_BYTES } from './layout'
import { SPARE_ENTRIES } from './send-rings'
import { sharedMemories } from './shared-memory'

/**
 * malloc maps a piece above 32 MiB by itself, so that untouched pages cost nothing and all of it goes back to the system at once:
 * every socket's memory is one such piece. Smaller ones come from its heap, zeroed by hand, and stay there.
 */
const LEAST_BYTES = 33 * 1024 * 1024
/** So that the offsets of all three classes fit into 32 bits. */
const MOST_CLASS_BYTES = Math.floor(2 ** 32 / SEND_CLASSES / 4096) * 4096

const powerOfTwo = (least: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, least)))

export const slotsOf = (options: DatagramOptions): number => options.slots + options.largeSlots

/** Senders that can be told apart at once: those of all slots, and as many again. */
export const receivedPeersOf = (options: DatagramOptions): number =>
  powerOfTwo(Math.max(options.maxPeers, 2 * slotsOf(options)))

export function linkSizes(options: DatagramOptions, receive: boolean): LinkSizes {
  const sendEntries = powerOfTwo(options.maxQueuedPackets + options.reservedHighPackets + SPARE_ENTRIES)
  return {
    receiveEntries: receive ? options.ringEntries : 0,
    returnEntries: receive ? powerOfTwo(slotsOf(options)) : 1,
    sendEntries,
    completionEntries: 4 * sendEntries,
  }
}

/** Of each class: twice the limit, since bytes are freed in order and a datagram is one run. */
function classBytes(options: DatagramOptions): number {
  return Math.min(MOST_CLASS_BYTES, Math.ceil((2 * options.maxQueuedBytes) / 4096) * 4096)
}

function linkAreas(
  options: DatagramOptions,
  sizes: LinkSizes,
): { link: number; transmit: number; destinations: number } {
  return {
    link: datagramLinkBytes(sizes),
    transmit: SEND_CLASSES * classBytes(options),
    destinations: (options.maxPeers + 1) * DESTINATION_BYTES,
  }
}

export interface LinkMemory {
  readonly link: Uint8Array
  readonly transmit: Uint8Array
  readonly destinations: Uint8Array
}

export interface SocketMemory extends LinkMemory {
  readonly slab: Uint8Array
  readonly peers: Uint8Array
  readonly page: Uint8Array
}

/** Everything of a socket and its owner's link. */
export function socketMemory(options: DatagramOptions, sizes: LinkSizes, slabBytes: number): SocketMemory {
  return sharedMemories(
    {
      ...linkAreas(options, sizes),
      slab: slabBytes,
      peers: receivedPeersOf(options) * PEER_BYTES,
      page: socketPageBytes(slotsOf(options)),
    },
    LEAST_BYTES,
  )
}

/** A further link. */
export function linkMemory(options: DatagramOptions, sizes: LinkSizes): LinkMemory {
  return sharedMemories(linkAreas(options, sizes), LEAST_BYTES)
}

/** Row 65: what a socket can use at most. Pages that nothing was written to cost nothing. @param gro is on */
export function memoryUse(options: DatagramOptions, gro: boolean, stageBytes: number): DatagramMemoryUse {
  const sizes = linkSizes(options, true)
  const areas = linkAreas(options, sizes)
  // Without GRO a vector has a small slot, and its rest: DatagramReceiver::grow().
  const restBytes = gro ? 0 : options.batchSize * Math.max(0, options.maxDatagramBytes - options.slotBytes)
  const slotsBytes = options.slots * options.slotBytes + options.largeSlots * 65536 + restBytes
  const ringsBytes = areas.link + socketPageBytes(slotsOf(options))
  const transmitBytes = areas.transmit + stageBytes
  const peersBytes = receivedPeersOf(options) * PEER_BYTES + areas.destinations
  const totalBytes = slotsBytes + ringsBytes + transmitBytes + peersBytes
  const formula =
    `slots ${String(options.slots)} x ${String(options.slotBytes)} + largeSlots ${String(options.largeSlots)} x 65536` +
    ` + longer than a slot (batchSize of them) ${String(restBytes)}` +
    ` + rings and counters (${String(sizes.receiveEntries)} received, 3 x ${String(sizes.sendEntries)} sent) ${String(ringsBytes)}` +
    ` + 3 x 2 x maxQueuedBytes ${String(areas.transmit)} + send batches ${String(stageBytes)}` +
    ` + peers ${String(peersBytes)}`
  return { slotsBytes, ringsBytes, transmitBytes, peersBytes, totalBytes, formula }
}
