// What the flow drivers use of netvolley's UdpSocket; see netvolley-api.ts for why it is written down here.
import { loadNetvolley } from './netvolley-api.js'

export interface FlowPeer {
  release(): void
}

export interface FlowBatch {
  readonly first: number
  readonly end: number
  readonly slab: Buffer
  readonly offset: Uint32Array
  readonly length: Uint32Array
  readonly segmentBytes: Uint16Array
  readonly segmentCount: Uint16Array
}

export interface FlowSendBatch {
  readonly count: number
  add(data: Uint8Array, to: FlowPeer): boolean
  reserve(bytes: number): { slab: Buffer; offset: number } | null
  commit(bytes: number, to: FlowPeer): void
  clear(): void
}

export interface FlowSocket {
  onBatch: ((batch: FlowBatch) => void) | null
  on(event: 'message', listener: (data: Buffer) => void): this
  once(event: 'drain', listener: () => void): this
  peer(address: string, port: number): FlowPeer
  createSendBatch(options: { maxPackets: number }): FlowSendBatch
  sendBatch(batch: FlowSendBatch): number
  sendSegments(data: Uint8Array, segmentBytes: number, to: FlowPeer): boolean
  send(data: Uint8Array, to: FlowPeer): boolean
  flush(): void
  address(): { port: number }
  stats(): { send: { packetsSent: number; packetsPending: number } }
  close(): Promise<void>
}

export interface UdpEchoBatch {
  readonly first: number
  readonly end: number
  readonly length: Uint32Array
  replyInPlace(index: number, length: number): boolean
}

export interface UdpEchoSocket {
  onBatch: ((batch: UdpEchoBatch) => void) | null
}

export interface UdpModule {
  UdpSocket: { open(options: object): Promise<FlowSocket & UdpEchoSocket> }
}

export function loadUdp(): UdpModule['UdpSocket'] {
  const { UdpSocket } = loadNetvolley() as unknown as Partial<UdpModule>
  if (UdpSocket === undefined) throw new Error("'netvolley' has no UdpSocket: build it again with `npm run build`")
  return UdpSocket
}

/** `stats()` as JSON takes it. */
export function plainStats(socket: { stats(): object }): object {
  const text = JSON.stringify(socket.stats(), (_, value: unknown) =>
    typeof value === 'bigint' ? Number(value) : value,
  )
  return JSON.parse(text) as object
}
