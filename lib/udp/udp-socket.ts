import { EventEmitter } from 'node:events'
import { optionInvalid, optionUnsupported, systemError } from '../errors'
import { type Literal, checkInteger, checkKnownKeys, checkObject, checkString, literalFamily } from '../runtime'
import { checkPort, checkSignal, socketClosed, socketState } from './checks'
import { UdpCore } from './core'
import { type UdpSnapshot, explain } from './explain'
import type { MessageStream, MessagesOptions } from './message-stream'
import { checkHotOptions, checkLocal, checkUdpOptions } from './options'
import type { OnBatch } from './receiver'
import { SendBatch } from './send-batch'
import { type ShardOptions, type UdpShardGroup, openShards } from './shards'
import { Attachment, share } from './sharing'
import type { UdpStats } from './stats-types'
import type {
  AttachOptions,
  HotUdpOptions,
  MembershipOptions,
  SendOptions,
  UdpAddress,
  UdpCapabilities,
  UdpPeer,
  UdpSocketEvents,
  UdpSocketHandle,
  UdpSocketOptions,
  UdpSocketState,
  UdpTarget,
  WaitOptions,
} from './types'

const DEFAULT_BATCH_PACKETS = 1024
/**
 * Sends and receives datagrams in bursts. Two faces: `'message'` events with buffers of their own, and `onBatch` over the memory that
 * the kernel wrote to. Nothing that a remote peer does closes it, throws, or ends the process.
 */
export class UdpSocket extends EventEmitter<UdpSocketEvents> {
  readonly #core: UdpCore
  readonly #attached: UdpSocketHandle | null

  /** @throws ERR_NETVOLLEY_OPTION_INVALID, ..._OPTION_UNSUPPORTED, ..._BACKEND_UNAVAILABLE: at once, and nothing is open */
  constructor(options?: UdpSocketOptions) {
    super()
    const attachment = options instanceof Attachment ? options : null
    this.#attached = attachment?.handle ?? null
    const checked = attachment?.options ?? checkUdpOptions(options)
    const { network } = checked.runtime
    this.#core = new UdpCore(checked, this, (sink) =>
      attachment === null ? network.openDatagram(checked.datagram, sink) : attachment.open(network, sink),
    )
    if (attachment !== null) this.#core.life.adopt(attachment.handle.local, attachment.handle.remote)
    this.#watchListeners()
  }

  /** Made, bound, and connected where `remote` is given. */
  static async open(options?: UdpSocketOptions): Promise<UdpSocket> {
    const socket = new UdpSocket(options)
    const { remote, signal } = socket.#core.options
    const wait = signal === undefined ? {} : { signal }
    try {
      await socket.bind(undefined, wait)
      if (remote !== null) await socket.connect(remote, wait)
      return socket
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

  /** Several sockets on one port, between which the kernel spreads the flows. */
  static openShards(options: ShardOptions): Promise<UdpShardGroup> {
    return openShards(options, (one) => UdpSocket.open(one))
  }

  /** The end of a socket that another thread has opened: give it what `share()` returned there. */
  static attach(handle: UdpSocketHandle, options?: AttachOptions): UdpSocket {
    return new UdpSocket(new Attachment(handle, options) as UdpSocketOptions)
  }

  get state(): UdpSocketState {
    return this.#core.life.state
  }

  /** @throws ERR_NETVOLLEY_SOCKET_STATE unless it is bound */
  address(): UdpAddress {
    const { local, state } = this.#core.life
    if (local === null) throw socketState(`address() of a socket that is ${state}`)
    return local
  }

  remoteAddress(): UdpAddress | null {
    return this.#core.life.remote
  }

  get capabilities(): UdpCapabilities {
    return this.#core.capabilities
  }

  /** Where it was not given: `address` and `port` of the options. Rejects with the system's error: then the socket is closed. */
  async bind(local: { address?: string; port?: number } = {}, options: WaitOptions = {}): Promise<UdpAddress> {
    this.#refuseAttached('bind')
    const given = checkObject('local', local)
    checkKnownKeys(given, ['address', 'port'])
    const address = checkString('address', given.address, this.#core.options.address)
    checkLocal(address, this.#core.options.datagram.family)
    const port = checkPort('port', given.port ?? this.#core.options.port, 0)
    return this.#core.life.bind({ address, port }, signalOf(options))
  }

  /** Then it sends to that peer, and receives from it, alone. Takes a host name too. Binds where that was not done. */
  async connect(remote: { address: string; port: number }, options: WaitOptions = {}): Promise<void> {
    this.#refuseAttached('connect')
    const { address, port } = checkObject('remote', remote)
    const signal = signalOf(options)
    const to = await this.#resolve(address, port, signal)
    await this.#core.life.connect(to, this.#core.bindTarget, signal)
  }

  disconnect(): void {
    this.#refuseAttached('disconnect')
    this.#core.life.disconnect()
  }

  /** A destination that stays looked up until its `release()`. */
  peer(address: string, port: number): UdpPeer {
    if (this.#core.life.isEnding) throw socketClosed('peer()')
    return this.#core.peers.pin(address, port)
  }

  /** The same for a host name: its first address that this socket can send to. */
  async resolvePeer(host: string, port: number, options: WaitOptions = {}): Promise<UdpPeer> {
    const to = await this.#resolve(host, port, signalOf(options))
    return this.peer(to.address, to.port)
  }

  async #resolve(host: unknown, port: unknown, signal: AbortSignal | undefined): Promise<Literal> {
    signal?.throwIfAborted()
    const name = checkString('address', host)
    checkPort('port', port, 1)
    if (literalFamily(name) !== 0) return this.#core.peers.check(name, port)
    const families = { ipv4: 4, ipv6: 6, dual: 0 } as const
    const family = families[this.#core.options.datagram.family]
    const found = await this.#core.options.runtime.network.resolve(name, {
      family,
      ...(signal === undefined ? {} : { signal }),
    })
    return this.#core.peers.check(found[0]?.address, port)
  }

  /**
   * True: taken, and copied. False: not taken, nothing kept, and `'drain'` follows. Not a word on whether it arrives.
   *
   * @throws for bad arguments, before anything is queued; ERR_NETVOLLEY_SOCKET_CLOSED from `close()` on
   */
  send(data: Uint8Array | string, to?: UdpPeer | UdpTarget, options?: SendOptions): boolean {
    if (this.#core.life.isEnding) throw socketClosed('send()')
    return this.#core.sender.send(data, to, options)
  }

  /** Resolves when the kernel has taken the datagram. Waits for room where there is none. */
  async sendAsync(
    data: Uint8Array | string,
    to?: UdpPeer | UdpTarget,
    options: SendOptions & WaitOptions = {},
  ): Promise<void> {
    if (this.#core.life.isEnding) throw socketClosed('sendAsync()')
    return this.#core.waiters.send(data, to, options)
  }

  /** One buffer as datagrams of `segmentBytes` each, the last of which may be shorter: taken whole, or not at all. */
  sendSegments(data: Uint8Array, segmentBytes: number, to?: UdpPeer | UdpTarget, options?: SendOptions): boolean {
    if (this.#core.life.isEnding) throw socketClosed('sendSegments()')
    return this.#core.sender.sendSegments(data, segmentBytes, to, options)
  }

  createSendBatch(options: { maxPackets?: number } = {}): SendBatch {
    checkKnownKeys(checkObject('options', options), ['maxPackets'])
    const limits = { min: 1, max: 65536, default: DEFAULT_BATCH_PACKETS }
    return new SendBatch(this.#core.sender, checkInteger('maxPackets', options.maxPackets, limits))
  }

  /** @returns how many were taken, always the first ones; they have left the batch. 0 from `close()` on */
  sendBatch(batch: SendBatch): number {
    if (!(batch instanceof SendBatch)) throw optionInvalid('batch', batch, 'a batch of createSendBatch()')
    return this.#core.life.isEnding ? 0 : batch.sendAll(this.#core.sender)
  }

  /** Sends what is queued now, not at the end of the job or of `flushTimeoutMs`. */
  flush(): void {
    if (this.#core.life.state !== 'idle' && !this.#core.life.isEnding) this.#core.backend.flush()
  }

  /** Something was refused, and `'drain'` has not come yet. */
  get needDrain(): boolean {
    return this.#core.sender.needDrain
  }

  get queuedPackets(): number {
    return this.#core.queuedPackets
  }

  get queuedBytes(): number {
    return this.#core.queuedBytes
  }

  /** The fast face: one call for each burst, in which nothing is copied. Not together with `'message'`. */
  get onBatch(): OnBatch | null {
    return this.#core.receiver.onBatch
  }

  set onBatch(handler: OnBatch | null) {
    if (handler !== null) this.#refuseSendOnly()
    this.#core.receiver.onBatch = handler
  }

  /** `for await (const { data, info } of socket.messages())`; ends with the socket. */
  messages(options: MessagesOptions = {}): MessageStream {
    this.#refuseSendOnly()
    return this.#core.receiver.messages(options)
  }

  /** Reads no more: the kernel keeps what comes, as far as its buffer reaches. */
  pause(): void {
    this.#core.receiver.pause(true)
  }

  resume(): void {
    this.#core.receiver.pause(false)
  }

  /** While it is open the process stays alive (default). */
  ref(): this {
    this.#core.setRef(true)
    return this
  }

  unref(): this {
    this.#core.setRef(false)
    return this
  }

  /** All are checked before the first one is set. */
  setOptions(options: HotUdpOptions): void {
    this.#refuseAttached('setOptions')
    if (this.#core.life.isEnding) throw socketClosed('setOptions()')
    for (const [name, value] of checkHotOptions(options, this.#core.options.datagram)) {
      const errno = this.#core.backend.set(name, value)
      if (errno < 0) throw systemError(errno, 'setsockopt')
      if (name === 'trafficClass' || name === 'maxQueuedPackets' || name === 'maxQueuedBytes') {
        this.#core.sender[name] = value as number
      }
      if (name === 'overflow') this.#core.sender.overflow = value as 'refuse' | 'evictLower'
    }
  }

  addMembership(group: string, options: MembershipOptions = {}): void {
    this.#membership(group, options, true)
  }

  dropMembership(group: string, options: MembershipOptions = {}): void {
    this.#membership(group, options, false)
  }

  #membership(group: string, options: MembershipOptions, join: boolean): void {
    const what = join ? 'addMembership' : 'dropMembership'
    this.#refuseAttached(what)
    if (!this.#core.life.isOpen) throw socketState(`${what}() on a socket that is ${this.#core.life.state}`)
    const given = checkObject('options', options)
    checkKnownKeys(given, ['interface', 'source'])
    this.#core.peers.check(group, 1)
    const source = checkString('source', given.source, '')
    if (source !== '') this.#core.peers.check(source, 1)
    const errno = this.#core.backend.membership(group, source, checkString('interface', given.interface, ''), join)
    if (errno < 0) throw systemError(errno, what, group)
  }

  /** Of a group with one port: the CPU that a datagram arrived on says whose it is. @internal */
  steer(count: number): void {
    const errno = this.#core.backend.steer(count)
    if (errno < 0) throw systemError(errno, 'setsockopt')
  }

  /** One moment, in which all sums are right. */
  stats(): UdpStats {
    return this.#core.stats.read()
  }

  /** Counters begin at zero. */
  resetStats(): void {
    this.#core.stats.reset()
  }

  explain(): UdpSnapshot {
    return explain(this.#core)
  }

  /** Post it to a worker thread and `UdpSocket.attach()` there. With `receive`, its thread gets a share of the peers. */
  share(options: { receive?: boolean } = {}): UdpSocketHandle {
    this.#refuseAttached('share')
    return share(this.#core, checkObject('options', options).receive === true)
  }

  /** Sends what is queued, for at most `closeTimeoutMs`, then lets everything go. A second call gives the same promise. */
  close(options: WaitOptions = {}): Promise<void> {
    return this.#core.life.close(signalOf(options))
  }

  /** At once: what is queued is dropped. `'error'` follows only if one is given and somebody listens. */
  destroy(error?: Error): void {
    this.#core.life.destroy(error ?? null)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  override removeAllListeners<E>(event?: E): this {
    super.removeAllListeners(event)
    this.#watchListeners()
    return this
  }

  /** Whether somebody listens to `'message'` decides whether the socket is read. */
  #watchListeners(): void {
    const core = this.#core
    const emitter = this as EventEmitter
    if (emitter.listenerCount('newListener') === 0) {
      emitter.on('newListener', (event: string | symbol) => {
        if (event !== 'message') return
        this.#refuseSendOnly()
        core.receiver.checkListener()
        // It is added when this has returned; with a socket of its own nothing comes before that.
        queueMicrotask(() => {
          core.receiver.update()
        })
      })
    }
    if (emitter.listenerCount('removeListener') === 0) {
      emitter.on('removeListener', (event: string | symbol) => {
        if (event === 'message') core.receiver.update()
      })
    }
    core.receiver.update()
  }

  #refuseAttached(what: string): void {
    if (this.#attached !== null) throw socketState(`${what}() belongs to the thread that opened the socket`)
  }

  /** A thread that was given no share of what is received. */
  #refuseSendOnly(): void {
    if (this.#attached?.receive === false) throw optionUnsupported('onBatch', 'this socket was shared for sending')
  }
}

function signalOf(options: WaitOptions): AbortSignal | undefined {
  checkKnownKeys(checkObject('options', options), ['signal'])
  return checkSignal(options.signal)
}
