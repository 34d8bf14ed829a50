import type { ProviderCapabilities, NetworkName } from './capabilities'

/**
 * What a runtime knows of its network. The class that connects, listens and resolves lies above this folder, in `lib/stream`, and
 * implements it; here it stays opaque, since this folder imports no other.
 */
export interface Network {
  readonly name: NetworkName
  readonly capabilities: ProviderCapabilities
  /** Destroys all it opened; resolves when no handle is left. */
  close(): Promise<void>
}
