import { ErrorCode, NetvolleyError } from '../errors'
import { type AttachedHandle, addon } from './addon'
import type { LinkMemory } from './datagram-memory'
import { LinkHost } from './link-host'

/** The host of the one link that this thread has with a socket of another thread's engine. */
export class AttachedHost extends LinkHost {
  readonly drive = 'thread'
  readonly handle: AttachedHandle
  protected readonly sleeps: Int32Array
  #closed = false

  /** @throws ERR_NETVOLLEY_SOCKET_CLOSED where the link was taken before, or its socket has ended */
  constructor(shareId: number, memory: LinkMemory & { readonly enginePage: Uint8Array }) {
    super()
    const { link, transmit, destinations, enginePage } = memory
    this.sleeps = new Int32Array(enginePage.buffer, enginePage.byteOffset, 1)
    this.handle = new (addon().AttachedHandle)(shareId, link, transmit, destinations, enginePage, () => {
      this.deliver()
    })
    if (this.handle.attached) return
    throw new NetvolleyError(ErrorCode.SOCKET_CLOSED, 'the socket has ended, or this end of it was taken before')
  }

  get closed(): boolean {
    return this.#closed
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.handle.close()
  }

  protected settle(): void {
    this.handle.wake()
  }

  protected setRef(on: boolean): void {
    this.handle.setRef(on)
  }
}
