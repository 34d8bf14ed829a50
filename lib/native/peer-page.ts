import { type RemoteAddress, compressIpv6 } from '../runtime'
import { PEER_BYTES, PeerField } from './layout'

export { type RemoteAddress, compressIpv6 } from '../runtime'

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
    const address = readPeer(this.#view, at)
    this.#known.set(peerId, { generation, address })
    return address
  }
}

/** The record at byte `at` of `view`; its family must be set. */
export function readPeer(view: DataView, at: number): RemoteAddress {
  const port = view.getUint16(at + PeerField.port, true)
  const host = at + PeerField.host
  if (view.getUint8(at + PeerField.family) === 4) {
    const bytes = [0, 1, 2, 3].map((i) => view.getUint8(host + i))
    return Object.freeze({ address: bytes.join('.'), port, family: 'IPv4' as const })
  }
  const groups = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => view.getUint16(host + i * 2))
  const scope = view.getUint32(at + PeerField.scope, true)
  const address = compressIpv6(groups) + (scope === 0 ? '' : `%${String(scope)}`)
  return Object.freeze({ address, port, family: 'IPv6' as const })
}
