/** A UdpSocket over the fake back end. */
import { RealClock, createRuntime } from '../../../lib/runtime'
import { UdpSocket, type UdpSocketOptions } from '../../../lib/udp'
import { type FakeBehaviour, type FakeDatagram, FakeNetwork } from '../../support/fake-datagram-backend'

export interface Faked {
  readonly socket: UdpSocket
  readonly fake: FakeDatagram
  readonly network: FakeNetwork
}

const clock = new RealClock()

/** Not bound. */
export function make(
  options: UdpSocketOptions = {},
  behaviour: FakeBehaviour = {},
  network = new FakeNetwork(),
): Faked {
  network.behaviour = behaviour
  const socket = new UdpSocket({ ...options, runtime: createRuntime({ kind: 'sim', clock, network }) })
  return { socket, fake: network.sockets[network.sockets.length - 1], network }
}

export async function bound(
  options?: UdpSocketOptions,
  behaviour?: FakeBehaviour,
  network?: FakeNetwork,
): Promise<Faked> {
  const faked = make(options, behaviour, network)
  await faked.socket.bind({ address: '127.0.0.1' })
  return faked
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}

/** The code that a call throws. */
export function codeOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
  return 'nothing was thrown'
}

export const rejection = (promise: Promise<unknown>): Promise<NodeJS.ErrnoException> =>
  promise.then(
    () => new Error('it resolved'),
    (error: unknown) => error as Error,
  )

export const FROM = Object.freeze({ address: '127.0.0.9', port: 999, family: 'IPv4' as const })
