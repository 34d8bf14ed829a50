import { type SystemError, systemError } from '../errors'
import type { Clock, Errno, RemoteAddress, UdpPeerError as PeerReport } from '../runtime'
import type { DatagramError, UdpPeerError } from './types'

/** Events of both kinds: an attacker must not be able to keep a process busy with them. */
const MAX_PER_SECOND = 100
const WINDOW_MS = 1000
const MAX_LAST = 8

export interface LastError {
  readonly atMs: number
  readonly event: 'datagramError' | 'peerError' | 'error'
  readonly code: string
  readonly syscall: string
  readonly address: string | null
  readonly port: number | null
}

/** What single datagrams and peers went wrong with: told at most 100 times a second, counted always. */
export class ErrorReporter {
  /** Not told, because there were too many. */
  suppressed = 0
  readonly #clock: Clock
  readonly #emit: (event: 'datagramError' | 'peerError', error: Error) => void
  readonly #last: LastError[] = []
  #windowMs = -Infinity
  #told = 0

  constructor(clock: Clock, emit: (event: 'datagramError' | 'peerError', error: Error) => void) {
    this.#clock = clock
    this.#emit = emit
  }

  /** The last ones, the youngest at the end. */
  last(): readonly LastError[] {
    return [...this.#last]
  }

  sendFailed(errno: Errno, to: RemoteAddress | null, bytes: number, mtuBytes: number): void {
    if (!this.#mayTell()) return
    const error: DatagramError = Object.assign(systemError(errno, 'send', to?.address, to?.port), {
      bytes,
      ...(mtuBytes > 0 ? { mtuBytes } : {}),
    })
    this.remember('datagramError', error)
    this.#emit('datagramError', error)
  }

  peerError({ errno, syscall, remote, ...more }: PeerReport): void {
    if (!this.#mayTell()) return
    const error: UdpPeerError = Object.assign(systemError(errno, syscall, remote?.address, remote?.port), {
      peer: remote,
      ...more,
    })
    this.remember('peerError', error)
    this.#emit('peerError', error)
  }

  remember(event: LastError['event'], error: SystemError): void {
    const { code, syscall, address = null, port = null } = error
    this.#last.push({ atMs: this.#clock.now(), event, code, syscall, address, port })
    if (this.#last.length > MAX_LAST) this.#last.shift()
  }

  #mayTell(): boolean {
    const nowMs = this.#clock.coarseNow()
    if (nowMs - this.#windowMs >= WINDOW_MS) {
      this.#windowMs = nowMs
      this.#told = 0
    }
    if (this.#told === MAX_PER_SECOND) {
      this.suppressed++
      return false
    }
    this.#told++
    return true
  }
}
