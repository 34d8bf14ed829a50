/** Loads the native addon: the only place that does. */
import { join } from 'node:path'
import { ErrorCode, NetvolleyError } from '../errors'

export interface NativeAddress {
  readonly address: string
  readonly port: number
  readonly family: 'IPv4' | 'IPv6'
}

export interface NativeFailure {
  readonly errno: number
  readonly syscall: string
  readonly address: string
  readonly port: number
}

export interface EngineHandle {
  /** Answers were given outside a turn: take them. */
  settle(): void
  setRef(ref: boolean): void
  close(): void
}

export interface ServerListenOptions {
  readonly host: string
  readonly port: number
  readonly tcp: boolean
  readonly udp: boolean
  readonly ipv6Only: boolean
}

export interface ServerHandle {
  listen(options: ServerListenOptions): { tcp?: NativeAddress; udp?: NativeAddress } | NativeFailure
  drain(graceMs: number): void
  destroy(): void
  dispose(): void
}

export interface ServerMemory {
  readonly slab: Uint8Array
  readonly link: Uint8Array
  readonly transmit: Uint8Array
  readonly peers: Uint8Array
  readonly counters: Uint8Array
}

export interface SlabClass {
  readonly slots: number
  readonly slotBytes: number
}

/** ServerConfig of native/engine/server_config.h; checked by lib/server before it gets here. */
export interface NativeServerConfig {
  readonly framing: {
    readonly bytes: number
    readonly littleEndian: boolean
    readonly includesHeader: boolean
    readonly offset: number
    readonly adjust: number
  }
  readonly datagramFramed: boolean
  readonly maxBodyBytes: number
  readonly maxConnections: number
  readonly maxInFlightPerConnection: number
  readonly maxTcpInFlight: number
  readonly maxUdpInFlight: number
  readonly udpPayloadBytes: number
  readonly maxBufferedBytes: number
  readonly writeHighWaterBytes: number
  readonly writeLowWaterBytes: number
  readonly writeLimitBytes: number
  readonly headerTimeoutMs: number
  readonly bodyTimeoutMs: number
  readonly writeTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly minBytesPerSec: number
  readonly lingerTimeoutMs: number
  readonly lingerBytes: number
  readonly ringEntries: number
  readonly udpPeers: number
  readonly slab: readonly SlabClass[]
  readonly clockOffsetMs: number
}

export interface NativeLayout {
  readonly wordBytes: number
  readonly linkWords: number
  readonly linkBytes: number
  readonly requests: readonly { name: string; elementBytes: number; offset: number }[]
  readonly replies: readonly { name: string; elementBytes: number; offset: number }[]
  readonly peerBytes: number
  readonly engineCounters: readonly string[]
  readonly serverCounters: readonly string[]
}

export interface Addon {
  readonly EngineHandle: new (options: { thread: boolean }, page: Uint8Array, deliver: () => void) => EngineHandle
  readonly ServerHandle: new (engine: EngineHandle, config: NativeServerConfig, memory: ServerMemory) => ServerHandle
  layout(ringEntries: number): NativeLayout
  slabBytes(classes: readonly SlabClass[]): number
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
