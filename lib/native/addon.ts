/** Loads the native addon: the only place that does. */
import { join } from 'node:path'
import { ErrorCode, NetvolleyError } from '../errors'

export interface EngineHandle {
  /** Answers were given outside a turn: take them. */
  settle(): void
  setRef(ref: boolean): void
  close(): void
}

export interface ServerHandle {
  /**
   * 0, or libuv's number of the error. `bound` gets two address records, TCP's and UDP's; after an error its first byte is 1
   * where it was UDP's.
   */
  listen(host: string, port: number, tcp: boolean, udp: boolean, bound: Uint8Array): number
  drain(graceMs: number): void
  destroy(): void
  dispose(): void
}

/** A datagram socket; results are 0 or libuv's number of the error. */
export interface DatagramHandle {
  /** The owner's end: its index, 0, or -1. */
  addLink(link: Uint8Array, transmit: Uint8Array, destinations: Uint8Array, sizes: Uint32Array): number
  /** One for another thread: the number by which AttachedHandle takes it, or -1. Its link is the next one. */
  shareLink(link: Uint8Array, transmit: Uint8Array, destinations: Uint8Array, sizes: Uint32Array): number
  /** That thread's link has ended: its memory is let go. */
  forgetLink(link: number): void
  /** Memory that send entries of `link` may name: its number, or -1. */
  addArea(link: number, area: Uint8Array): number
  /** Binds and starts; `bound` gets an address record. */
  open(host: string, port: number, bound: Uint8Array): number
  /** `bound` gets the record of the address that it sends from now. */
  connect(host: string, port: number, bound: Uint8Array): number
  disconnect(): number
  setReading(on: boolean): void
  setSocketOption(option: number, value: number): number
  /** -1 = not known. */
  getSocketOption(option: number): number
  setHot(option: number, value: number): void
  membership(group: string, source: string, interfaceName: string, join: boolean): number
  steer(count: number): number
  cancel(token: number): void
  kernelDrops(): number
  close(): void
  abort(): void
  /** It could not be opened: what was queued has failed. */
  fail(errno: number): void
  /** It has ended, and JavaScript has seen that. */
  dispose(): void
}

/** One end of a socket that another thread owns. */
export interface AttachedHandle {
  /** False: unknown, taken before, or the socket has ended. */
  readonly attached: boolean
  wake(): void
  cancel(token: number): void
  setRef(on: boolean): void
  detach(flushFirst: boolean): void
  close(): void
}

export type NativeColumn = { readonly name: string; readonly elementBytes: number; readonly offset: number }

export interface NativeDatagramLayout {
  readonly receive: readonly NativeColumn[]
  readonly returns: readonly NativeColumn[]
  readonly sendLow: readonly NativeColumn[]
  readonly sendNormal: readonly NativeColumn[]
  readonly sendHigh: readonly NativeColumn[]
  readonly completions: readonly NativeColumn[]
  readonly events: readonly NativeColumn[]
  readonly words: number
  readonly countersAt: number
  readonly linkBytes: number
  readonly pageBytes: number
  readonly destinationBytes: number
  readonly receivedPeer: number
  readonly fields: readonly string[]
  readonly linkCounters: readonly string[]
  readonly socketCounters: readonly string[]
  readonly countedErrors: readonly number[]
}

export interface NativeLayout {
  readonly wordBytes: number
  readonly linkWords: number
  readonly linkBytes: number
  readonly requests: readonly { name: string; elementBytes: number; offset: number }[]
  readonly replies: readonly { name: string; elementBytes: number; offset: number }[]
  readonly peerBytes: number
  readonly serverFields: readonly string[]
  readonly engineCounters: readonly string[]
  readonly serverCounters: readonly string[]
}

/**
 * All arguments are passed by position, and structures as typed arrays: a worker may be terminated at any instruction, and from
 * then on native code can read memory, but no properties.
 */
export interface Addon {
  readonly EngineHandle: new (
    thread: boolean,
    /** Index in BACKENDS. */
    backend: number,
    spinUs: number,
    page: Uint8Array,
    deliver: () => void,
  ) => EngineHandle
  readonly ServerHandle: new (
    engine: EngineHandle,
    config: Float64Array,
    slab: Uint8Array,
    link: Uint8Array,
    transmit: Uint8Array,
    peers: Uint8Array,
    counters: Uint8Array,
  ) => ServerHandle
  readonly DatagramHandle: new (
    engine: EngineHandle,
    config: Float64Array,
    slab: Uint8Array,
    peers: Uint8Array,
    page: Uint8Array,
  ) => DatagramHandle
  readonly AttachedHandle: new (
    shareId: number,
    link: Uint8Array,
    transmit: Uint8Array,
    destinations: Uint8Array,
    enginePage: Uint8Array,
    deliver: () => void,
  ) => AttachedHandle
  layout(ringEntries: number): NativeLayout
  datagramLayout(sizes: Uint32Array, slots: number): NativeDatagramLayout
  /** Names, by number. */
  backEnds(): string[]
  datagramSlabBytes(config: Float64Array): number
  /** Record `index` as the reactor reads it; 0 or a negative errno. */
  writeDestination(destinations: Uint8Array, index: number, host: string, port: number, dual: boolean): number
  /** An address record as in the peer page; 0 or a negative errno. */
  parseAddress(record: Uint8Array, host: string, port: number): number
  /** Segments of one message, and 65536 more where GRO works. */
  probeOffloads(family: 4 | 6): number
  /** 0 = no such interface. */
  interfaceIndex(name: string): number
  requestMemoryBytes(config: Float64Array): number
  alignedOffset(view: Uint8Array): number
  nowMs(): number
}

let loaded: Addon | undefined

/** @throws ERR_NETVOLLEY_ADDON_MISSING with the loader's own error as cause */
export function addon(): Addon {
  if (loaded !== undefined) return loaded
  const root = join(__dirname, '..', '..')
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- a loader that returns what it finds at run time
    loaded = (require('node-gyp-build') as (folder: string) => Addon)(root)
    return loaded
  } catch (cause) {
    throw new NetvolleyError(
      ErrorCode.ADDON_MISSING,
      `the native addon of netvolley could not be loaded for ${process.platform}-${process.arch}, Node ${process.version}: ` +
        "install it again, or build it with 'npm rebuild netvolley'",
      { cause },
    )
  }
}
