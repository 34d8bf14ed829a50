import { PEER_BYTES, PeerField } from './layout'

/** Where a request came from. One frozen object for each peer, not for each request. */
export interface RemoteAddress {
  readonly address: string
  readonly port: number
  readonly family: 'IPv4' | 'IPv6'
}

interface Known {
  readonly generation: number
  readonly address: RemoteAddress
}

/**
 * Addresses by peer id, read from the page that native code fills. A record is stable while a request of its peer is in flight; a
 * place that is used again has another generation.
 */
export class PeerPage {
  readonly #view: DataView
  readonly #known = new Map<number, Known>()
  readonly #maxKnown: number

  /** @param maxKnown address objects kept, at most; beyond it they are made again */
  constructor(page: Uint8Array, maxKnown: number) {
    this.#view = new DataView(page.buffer, page.byteOffset, page.byteLength)
    this.#maxKnown = maxKnown
  }

  address(peerId: number): RemoteAddress {
    const at = peerId * PEER_BYTES
    const generation = this.#view.getUint32(at + PeerField.generation, true)
    const known = this.#known.get(peerId)
    if (known?.generation === generation) return known.address
    if (this.#known.size >= this.#maxKnown) this.#known.clear()
    const address = this.#read(at)
    this.#known.set(peerId, { generation, address })
    return address
  }

  #read(at: number): RemoteAddress {
    const port = this.#view.getUint16(at + PeerField.port, true)
    const host = at + PeerField.host
    if (this.#view.getUint8(at + PeerField.family) === 4) {
      const bytes = [0, 1, 2, 3].map((i) => this.#view.getUint8(host + i))
      return Object.freeze({ address: bytes.join('.'), port, family: 'IPv4' as const })
    }
    const groups = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => this.#view.getUint16(host + i * 2))
    const scope = this.#view.getUint32(at + PeerField.scope, true)
    const address = compressIpv6(groups) + (scope === 0 ? '' : `%${String(scope)}`)
    return Object.freeze({ address, port, family: 'IPv6' as const })
  }
}

/** RFC 5952: lower case, the longest run of at least two zero groups becomes `::`, the first one of equal runs. */
export function compressIpv6(groups: readonly number[]): string {
  let best = -1
  let bestLength = 1
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (start + length < groups.length && groups[start + length] === 0) length++
    if (length > bestLength) {
      best = start
      bestLength = length
    }
  }
  const hex = groups.map((group) => group.toString(16))
  if (best < 0) return hex.join(':')
  return `${hex.slice(0, best).join(':')}::${hex.slice(best + bestLength).join(':')}`
}
