import { constants } from 'node:os'
import { type Literal, type RemoteAddress, literalFamily } from '../runtime'

const { EINVAL, ENOBUFS } = constants.errno

/** Writes record `index` as native code reads it; 0, or a negative errno. */
export type WriteDestination = (index: number, host: string, port: number) => number

/**
 * Where datagrams are sent to, by number: a record for each in memory that native code reads. A number is used again when nobody has
 * it pinned and nothing that is queued names it.
 */
export class Destinations {
  readonly #family: 'ipv4' | 'ipv6' | 'dual'
  readonly #write: WriteDestination
  readonly #capacity: number
  readonly #ids = new Map<string, number>()
  readonly #keys: (string | undefined)[] = []
  readonly #remotes: (RemoteAddress | undefined)[] = []
  readonly #pins: Uint32Array
  readonly #queued: Uint32Array
  readonly #refresh: () => void
  #used = 0
  #hand = 0

  /**
   * @param capacity numbers from 1 to this
   * @param refresh brings `freed()` up to date
   */
  constructor(
    options: { family: 'ipv4' | 'ipv6' | 'dual'; capacity: number },
    write: WriteDestination,
    refresh: () => void,
  ) {
    this.#family = options.family
    this.#capacity = options.capacity
    this.#write = write
    this.#refresh = refresh
    this.#pins = new Uint32Array(options.capacity + 1)
    this.#queued = new Uint32Array(options.capacity + 1)
  }

  /** Pins it once more. A negative errno: EINVAL where it is no literal of the socket's family, ENOBUFS where all are in use. */
  intern(to: Literal): number {
    const key = `${to.address}|${String(to.port)}`
    const known = this.#ids.get(key)
    if (known !== undefined) {
      this.#pins[known]++
      return known
    }
    if (!this.#takes(to.address)) return -EINVAL
    const id = this.#claim()
    if (id < 0) return id
    const error = this.#write(id, to.address, to.port)
    if (error !== 0) {
      this.#keys[id] = undefined
      return error
    }
    this.#ids.set(key, id)
    this.#keys[id] = key
    this.#remotes[id] = undefined
    this.#pins[id] = 1
    return id
  }

  release(id: number): void {
    if (this.#pins[id] > 0) this.#pins[id]--
  }

  /** A queued datagram names it. */
  queued(id: number): void {
    this.#queued[id]++
  }

  /** One that did is settled. */
  freed(id: number): void {
    this.#queued[id]--
  }

  remote(id: number): RemoteAddress {
    const known = this.#remotes[id]
    if (known !== undefined) return known
    const key = this.#keys[id] ?? '|0'
    const bar = key.lastIndexOf('|')
    const address = key.slice(0, bar)
    const family = literalFamily(address) === 4 ? ('IPv4' as const) : ('IPv6' as const)
    const remote = Object.freeze({ address, port: Number(key.slice(bar + 1)), family })
    this.#remotes[id] = remote
    return remote
  }

  #takes(address: string): boolean {
    const family = literalFamily(address)
    if (family === 0) return false
    return this.#family === 'dual' || (this.#family === 'ipv4') === (family === 4)
  }

  /** An unused number, or one that nobody needs any more. */
  #claim(): number {
    if (this.#used < this.#capacity) return ++this.#used
    this.#refresh()
    for (let step = 0; step < this.#capacity; step++) {
      this.#hand = (this.#hand % this.#capacity) + 1
      const id = this.#hand
      if (this.#pins[id] !== 0 || this.#queued[id] !== 0) continue
      const key = this.#keys[id]
      if (key !== undefined) this.#ids.delete(key)
      return id
    }
    return -ENOBUFS
  }
}
