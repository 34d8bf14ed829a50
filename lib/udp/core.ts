import { AsyncResource } from 'node:async_hooks'
import { getSystemErrorName } from 'node:util'
import type { SystemError } from '../errors'
import type {
  DatagramBackend,
  DatagramBatch,
  DatagramSink,
  Errno,
  Literal,
  RemoteAddress,
  UdpPeerError as PeerReport,
} from '../runtime'
import { ErrorReporter } from './datagram-errors'
import type { CheckedUdpOptions } from './options'
import { PeerBook } from './peers'
import { Receiver } from './receiver'
import { SendWaiters } from './send-waiters'
import { Sender } from './sender'
import { SocketLife } from './socket-life'
import { type ClassCounts, StatsBook } from './stats'
import type { UdpCapabilities, UdpSocketEvents } from './types'

type EventName = keyof UdpSocketEvents

/** The socket that users see. */
export interface CoreHost {
  listenerCount(event: EventName): number
  emit<E extends EventName>(event: E, ...args: UdpSocketEvents[E]): boolean
}

/** The parts of one UdpSocket, wired up; what its back end tells arrives here. */
export class UdpCore implements DatagramSink {
  readonly options: CheckedUdpOptions
  readonly backend: DatagramBackend
  readonly life: SocketLife
  readonly peers: PeerBook
  readonly sender: Sender
  readonly waiters: SendWaiters
  readonly receiver: Receiver
  readonly errors: ErrorReporter
  readonly stats: StatsBook
  readonly #host: CoreHost
  /** Callbacks run in the async context of whoever made the socket. */
  readonly #resource = new AsyncResource('netvolley.UdpSocket')
  #lastCapabilities: UdpCapabilities | null = null
  #refs = true
  #refCounted = false
  #drains = 0
  #forgetSignal: () => void = () => undefined

  constructor(options: CheckedUdpOptions, host: CoreHost, open: (sink: DatagramSink) => DatagramBackend) {
    options.signal?.throwIfAborted()
    this.options = options
    this.#host = host
    this.backend = open(this)
    const { clock } = options.runtime
    this.errors = new ErrorReporter(clock, (event, error) => {
      this.#tell(event, error as never)
    })
    this.peers = new PeerBook(this.backend, options.datagram)
    this.sender = new Sender(this.backend, this.peers, options, () => {
      this.life.bindImplicitly(this.bindTarget)
    })
    this.waiters = new SendWaiters(this.sender, options.maxSendWaiters, () => {
      this.#countRef()
    })
    this.receiver = this.#makeReceiver()
    this.life = this.#makeLife()
    this.stats = new StatsBook(() => ({
      atMs: clock.now(),
      snapshot: this.backend.snapshot(),
      own: countsOf(this, this.#drains),
    }))
    this.#watchSignal()
  }

  get bindTarget(): Literal {
    return { address: this.options.address, port: this.options.port }
  }

  get capabilities(): UdpCapabilities {
    return this.#lastCapabilities ?? this.backend.capabilities
  }

  get queuedPackets(): number {
    return this.#hasMemory ? this.backend.pendingPackets : 0
  }

  get queuedBytes(): number {
    return this.#hasMemory ? this.backend.pendingBytes : 0
  }

  get #hasMemory(): boolean {
    return this.life.state !== 'idle' && this.life.state !== 'closed'
  }

  setRef(refs: boolean): void {
    this.#refs = refs
    this.#countRef()
  }

  #makeReceiver(): Receiver {
    const { datagram, leaseWarnMs, runtime } = this.options
    const host = this.#host
    return new Receiver({
      backend: this.backend,
      peers: this.peers,
      sender: this.sender,
      clock: runtime.clock,
      resource: this.#resource,
      datagram,
      leaseWarnMs,
      isOpen: () => this.life.isOpen,
      listeners: () => this.#host.listenerCount('message'),
      message: (data, info) => host.emit('message', data, info),
      leaseWarning: (warning) => {
        if (!this.life.isEnding) this.#tell('leaseWarning', warning)
      },
    })
  }

  #makeLife(): SocketLife {
    return new SocketLife({
      backend: this.backend,
      clock: this.options.runtime.clock,
      closeTimeoutMs: this.options.closeTimeoutMs,
      changed: () => {
        const { state, remote, local } = this.life
        this.sender.boundTo = local?.family === 'IPv4' && local.address !== '0.0.0.0' ? local.address : null
        this.sender.connectedFamily = state === 'connected' && remote !== null ? remote.family : null
        this.receiver.update()
        this.#countRef()
      },
      closing: () => {
        this.sender.closed = true
        this.waiters.refuseWaiting()
        this.receiver.stop()
      },
      ended: () => {
        this.#ended()
      },
      emit: (event) => {
        this.#tell(event)
      },
      fail: (error, kind) => {
        if (kind === 'given' && this.#host.listenerCount('error') === 0) return
        if (kind === 'fatal') this.errors.remember('error', error as SystemError)
        this.#tell('error', error)
      },
    })
  }

  /** Inside a sink call nothing may throw: a listener's error is thrown by itself, as from any other callback. */
  #tell<E extends EventName>(event: E, ...args: UdpSocketEvents[E]): void {
    try {
      this.#resource.runInAsyncScope(() => this.#host.emit(event, ...args))
    } catch (thrown) {
      queueMicrotask(() => {
        throw thrown
      })
    }
  }

  #watchSignal(): void {
    const { signal } = this.options
    if (signal === undefined) return
    const onAbort = (): void => {
      this.life.destroy(null, signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    this.#forgetSignal = () => {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Whoever waits for a promise of the socket gets it, also after `unref()`. */
  #countRef(): void {
    const { state } = this.life
    const lives = state !== 'idle' && state !== 'closed'
    const waits = state === 'closing' || state === 'binding' || state === 'connecting' || this.waiters.open > 0
    const wanted = lives && (this.#refs || waits)
    if (wanted === this.#refCounted) return
    this.#refCounted = wanted
    this.backend.ref(wanted)
  }

  #ended(): void {
    this.#forgetSignal()
    try {
      this.#lastCapabilities = this.backend.capabilities
    } catch {
      // Without the addon there are none; whoever opened the socket has been told.
    }
    this.waiters.refuseAll()
    this.stats.freeze()
    this.receiver.close()
    this.peers.close()
  }

  // From here on: DatagramSink.

  open(local: RemoteAddress): void {
    this.life.opened(local)
  }

  connected(remote: RemoteAddress | null, local: RemoteAddress): void {
    this.life.connected(remote, local)
  }

  connectFailed(errno: Errno, syscall: string): void {
    this.life.connectFailed(errno, syscall)
  }

  batch(batch: DatagramBatch, datagrams: number): void {
    this.receiver.deliver(batch, datagrams)
  }

  drain(): void {
    // Those that wait for room come first. Where they took all of it, the next drain is the user's.
    if (!this.waiters.resume() || !this.sender.needDrain) return
    this.sender.needDrain = false
    if (this.life.isEnding) return
    this.#drains++
    this.#tell('drain')
  }

  sent(token: number, errno: Errno): void {
    this.waiters.settled(token, errno)
  }

  sendFailed(errno: Errno, to: RemoteAddress | null, bytes: number, mtuBytes: number): void {
    if (!this.life.isEnding) this.errors.sendFailed(errno, to, bytes, mtuBytes)
  }

  peerError(error: PeerReport): void {
    if (!this.life.isEnding) this.errors.peerError(error)
  }

  capability(gsoMaxSegments: number, errno: Errno): void {
    if (this.life.isEnding) return
    this.#tell('capability', { gsoMaxSegments, reason: errno === 0 ? null : getSystemErrorName(errno) })
  }

  close(errno: Errno, syscall: string): void {
    this.life.ended(errno, syscall)
  }
}

function countsOf(core: UdpCore, drains: number): ClassCounts {
  const { receiver, sender, errors } = core
  return {
    refused: sender.refused,
    drains,
    delivered: receiver.delivered,
    discarded: receiver.discarded,
    suppressed: errors.suppressed,
    leasesActive: receiver.leases.active,
    leasesCopied: receiver.leases.copied,
  }
}
