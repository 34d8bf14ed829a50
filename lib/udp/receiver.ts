import type { AsyncResource } from 'node:async_hooks'
import { ErrorCode, NetvolleyError, optionInvalid } from '../errors'
import type { Clock, DatagramBackend, DatagramBatch, DatagramOptions } from '../runtime'
import { LocalAddresses } from './batch-address'
import type { BatchContext } from './batch-context'
import { LeaseBook } from './lease'
import { MessageCutter } from './message-cutter'
import { MessageStream } from './message-stream'
import type { PeerBook } from './peers'
import { ReceivedBatch } from './received-batch'
import type { Sender } from './sender'
import type { LeaseWarning, UdpMessage, UdpMessageInfo } from './types'

export type OnBatch = (batch: ReceivedBatch) => void

export interface ReceiverHost {
  readonly backend: DatagramBackend
  readonly peers: PeerBook
  readonly sender: Sender
  readonly clock: Clock
  readonly resource: AsyncResource
  readonly datagram: DatagramOptions
  readonly leaseWarnMs: number
  /** The socket is bound and not closing. */
  isOpen(): boolean
  listeners(): number
  message(data: Buffer, info: UdpMessageInfo): void
  leaseWarning(warning: LeaseWarning): void
}

/** Who receives, whether the socket is read, and how a burst gets to its receiver. */
export class Receiver {
  /** Datagrams given to the user. */
  delivered = 0
  /** Received, and nobody there: the socket was being closed. */
  discarded = 0
  readonly leases: LeaseBook
  readonly #host: ReceiverHost
  readonly #cutter: MessageCutter
  readonly #context: BatchContext
  readonly #streams = new Set<MessageStream>()
  readonly #resource: AsyncResource
  /** Cut, and not taken: the listener paused the socket, or went away, in the middle of a burst. */
  #held: UdpMessage[] = []
  #heldArmed = false
  #batch: ReceivedBatch | null = null
  #onBatch: OnBatch | null = null
  #paused = false
  /** That somebody does, as of the last `update()`: who goes away calls that, who comes does it a little later. */
  #listening = false
  #reading = false
  #stopped = false

  constructor(host: ReceiverHost) {
    this.#host = host
    this.#resource = host.resource
    const { datagram, backend, peers } = host
    const { ecn, packetInfo, receiveHopLimit, timestamps } = datagram
    const addresses = new LocalAddresses()
    this.#cutter = new MessageCutter(peers, addresses, { ecn, packetInfo, hopLimit: receiveHopLimit, timestamps })
    this.leases = new LeaseBook(backend, host.leaseWarnMs, (warning) => {
      host.leaseWarning(warning)
    })
    this.#context = {
      backend,
      peers,
      sender: host.sender,
      addresses,
      clock: host.clock,
      slotBytes: datagram.slotBytes,
      debug: datagram.poison,
      makeLease: (columns, first, end, datagrams) => this.leases.make(this.#context, columns, first, end, datagrams),
    }
  }

  get onBatch(): OnBatch | null {
    return this.#onBatch
  }

  set onBatch(handler: OnBatch | null) {
    if (handler !== null && typeof handler !== 'function') throw optionInvalid('onBatch', handler, 'a function or null')
    if (handler !== null && this.#wantsMessages()) throw receiveMode('onBatch')
    this.#onBatch = handler
    this.update()
  }

  get mode(): 'none' | 'batch' | 'message' {
    if (this.#onBatch !== null) return 'batch'
    return this.#wantsMessages() ? 'message' : 'none'
  }

  get paused(): boolean {
    return this.#paused
  }

  get heldMessages(): number {
    return this.#held.length
  }

  #wantsMessages(): boolean {
    return this.#streams.size > 0 || this.#host.listeners() > 0
  }

  /** Before a `'message'` listener is added. */
  checkListener(): void {
    if (this.#onBatch !== null) throw receiveMode("'message'")
  }

  messages(options: unknown): MessageStream {
    return new MessageStream(
      {
        begin: (stream) => {
          if (this.#onBatch !== null) throw receiveMode('messages()')
          if (this.#stopped) {
            stream.finish()
            return
          }
          this.#streams.add(stream)
          this.update()
        },
        end: (stream) => {
          this.#streams.delete(stream)
          this.update()
        },
        changed: () => {
          this.update()
        },
      },
      options,
    )
  }

  pause(on: boolean): void {
    this.#paused = on
    this.update()
  }

  /** With nobody to receive, nothing is read: the kernel keeps it. */
  update(): void {
    const wanted = this.#canTake()
    this.#listening = this.#wantsMessages()
    if (wanted && this.#held.length > 0) this.#armHeld()
    if (wanted === this.#reading) return
    this.#reading = wanted
    this.#host.backend.setReading(wanted)
  }

  #canTake(): boolean {
    if (!this.#host.isOpen() || this.#paused) return false
    if (this.#onBatch !== null) return true
    // One that is not read in time stops the socket, also beside a listener: it would hold more and more.
    for (const stream of this.#streams) if (stream.full) return false
    return this.#wantsMessages()
  }

  deliver(batch: DatagramBatch, datagrams: number): void {
    if (!this.#host.isOpen()) this.discarded += datagrams
    else if (this.#onBatch !== null) this.#deliverBatch(batch, datagrams, this.#onBatch)
    else this.#deliverMessages(batch)
  }

  #deliverBatch(columns: DatagramBatch, datagrams: number, handler: OnBatch): void {
    // In debug mode each burst has an object of its own, which is sealed at its end.
    const batch = this.#context.debug
      ? new ReceivedBatch(this.#context)
      : (this.#batch ??= new ReceivedBatch(this.#context))
    batch.begin(columns, datagrams)
    this.delivered += datagrams
    try {
      this.#resource.runInAsyncScope(handler, undefined, batch)
    } finally {
      batch.finish()
    }
  }

  #deliverMessages(batch: DatagramBatch): void {
    const failures: unknown[] = []
    this.#resource.runInAsyncScope(() => {
      this.#cutter.cut(batch, (data, info) => {
        this.#take(data, info, failures)
      })
    })
    // The others of the burst have been delivered all the same.
    if (failures.length > 0) throw failures[0]
  }

  #take(data: Buffer, info: UdpMessageInfo, failures: unknown[]): void {
    if (!this.#host.isOpen()) {
      this.discarded++
      return
    }
    // What was held comes first; streams hold by themselves what is too much for them.
    if (this.#held.length > 0 || this.#paused || !(this.#listening || this.#wantsMessages()))
      this.#held.push({ data, info })
    else this.#give(data, info, failures)
  }

  #give(data: Buffer, info: UdpMessageInfo, failures: unknown[]): void {
    this.delivered++
    if (this.#streams.size > 0) for (const stream of this.#streams) stream.push({ data, info })
    try {
      this.#host.message(data, info)
    } catch (error) {
      failures.push(error)
    }
  }

  #armHeld(): void {
    if (this.#heldArmed) return
    this.#heldArmed = true
    this.#host.clock.defer(() => {
      this.#heldArmed = false
      this.#giveHeld()
    })
  }

  #giveHeld(): void {
    const failures: unknown[] = []
    while (this.#held.length > 0 && this.#canTake() && this.#wantsMessages()) {
      const { data, info } = this.#held.shift() as UdpMessage
      this.#resource.runInAsyncScope(() => {
        this.#give(data, info, failures)
      })
    }
    if (failures.length > 0) throw failures[0]
  }

  /** Nothing is delivered any more. */
  stop(): void {
    this.#stopped = true
    this.discarded += this.#held.length
    this.#held = []
    for (const stream of [...this.#streams]) stream.finish()
    this.update()
  }

  close(): void {
    this.#streams.clear()
    this.leases.close()
  }
}

function receiveMode(what: string): NetvolleyError {
  return new NetvolleyError(
    ErrorCode.RECEIVE_MODE,
    `${what}: a socket has either onBatch, or 'message' listeners and messages()`,
  )
}
