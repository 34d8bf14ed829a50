/** Addresses of one received datagram, as text. */
import { compressIpv6 } from '../runtime'

const ADDRESS_BYTES = 16

/** The text of the last address stays: a socket has few of its own, and gets many datagrams for each. */
export class LocalAddresses {
  readonly #last = new Uint8Array(ADDRESS_BYTES)
  #family = 0
  #text = ''

  /** @param at of its 16 bytes in `bytes` */
  text(bytes: Uint8Array, at: number, family: number): string {
    if (family === this.#family && this.#isLast(bytes, at)) return this.#text
    this.#last.set(bytes.subarray(at, at + ADDRESS_BYTES))
    this.#family = family
    return (this.#text = family === 4 ? this.#last.subarray(0, 4).join('.') : compressIpv6(groupsOf(this.#last)))
  }

  #isLast(bytes: Uint8Array, at: number): boolean {
    for (let i = 0; i < ADDRESS_BYTES; i++) if (this.#last[i] !== bytes[at + i]) return false
    return true
  }
}

function groupsOf(bytes: Uint8Array): number[] {
  return Array.from({ length: 8 }, (_, i) => bytes[i * 2] * 256 + bytes[i * 2 + 1])
}
