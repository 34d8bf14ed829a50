import { isIP } from 'node:net'

/** libuv's negative number (-111 = ECONNREFUSED on Linux), 0 = none. A back end returns or reports it and never throws. */
export type Errno = number

/** Where a socket is, with an IP literal, never a name. A Unix socket is `{ address: path, port: -1 }`. */
export interface Literal {
  readonly address: string
  readonly port: number
}

/** Where a request or a datagram came from. One frozen object for each peer, not for each packet. */
export interface RemoteAddress {
  readonly address: string
  readonly port: number
  readonly family: 'IPv4' | 'IPv6'
}

/** @returns 4 or 6 for an IP literal (IPv6 with or without a zone), 0 for anything else, a host name say */
export function literalFamily(text: string): 0 | 4 | 6 {
  return isIP(text) as 0 | 4 | 6
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
