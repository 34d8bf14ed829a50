import { isIP } from 'node:net'

/** True for what the native core takes as an address: names are resolved above it. */
export function isIpLiteral(host: string): boolean {
  return isIP(host) !== 0 && !host.includes('%')
}
