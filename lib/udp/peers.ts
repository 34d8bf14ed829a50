import { constants } from 'node:os'
import { systemError } from '../errors'
import { type DatagramBackend, type DatagramOptions, type RemoteAddress, literalFamily } from '../runtime'
import { checkPort, invalidAddress } from './checks'
import type { UdpMessageInfo, UdpPeer, UdpTarget } from './types'

/** Unpinned destinations that stay interned: as many as a socket talks to in turn, not as many as ever. */
const MAX_KNOWN = 1024

/** What a send needs to know of where it goes. */
export interface Destination {
  readonly id: number
  readonly family: 'IPv4' | 'IPv6'
}

/** A destination of one socket. Id 0: not pinned, so each send to it looks it up by its address. */
export class Peer implements UdpPeer, Destination {
  readonly address: string
  readonly port: number
  readonly family: 'IPv4' | 'IPv6'
  /** @internal */
  id: number
  /** The info of its last message: the next one of the same size gets the same object. @internal */
  info: UdpMessageInfo | null = null
  /** @internal */
  readonly book: PeerBook

  constructor(book: PeerBook, { address, port, family }: RemoteAddress, id: number) {
    this.address = address
    this.port = port
    this.family = family
    this.id = id
    this.book = book
    // For the eyes of users: three fields and a method.
    Object.defineProperties(this, { id: HIDDEN, info: HIDDEN, book: HIDDEN })
  }

  release(): void {
    const { id } = this
    if (id === 0) return
    this.id = 0
    this.book.releaseId(id)
  }
}

const HIDDEN = { enumerable: false }

interface Known extends Destination {
  readonly key: string
}

interface Received {
  readonly remote: RemoteAddress
  readonly peer: Peer
}

/** The destinations of one socket: those that the user pinned, and those used last. */
export class PeerBook {
  readonly #backend: DatagramBackend
  readonly #socketFamily: DatagramOptions['family']
  readonly #maxKnown: number
  // In the order of use: a Map keeps it.
  readonly #known = new Map<string, Known>()
  readonly #received = new Map<number, Received>()
  #lastAddress = ''
  #lastPort = -1
  #last: Known | null = null
  #closed = false

  constructor(backend: DatagramBackend, options: DatagramOptions) {
    this.#backend = backend
    this.#socketFamily = options.family
    this.#maxKnown = Math.min(MAX_KNOWN, options.maxPeers >> 1)
  }

  /** @throws ERR_NETVOLLEY_ADDRESS_INVALID, ERR_NETVOLLEY_PORT_INVALID, ENOBUFS when `maxPeers` are in use */
  pin(address: unknown, port: unknown): Peer {
    const remote = this.check(address, port)
    return new Peer(this, remote, this.#intern(remote))
  }

  /** Where a send goes: valid until the next call. */
  find(to: UdpPeer | UdpTarget): Destination {
    if (to instanceof Peer && to.id !== 0 && to.book === this) return to
    const { address, port } = to ?? {}
    if (this.#last !== null && port === this.#lastPort && address === this.#lastAddress) return this.#last
    const found = this.#lookUp(address, port)
    this.#last = found
    this.#lastAddress = address
    this.#lastPort = port
    return found
  }

  #lookUp(address: string, port: number): Known {
    const key = `${address}|${String(port)}`
    let known = this.#known.get(key)
    if (known !== undefined) {
      this.#known.delete(key)
    } else {
      const remote = this.check(address, port)
      if (this.#known.size >= this.#maxKnown) this.#forgetOldest()
      known = { id: this.#intern(remote), family: remote.family, key }
    }
    this.#known.set(key, known)
    return known
  }

  #forgetOldest(): void {
    const { value } = this.#known.values().next()
    if (value === undefined) return
    this.#known.delete(value.key)
    if (this.#last === value) this.#last = null
    this.#backend.releasePeer(value.id)
  }

  /** The sender of a received datagram: the same object while the id means the same address. */
  ofReceived(peerId: number): Peer {
    const remote = this.#backend.remote(peerId)
    const known = this.#received.get(peerId)
    if (known?.remote === remote) return known.peer
    if (this.#received.size >= MAX_KNOWN * 16) this.#received.clear()
    const peer = new Peer(this, remote, 0)
    this.#received.set(peerId, { remote, peer })
    return peer
  }

  /** @throws where it is no destination of this socket */
  check(address: unknown, port: unknown): RemoteAddress {
    const literal = typeof address === 'string' ? literalFamily(address) : 0
    if (literal === 0) throw invalidAddress(address, 'an IP literal (resolvePeer() and connect() take names)')
    checkPort('port', port, 1)
    if ((literal === 4 && this.#socketFamily === 'ipv6') || (literal === 6 && this.#socketFamily === 'ipv4')) {
      throw invalidAddress(address, `an IP literal of a socket whose family is "${this.#socketFamily}"`)
    }
    return { address: address as string, port: port as number, family: literal === 4 ? 'IPv4' : 'IPv6' }
  }

  /** @internal */
  releaseId(id: number): void {
    if (!this.#closed) this.#backend.releasePeer(id)
  }

  /** The back end has gone, and all its ids with it. */
  close(): void {
    this.#closed = true
    this.#known.clear()
    this.#received.clear()
    this.#last = null
  }

  #intern(remote: RemoteAddress): number {
    const id = this.#backend.peer(remote)
    if (id > 0) return id
    if (id === -constants.errno.EINVAL) throw invalidAddress(remote.address, 'an address that this system knows')
    throw systemError(id, 'send', remote.address, remote.port)
  }
}
