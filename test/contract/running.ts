/** A server for the time of one case, whose books must balance at its end. */
import type { RequestServer, RequestServerOptions, RequestServerStats, ServerAddress } from 'netvolley'
import { TcpClient } from '../support/tcp-client'
import { UdpClient } from '../support/udp-client'
import { until } from '../support/until'
import { type Answer, type Kit, type Subject, handlerOf } from './contract'

type Options = Omit<Partial<RequestServerOptions>, 'handler' | 'batchHandler'>

export const U16 = { kind: 'lengthPrefixed', bytes: 2 } as const
export const U32 = { kind: 'lengthPrefixed', bytes: 4 } as const

export interface Running {
  readonly server: RequestServer
  readonly address: ServerAddress
  tcp(): Promise<TcpClient>
  udp(): Promise<UdpClient>
  stats(): RequestServerStats
}

/** @param options `framing` is a 2-byte prefix and the host 127.0.0.1 unless given */
export async function running(
  t: Kit,
  subject: Subject,
  options: Options,
  answer: Answer,
  run: (r: Running) => Promise<void>,
): Promise<void> {
  const server = new subject.RequestServer({
    framing: U16,
    drive: subject.drive,
    ...handlerOf(subject, answer),
    ...options,
  })
  await runningServer(t, server, run)
}

/** The same for a server that was made elsewhere. */
export async function runningServer(
  t: Kit,
  server: RequestServer,
  run: (r: Running) => Promise<void>,
  host = '127.0.0.1',
): Promise<void> {
  const clients: { close(): void }[] = []
  const keep = <T extends { close(): void }>(client: T): T => {
    clients.push(client)
    return client
  }
  const address = await server.listen({ host })
  try {
    await run({
      server,
      address,
      tcp: async () => keep(await TcpClient.connect(required(address.tcp))),
      udp: async () => keep(await UdpClient.open(required(address.udp))),
      stats: () => server.stats(),
    })
    await until(() => balanced(server.stats()), 'the books balance while it runs')
  } finally {
    for (const client of clients) client.close()
    server.destroy()
    await until(() => server.state === 'closed', 'a destroyed server is closed')
  }
  checkBooks(t, server.stats())
  t.equal(server.stats().connections.active, 0, 'active connections after the end')
  t.equal(server.stats().requests.inFlight, 0, 'requests in flight after the end')
}

/** Read while the reactor's thread counts on, the figures may be of two moments. */
function balanced({ connections: c, requests: r }: RequestServerStats): boolean {
  const closed = Object.values(c.closed).reduce((sum, n) => sum + n, 0)
  return c.accepted === c.active + closed && r.total === r.replied + r.noReply + r.failed + r.aborted + r.inFlight
}

/** Whatever came in is accounted for. */
export function checkBooks(t: Kit, stats: RequestServerStats): void {
  const { connections: c, requests: r } = stats
  const closed = Object.values(c.closed).reduce((sum, n) => sum + n, 0)
  t.equal(c.accepted, c.active + closed, 'accepted = active + sum(closed)')
  t.equal(r.total, r.tcp + r.udp, 'total = tcp + udp')
  t.equal(r.total, r.replied + r.noReply + r.failed + r.aborted + r.inFlight, 'every request has one outcome')
}

/** The echo that most cases use. */
export const echo: Answer = (call) => call.body

export function required<T>(value: T | null | undefined): T {
  if (value === undefined || value === null) throw new Error('a value is missing')
  return value
}

/** What a call throws; an error of its own where it returns. */
export function thrown(call: () => unknown): NodeJS.ErrnoException {
  try {
    call()
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
  return Object.assign(new Error('nothing was thrown'), { code: 'NOTHING_THROWN' })
}

/** A promise with its two ends in view. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve: (value: T) => void = () => undefined
  let reject: (error: unknown) => void = () => undefined
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

// Taken once: under jest every use of a global is a slow look-up, here it would be two for each byte.
const { imul } = Math

/** Bytes that differ by position and by `salt`: a shift or a mix shows. */
export function pattern(bytes: number, salt = 0): Buffer {
  const data = Buffer.allocUnsafe(bytes)
  let word = (salt * 2654435761 + 12345) >>> 0
  for (let i = 0; i < bytes; i++) {
    word = (imul(word, 1664525) + 1013904223) >>> 0
    data[i] = word >>> 24
  }
  return data
}
