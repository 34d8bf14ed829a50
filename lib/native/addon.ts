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
  readonly EngineHandle: new (thread: boolean, page: Uint8Array, deliver: () => void) => EngineHandle
  readonly ServerHandle: new (
    engine: EngineHandle,
    config: Float64Array,
    slab: Uint8Array,
    link: Uint8Array,
    transmit: Uint8Array,
    peers: Uint8Array,
    counters: Uint8Array,
  ) => ServerHandle
  layout(ringEntries: number): NativeLayout
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
