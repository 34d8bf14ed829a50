/**
 * The back end seam: what the native engine, node:net/node:dgram and the simulator each provide.
 *
 * 1. A back end has no timer, no default, no EventEmitter and makes no Error: deadlines, water marks and error objects exist
 *    once, in the classes above it. Errors are made from (errno, syscall, target) by `systemError()`, so they are equal everywhere.
 * 2. No method of a sink is called inside a method of the back end. `close` is the last call, exactly once, also after `abort`.
 * 3. Nothing is read before `setReading(true)`.
 * 4. `write` copies.
 */
import type { NetworkName, ProviderCapabilities } from './capabilities'
import type { DatagramBackend, DatagramSink } from './datagram-backend'
import type { DatagramOptions } from './datagram-options'
import type { Literal } from './literal'
import type {
  ListenBackend,
  ListenOptions,
  ListenSink,
  StreamBackend,
  StreamOptions,
  StreamSink,
} from './stream-backend'

export type ResolveKind = 'A' | 'AAAA' | 'SRV'

export type ResolvedRecord =
  | { readonly kind: 'A' | 'AAAA'; readonly address: string; readonly ttlMs: number }
  | {
      readonly kind: 'SRV'
      readonly name: string
      readonly port: number
      readonly priority: number
      readonly weight: number
      readonly ttlMs: number
    }

export interface NetworkBackend {
  readonly name: NetworkName
  readonly capabilities: ProviderCapabilities
  /** Rejects with the system error of the resolver, or with `signal.reason`. */
  resolve(name: string, kind: ResolveKind, signal: AbortSignal): Promise<ResolvedRecord[]>
  dial(to: Literal, options: StreamOptions, sink: StreamSink): StreamBackend
  listen(at: Literal, options: ListenOptions, sink: ListenSink): ListenBackend
  openDatagram(options: DatagramOptions, sink: DatagramSink): DatagramBackend
  /** Open sockets and listeners. */
  handles(): number
  close(): Promise<void>
}
