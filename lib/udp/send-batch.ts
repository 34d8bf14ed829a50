import { ErrorCode, NetvolleyError, optionInvalid } from '../errors'
import { type PriorityClass, type SendMeta, type SendStage, checkInteger } from '../runtime'
import { checkFits, checkSendOptions, payloadBytes } from './checks'
import type { Destination } from './peers'
import type { Sender } from './sender'
import type { SendOptions, UdpPeer } from './types'

/** Bytes for each packet that a batch may hold, on average. */
const BYTES_PER_PACKET = 2048
/** One is filled while the kernel still reads another. */
const MAX_STAGES = 3
const ALIGN = 8
/** Of one message that the kernel cuts into datagrams. */
const MAX_RUN = 64
const MAX_RUN_BYTES = 65507

interface Place {
  slab: Buffer
  offset: number
}

/**
 * Datagrams that are handed over together. They are written once, into memory that the kernel reads them from; where none is free they
 * are copied on.
 */
export class SendBatch {
  readonly #sender: Sender
  readonly #maxPackets: number
  readonly #bytes: number
  /** Each with a Buffer over it, made once. */
  readonly #stages: { readonly stage: SendStage; readonly memory: Buffer }[] = []
  #stage: SendStage | null = null
  #own: Buffer | null = null
  #memory: Buffer | null = null
  #used = 0
  #reserved = -1
  #reservedAt = 0
  readonly #place: Place = { slab: Buffer.alloc(0), offset: 0 }
  // One entry at the same index of each.
  readonly #offset: Int32Array
  readonly #length: Int32Array
  readonly #priority: Uint8Array
  readonly #to: (UdpPeer | undefined)[]
  readonly #meta: (SendMeta | null)[]
  #first = 0
  #end = 0

  /** @internal */
  constructor(sender: Sender, maxPackets: number) {
    this.#sender = sender
    this.#maxPackets = maxPackets
    this.#bytes = Math.max(65536, maxPackets * BYTES_PER_PACKET)
    this.#offset = new Int32Array(maxPackets)
    this.#length = new Int32Array(maxPackets)
    this.#priority = new Uint8Array(maxPackets)
    this.#to = new Array<UdpPeer | undefined>(maxPackets).fill(undefined)
    this.#meta = new Array<SendMeta | null>(maxPackets).fill(null)
  }

  /** Datagrams in it that were not taken yet. */
  get count(): number {
    return this.#end - this.#first
  }

  /** @returns false: the batch is full, send it first */
  add(data: Uint8Array, to?: UdpPeer, options?: SendOptions): boolean {
    const bytes = payloadBytes(data)
    if (typeof data === 'string') throw optionInvalid('data', data, 'a Uint8Array')
    this.#check(bytes, to)
    const place = this.reserve(bytes)
    if (place === null) return false
    place.slab.set(data, place.offset)
    try {
      this.commit(bytes, to, options)
    } catch (error) {
      this.#reserved = -1
      throw error
    }
    return true
  }

  /** Room for one datagram of at most `bytes`: write it there, then `commit()` it. The object is used again. Null: full. */
  reserve(bytes: number): { slab: Buffer; offset: number } | null {
    checkBytes(bytes, 65527)
    if (this.#end === this.#maxPackets) return null
    const memory = this.#memory ?? this.#begin()
    const at = (this.#used + ALIGN - 1) & -ALIGN
    if (at + bytes > this.#bytes) return null
    this.#reserved = bytes
    this.#reservedAt = at
    if (this.#place.slab !== memory) this.#place.slab = memory
    this.#place.offset = at
    return this.#place
  }

  /** What was written to the last `reserve()`d place is a datagram of `bytes`. */
  commit(bytes: number, to?: UdpPeer, options?: SendOptions): void {
    if (this.#reserved < 0)
      throw new NetvolleyError(ErrorCode.BATCH_STALE, 'commit() comes after a reserve() of its own')
    checkBytes(bytes, this.#reserved)
    this.#check(bytes, to)
    let priority: PriorityClass = 1
    let meta: SendMeta | null = null
    if (options !== undefined) {
      checkSendOptions(options)
      priority = this.#sender.classOf(options)
      meta = this.#sender.metaOf(options)
    }
    const i = this.#end++
    this.#offset[i] = this.#reservedAt
    this.#length[i] = bytes
    this.#priority[i] = priority
    // Most often they stand there already: comparing costs less than telling the garbage collector of a new pointer.
    if (this.#to[i] !== to) this.#to[i] = to
    if (this.#meta[i] !== meta) this.#meta[i] = meta
    this.#used = this.#reservedAt + bytes
    this.#reserved = -1
  }

  /** Drops what is left in it. */
  clear(): void {
    this.#first = this.#end = this.#used = 0
    this.#reserved = -1
    // What was sent from a stage may still be read there: the next datagram looks for a free one.
    this.#memory = null
    this.#stage = null
  }

  /** Gives its memory back, which the socket has a small number of. */
  [Symbol.dispose](): void {
    this.clear()
    this.#to.fill(undefined)
    this.#meta.fill(null)
    if (!this.#sender.closed) for (const { stage } of this.#stages) this.#sender.backend.releaseStage(stage)
    this.#stages.length = 0
  }

  /** @returns datagrams taken; the rest stays in the batch @internal */
  sendAll(sender: Sender): number {
    if (sender !== this.#sender) throw optionInvalid('batch', this, 'a batch of this socket')
    const start = this.#first
    // An entry may throw (its peer is another socket's, say): those before it are sent all the same, and it is the next one.
    let alone = 0 // entries before it go one by one: their run was refused
    while (this.#first < this.#end) {
      const i = this.#first
      const to = sender.destination(this.#to[i])
      const run = i < alone ? 1 : this.#runAt(i)
      if (run > 1) {
        if (this.#sendRun(i, run, to)) {
          this.#first += run
          continue
        }
        alone = i + run
      }
      if (!this.#sendOne(i, to)) break
      this.#first++
    }
    const taken = this.#first - start
    if (this.#first === this.#end) this.clear()
    else sender.refuse(this.#end - this.#first)
    return taken
  }

  /** How many from entry `i` on may go as one run: neighbours of one size to one destination. The last may be shorter. */
  #runAt(i: number): number {
    const least = this.#sender.leastRun
    if (this.#stage === null || this.#meta[i] !== null || i + least > this.#end) return 1
    const to = this.#to[i]
    const bytes = this.#length[i]
    const priority = this.#priority[i]
    if (bytes === 0) return 1
    // Not more than the queue holds: a longer one would be taken whole where the queue is empty.
    const most = Math.min(MAX_RUN, this.#sender.maxQueuedPackets, Math.floor(MAX_RUN_BYTES / bytes))
    const end = Math.min(this.#end, i + most)
    let next = i + 1
    let at = this.#offset[i] + bytes
    while (next < end && this.#to[next] === to && this.#offset[next] === at && this.#meta[next] === null) {
      const length = this.#length[next]
      if (length > bytes || length === 0 || this.#priority[next] !== priority) break
      at += length
      next++
      if (length < bytes) break
    }
    return next - i < least ? 1 : next - i
  }

  #sendRun(i: number, run: number, to: Destination): boolean {
    const last = i + run - 1
    const bytes = this.#offset[last] + this.#length[last] - this.#offset[i]
    const priority = this.#priority[i] as PriorityClass
    const stage = this.#stage as SendStage
    return this.#sender.backend.sendStaged(stage, this.#offset[i], bytes, to.id, this.#length[i], priority, null)
  }

  #sendOne(i: number, to: Destination): boolean {
    const { backend } = this.#sender
    const at = this.#offset[i]
    const bytes = this.#length[i]
    const priority = this.#priority[i] as PriorityClass
    if (this.#stage !== null) {
      return backend.sendStaged(this.#stage, at, bytes, to.id, 0, priority, this.#meta[i])
    }
    const data = (this.#memory as Buffer).subarray(at, at + bytes)
    return this.#sender.put(data, bytes, to.id, priority, this.#meta[i], 0)
  }

  #check(bytes: number, to: UdpPeer | undefined): void {
    checkFits(bytes, this.#sender.destination(to).family)
  }

  /** Memory for the datagrams that follow: a stage that nothing is read from any more, or its own. */
  #begin(): Buffer {
    this.#sender.tx()
    for (const { stage, memory } of this.#stages) {
      if (!stage.busy) return this.#use(stage, memory)
    }
    const stage = this.#stages.length < MAX_STAGES ? this.#sender.backend.stage(this.#bytes) : null
    if (stage === null) return this.#use(null, (this.#own ??= Buffer.allocUnsafeSlow(this.#bytes)))
    const { buffer, byteOffset, length } = stage.bytes
    const memory = Buffer.from(buffer as ArrayBuffer, byteOffset, length)
    this.#stages.push({ stage, memory })
    return this.#use(stage, memory)
  }

  #use(stage: SendStage | null, memory: Buffer): Buffer {
    this.#stage = stage
    this.#memory = memory
    return memory
  }
}

/** Once a datagram: the limits become an object only where they are not met. */
function checkBytes(bytes: unknown, max: number): void {
  if (Number.isInteger(bytes) && (bytes as number) >= 0 && (bytes as number) <= max) return
  checkInteger('bytes', bytes, { min: 0, max })
}
