/** What the cases need of the machine they run on. */
import { networkInterfaces } from 'node:os'
import type { UdpSocket, UdpTarget } from 'netvolley'
import { until } from '../../support/until'
import type { UdpSubject } from './subject'

/** Name of the loopback interface. */
export function loopbackName(): string {
  const found = Object.entries(networkInterfaces()).find(([, all]) =>
    all?.some(({ address }) => address === '127.0.0.1'),
  )
  if (found === undefined) throw new Error('there is no interface with 127.0.0.1')
  return found[0]
}

/** An address that is valid on one link only, with that link's name; null where this machine has none. */
export function linkLocal(): string | null {
  for (const [name, all] of Object.entries(networkInterfaces())) {
    const found = all?.find(({ address }) => address.startsWith('fe80:'))
    if (found !== undefined) return `${found.address}%${name}`
  }
  return null
}

/** Nobody listens there: the port of a socket that was closed a moment ago. */
export async function deadTarget(subject: UdpSubject, address = '127.0.0.1'): Promise<UdpTarget> {
  const socket = await subject.open({ address })
  const { port } = socket.address()
  await socket.close()
  return { address, port }
}

let marks = 0

/** What has come by now: loopback keeps the order, so what was sent before the mark has come before it, or never will. */
export async function arrived(sender: UdpSocket, to: UdpTarget, texts: () => readonly string[]): Promise<string[]> {
  const mark = `mark ${String(++marks)}`
  sender.send(mark, to)
  await until(() => texts().includes(mark), 'the mark has arrived')
  return texts().filter((text) => !text.startsWith('mark '))
}

/** Sends one after the other, however little room there is. */
export async function sendEach<T>(socket: UdpSocket, all: Iterable<T>, send: (one: T) => boolean): Promise<void> {
  for (const one of all) {
    while (!send(one)) await until(() => !socket.needDrain, 'there is room again')
  }
}
