/** What is held to the contract of UdpSocket. */
import type { Engine, UdpSocket, UdpSocketOptions } from 'netvolley'
import type { Kit } from '../contract'

export interface UdpSubject {
  readonly name: string
  readonly drive: 'inline' | 'thread'
  readonly backend: 'mmsg' | 'single' | 'poll'
  /** Many datagrams a system call, and the offloads: of the back end "mmsg" alone. */
  readonly batching: boolean
  readonly UdpSocket: typeof UdpSocket
  readonly Engine: typeof Engine
  /** Bound to 127.0.0.1 unless the options say otherwise, with an engine of the subject's kind. */
  open(options?: UdpSocketOptions): Promise<UdpSocket>
}

export type UdpContract = (t: Kit, subject: UdpSubject) => void

/** The two ways to receive. */
export type Face = 'message' | 'batch'

/** One case for each way to receive; the way stands at the end of its title. */
export function eachFace(t: Kit, title: string, run: (face: Face) => Promise<void>): void {
  for (const face of ['message', 'batch'] as const) t.test(`${title}; ${face}`, () => run(face))
}

const KINDS = [
  ['inline', 'mmsg'],
  ['thread', 'mmsg'],
  ['inline', 'single'],
  ['thread', 'poll'],
] as const

export function udpSubjects(classes: Pick<UdpSubject, 'UdpSocket' | 'Engine'>): UdpSubject[] {
  const { UdpSocket, Engine } = classes
  return KINDS.map(([drive, backend]) => ({
    name: `${drive}, ${backend}`,
    drive,
    backend,
    batching: backend === 'mmsg',
    UdpSocket,
    Engine,
    open: (options = {}) => UdpSocket.open(local({ drive, backend }, options)),
  }))
}

/** Beside an engine nothing else may choose one; a family or an address of the options goes before the default. */
function local(kind: UdpSocketOptions, options: UdpSocketOptions): UdpSocketOptions {
  const address = options.address === undefined && options.family === undefined ? { address: '127.0.0.1' } : {}
  return { ...address, ...(options.engine === undefined ? kind : {}), ...options }
}
