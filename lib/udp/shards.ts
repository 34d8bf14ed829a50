import { optionInvalid, optionUnsupported } from '../errors'
import { checkInteger, checkObject, checkOneOf } from '../runtime'
import type { UdpStats } from './stats-types'
import type { UdpAddress, UdpSocketOptions } from './types'
import type { UdpSocket } from './udp-socket'

export interface ShardOptions extends UdpSocketOptions {
  readonly count: number
  /** `'flow'` (default): by the addresses and ports of a datagram. `'cpu'`: by the CPU it arrived on. `'none'`: as the system does. */
  readonly steering?: 'flow' | 'cpu' | 'none'
}

/** @param open binds one of them */
export async function openShards(
  options: ShardOptions,
  open: (options: UdpSocketOptions) => Promise<UdpSocket>,
): Promise<UdpShardGroup> {
  const { count, steering, ...each } = checkObject('options', options) as unknown as ShardOptions
  const number = checkInteger('count', count, { min: 1, max: 1024 })
  const how = checkOneOf('steering', steering, ['flow', 'cpu', 'none'], 'flow')
  if (each.reusePort === false) throw optionInvalid('reusePort', false, 'true or left out: shards have one port')
  if (each.reuseAddress === true && each.reusePort === undefined) {
    // Linux would give every datagram to the socket that was bound last.
    throw optionInvalid('reuseAddress', true, 'left out for shards: they share their port by reusePort')
  }
  const sockets: UdpSocket[] = []
  try {
    let { port } = each
    for (let i = 0; i < number; i++) {
      const socket = await open({ ...each, ...(port === undefined ? {} : { port }), reusePort: true })
      sockets.push(socket)
      port = socket.address().port
      if (how !== 'none' && !socket.capabilities.reusePortBalancing) {
        throw optionUnsupported('steering', 'this system does not spread datagrams over sockets', ['none'])
      }
    }
    if (how === 'cpu') sockets[0].steer(number)
  } catch (error) {
    for (const socket of sockets) socket.destroy()
    throw error
  }
  return new UdpShardGroup(sockets)
}

/** Sockets on one port. */
export class UdpShardGroup {
  readonly sockets: readonly UdpSocket[]

  /** @internal */
  constructor(sockets: readonly UdpSocket[]) {
    this.sockets = Object.freeze([...sockets])
  }

  address(): UdpAddress {
    return this.sockets[0].address()
  }

  /** Of all together: sums; the oldest; averages of the sums. */
  stats(): Omit<UdpStats, 'rate'> {
    const all = this.sockets.map((socket) => socket.stats())
    const merged = merge(all) as Omit<UdpStats, 'rate'>
    const { packetsSent } = merged.send
    const { batchesSent } = merged.sendCalls
    const oldestPendingMs = Math.max(...all.map(({ send }) => send.oldestPendingMs))
    return {
      ...merged,
      atMs: all[0].atMs,
      send: { ...merged.send, oldestPendingMs },
      derived: { averagePacketsPerBatch: batchesSent === 0 ? 0 : packetsSent / batchesSent },
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.sockets.map((socket) => socket.close()))
  }

  destroy(error?: Error): void {
    for (const socket of this.sockets) socket.destroy(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** Numbers are added, whatever they are nested in. */
function merge(values: readonly unknown[]): unknown {
  const numbers = values.filter((value) => typeof value === 'number')
  if (numbers.length > 0) return numbers.reduce((sum, value) => sum + value, 0)
  const objects = values.filter(
    (value): value is Record<string, unknown> => typeof value === 'object' && value !== null,
  )
  if (objects.length === 0) return undefined
  if (Array.isArray(objects[0])) {
    return (objects[0] as unknown[]).map((_, i) => merge(objects.map((one) => (one as unknown as unknown[])[i])))
  }
  const names = [...new Set(objects.flatMap((one) => Object.keys(one)))]
  return Object.fromEntries(names.map((name) => [name, merge(objects.map((one) => one[name]))]))
}
