import { lookup } from 'node:dns/promises'
import { AttachedDatagram, NativeDatagram } from '../native'
import type {
  AttachedDatagramOptions,
  DatagramBackend,
  DatagramOptions,
  DatagramSink,
  Network,
  ProviderCapabilities,
  ResolveOptions,
  ResolvedAddress,
} from '../runtime'
import { systemError } from '../errors'

/** The network of this machine, by the native engine. */
class NativeNetwork implements Network {
  readonly name = 'native'
  readonly capabilities: ProviderCapabilities = {
    deterministic: false,
    virtualTime: false,
    batchDatagrams: true,
    gso: true,
    tcpInfo: false,
    userTimeout: false,
    unixSockets: false,
    reset: false,
    halfOpen: false,
    exactWrites: false,
  }
  readonly #open = new Set<DatagramBackend>()
  #idle: (() => void) | null = null

  async resolve(host: string, options: ResolveOptions = {}): Promise<readonly ResolvedAddress[]> {
    const { family = 0, signal } = options
    signal?.throwIfAborted()
    const asked = lookup(host, { all: true, family })
    const found = await (signal === undefined ? asked : unlessAborted(asked, signal))
    if (found.length === 0) throw systemError(EAI_NONAME, 'getaddrinfo', host)
    return found.map(({ address, family: version }) => ({ address, family: version === 6 ? 6 : 4 }))
  }

  openDatagram(options: DatagramOptions, sink: DatagramSink): DatagramBackend {
    return this.#counted((onEnd) => new NativeDatagram(options, sink, onEnd))
  }

  attachDatagram(handle: unknown, options: AttachedDatagramOptions, sink: DatagramSink): DatagramBackend {
    return this.#counted((onEnd) => new AttachedDatagram(handle, options, sink, onEnd))
  }

  async close(): Promise<void> {
    if (this.#open.size === 0) return
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve
    })
    for (const socket of this.#open) socket.abort()
    await idle
  }

  #counted(make: (onEnd: () => void) => DatagramBackend): DatagramBackend {
    const backend = make(() => {
      this.#open.delete(backend)
      if (this.#open.size === 0) this.#idle?.()
    })
    this.#open.add(backend)
    return backend
  }
}

/** libuv's UV_EAI_NONAME. */
const EAI_NONAME = -3008

/** The resolver cannot be stopped: its answer is left alone. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    const done = (): void => {
      signal.removeEventListener('abort', onAbort)
    }
    promise.then(resolve, reject).finally(done).catch(done)
  })
}

export function nativeNetwork(): Network {
  return new NativeNetwork()
}
