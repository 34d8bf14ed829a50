/** The sockets of one case, whose books must balance while it runs, at its end, and when they are closed. */
import type { Engine, UdpSocket, UdpSocketOptions, UdpStats } from 'netvolley'
import { until } from '../../support/until'
import type { Kit } from '../contract'
import { type Received, receive } from './received'
import type { Face, UdpSubject } from './subject'

/** How often the identities are looked at while a case runs. */
const SAMPLE_MS = 2

export interface Running {
  /** Of all sockets that `open()` makes. */
  readonly engine: Engine
  /** Bound to 127.0.0.1 unless the options say otherwise. */
  open(options?: UdpSocketOptions): Promise<UdpSocket>
  /** Not bound yet. */
  make(options?: UdpSocketOptions): UdpSocket
  /** A socket that was made elsewhere: audited and closed with the others. */
  track(socket: UdpSocket): UdpSocket
  /** Resolves when the engine, which may be another thread, has seen all that was asked of it before. */
  seen(): Promise<void>
  /** A receiver, and a sender that is connected to it. */
  pair(options?: PairOptions): Promise<Pair>
}

export interface PairOptions {
  readonly face?: Face
  readonly sender?: UdpSocketOptions
  readonly receiver?: UdpSocketOptions
}

export interface Pair {
  readonly sender: UdpSocket
  readonly receiver: UdpSocket
  readonly received: Received
}

/** What is queued stays there until `flush()`, for as long as one job of JavaScript takes. */
export const HELD = { flushTimeoutMs: 1000, batchSize: 1024 } as const

export interface RunOptions {
  /** Some of what is sent goes to, or comes from, nobody that the case has: sums over its sockets say nothing. */
  readonly outside?: boolean
}

export async function running(
  t: Kit,
  subject: UdpSubject,
  run: (r: Running) => Promise<void>,
  options: RunOptions = {},
): Promise<void> {
  const engine = new subject.Engine({ drive: subject.drive, backend: subject.backend })
  const books: Book[] = []
  const track = (socket: UdpSocket): UdpSocket => {
    books.push(new Book(socket, `socket ${String(books.length)}`))
    return socket
  }
  const open = async (given: UdpSocketOptions = {}): Promise<UdpSocket> =>
    track(await subject.open({ engine, ...given }))
  const make = (given: UdpSocketOptions = {}): UdpSocket => track(new subject.UdpSocket({ engine, ...given }))
  let probe: UdpSocket | undefined
  const seen = async (): Promise<void> => {
    probe ??= await open({ gro: false })
    await probe.sendAsync('', probe.address())
  }
  const pair = async ({ face = 'message', ...each }: PairOptions = {}): Promise<Pair> => {
    const receiver = await open(each.receiver)
    const received = receive(receiver, face)
    const sender = await open({ remote: receiver.address(), ...each.sender })
    // connect() has flushed: that must not send what follows.
    await seen()
    return { receiver, received, sender }
  }
  const sampler = setInterval(() => {
    for (const book of books) book.sample()
  }, SAMPLE_MS)
  try {
    await run({ engine, open, make, track, seen, pair })
    await settle(t, books, options.outside !== true)
  } finally {
    clearInterval(sampler)
    for (const { socket } of books) socket.destroy()
    await until(() => books.every(({ isOver }) => isOver), 'destroyed sockets are closed')
    engine.close()
  }
  for (const book of books) book.checkEnd(t)
}

/** All that was sent has gone, and all that came was read. */
async function settle(t: Kit, books: readonly Book[], known: boolean): Promise<void> {
  await until(() => books.every(({ socket }) => socket.stats().send.packetsPending === 0), 'nothing is pending')
  for (const { socket } of books) if (socket.state !== 'closed' && socket.state !== 'closing') readOn(socket)
  if (known)
    await until(() => isConserved(books), 'what was sent was received, or the kernel has counted it as dropped')
  await until(() => books.every(({ isQuiet }) => isQuiet), 'all that came was delivered, and all slots are back')
  for (const book of books) book.check(t)
}

/** What nobody asked for waits in the kernel: it is read too. */
function readOn(socket: UdpSocket): void {
  socket.resume()
  if (socket.onBatch === null && socket.listenerCount('message') === 0) {
    try {
      socket.onBatch = () => undefined
    } catch {
      // It iterates over its messages, which reads as well.
    }
  }
}

/** With GRO the kernel counts a dropped message as one, however many datagrams it was. */
function isConserved(books: readonly Book[]): boolean {
  const all = books.map(({ socket }) => ({ stats: socket.stats(), gro: socket.capabilities.gro }))
  const sum = (of: (stats: UdpStats) => number): number => all.reduce((total, { stats }) => total + of(stats), 0)
  const dropped = sum(({ receive: { kernelDrops } }) => kernelDrops)
  const missing = sum(({ send }) => send.packetsSent) - sum(({ receive: { packetsReceived } }) => packetsReceived)
  return all.some(({ stats, gro }) => gro && stats.receive.kernelDrops > 0) ? missing >= dropped : missing === dropped
}

const total = (parts: Readonly<Record<string, number>>): number => Object.values(parts).reduce((sum, n) => sum + n, 0)

/** Empty, or the identity of the specification that does not hold. */
export function imbalance({ send, receive: r, memory: m }: UdpStats): string {
  const settled = send.packetsSent + send.packetsFailed + total(send.packetsDropped)
  const wrong = (name: string, left: number, right: number): string[] =>
    left === right ? [] : [`${name}: ${String(left)} = ${String(right)}`]
  return [
    ...wrong('queued = sent + failed + dropped + pending', send.packetsQueued, settled + send.packetsPending),
    ...wrong(
      'received = delivered + dropped + in the ring',
      r.packetsReceived,
      r.packetsDelivered + total(r.receiveDropped) + r.packetsInRing,
    ),
    ...wrong('slots = free + reading + held', m.slots, m.slotsFree + m.slotsReading + m.slotsHeld),
  ].join('; ')
}

/** One socket of a case, and what must be true of it at any time. */
class Book {
  readonly socket: UdpSocket
  readonly #name: string
  #wrong = ''
  #closes = 0
  #late: string[] = []

  constructor(socket: UdpSocket, name: string) {
    this.socket = socket
    this.#name = name
    socket.on('close', () => {
      this.#closes++
    })
    for (const event of ['drain', 'datagramError', 'peerError', 'capability', 'leaseWarning', 'listening'] as const) {
      socket.on(event, () => {
        if (this.#closes > 0) this.#late.push(event)
      })
    }
  }

  get isOver(): boolean {
    return this.socket.state === 'closed' && this.#closes > 0
  }

  /** Delivered, and no slot in anybody's hands. */
  get isQuiet(): boolean {
    const { receive: r, memory: m } = this.socket.stats()
    return r.packetsInRing === 0 && (this.socket.state === 'closed' || (m.slotsHeld === 0 && m.leasesActive === 0))
  }

  sample(): void {
    const wrong = imbalance(this.socket.stats())
    if (wrong !== '') this.#wrong ||= wrong
  }

  check(t: Kit): void {
    this.sample()
    t.equal(this.#wrong, '', `the books of ${this.#name}`)
  }

  checkEnd(t: Kit): void {
    this.check(t)
    const { send } = this.socket.stats()
    t.equal([send.packetsPending, send.pendingByClass], [0, [0, 0, 0]], `pending after the end, of ${this.#name}`)
    t.equal([this.#closes, this.#late], [1, []], `'close' events of ${this.#name}, and events that came later`)
  }
}
