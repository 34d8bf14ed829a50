import type { ProviderCapabilities, NetworkName } from './capabilities'
import type { DatagramBackend, DatagramSink } from './datagram-backend'
import type { AttachedDatagramOptions, DatagramOptions } from './datagram-options'

export interface ResolveOptions {
  /** 0 (default): both. */
  readonly family?: 0 | 4 | 6
  readonly signal?: AbortSignal
}

export interface ResolvedAddress {
  readonly address: string
  readonly family: 4 | 6
}

/**
 * What a runtime knows of its network. The class that connects and listens lies above this folder, in `lib/stream`, and
 * implements it; here it stays opaque, since this folder imports no other.
 */
export interface Network {
  readonly name: NetworkName
  readonly capabilities: ProviderCapabilities
  /** At least one address, the preferred one first. Rejects with the resolver's error, or with `signal.reason`. */
  resolve(host: string, options?: ResolveOptions): Promise<readonly ResolvedAddress[]>
  /** @throws argument errors of what only it understands (`options.native`) */
  openDatagram(options: DatagramOptions, sink: DatagramSink): DatagramBackend
  /** The end that another thread gave away with `DatagramBackend.share()`. Left out where threads share no socket. */
  attachDatagram?(handle: unknown, options: AttachedDatagramOptions, sink: DatagramSink): DatagramBackend
  /** Destroys all it opened; resolves when no handle is left. */
  close(): Promise<void>
}
