/** A client of length-prefixed servers, over node:net: bytes in, exactly as many bytes out as were asked for. */
import { type Socket, connect } from 'node:net'

export interface Target {
  readonly address: string
  readonly port: number
}

interface Waiting {
  readonly bytes: number
  readonly resolve: (data: Buffer) => void
  readonly reject: (error: Error) => void
}

export class TcpClient {
  readonly socket: Socket
  /** How the server ended the connection: `'end'` for a FIN, or the code of an error. */
  readonly ended: Promise<string>
  #chunks: Buffer[] = []
  #held = 0
  #waiting: Waiting | undefined
  #ending: string | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    this.ended = new Promise((resolve) => {
      const finish = (how: string): void => {
        if (this.#ending !== undefined) return
        this.#ending = how
        this.#settle()
        resolve(how)
      }
      socket.on('end', () => {
        finish('end')
        socket.end()
      })
      socket.on('error', (error: NodeJS.ErrnoException) => {
        finish(error.code ?? error.message)
      })
      socket.on('close', () => {
        finish('close')
      })
    })
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#held += chunk.length
      this.#settle()
    })
  }

  static async connect(target: Target): Promise<TcpClient> {
    const socket = connect({ host: target.address, port: target.port, allowHalfOpen: true })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return new TcpClient(socket)
  }

  send(data: Uint8Array): void {
    this.socket.write(data)
  }

  /** Exactly so many bytes; rejects where the connection ends before they came. One call at a time. */
  receive(bytes: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { bytes, resolve, reject }
      this.#settle()
    })
  }

  /** The body of the next frame with a big-endian length of 2 or 4 bytes before it. */
  async receiveFrame(prefixBytes: 2 | 4): Promise<Buffer> {
    const prefix = await this.receive(prefixBytes)
    return this.receive(prefix.readUIntBE(0, prefixBytes))
  }

  /** What came before the end of the connection and was not taken. */
  async rest(): Promise<Buffer> {
    await this.ended
    return Buffer.concat(this.#chunks)
  }

  reset(): void {
    this.socket.resetAndDestroy()
  }

  close(): void {
    this.socket.destroy()
  }

  #settle(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    if (this.#held >= waiting.bytes) {
      this.#waiting = undefined
      waiting.resolve(this.#take(waiting.bytes))
    } else if (this.#ending !== undefined) {
      this.#waiting = undefined
      const got = `${String(this.#held)} of ${String(waiting.bytes)} bytes`
      waiting.reject(new Error(`the connection ended (${this.#ending}) after ${got}`))
    }
  }

  #take(bytes: number): Buffer {
    const all = Buffer.concat(this.#chunks)
    this.#chunks = all.length > bytes ? [all.subarray(bytes)] : []
    this.#held = all.length - bytes
    return all.subarray(0, bytes)
  }
}

/** The body with its length before it. */
export function frame(prefixBytes: 2 | 4, body: Uint8Array | string): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const prefix = Buffer.alloc(prefixBytes)
  prefix.writeUIntBE(bytes.length, 0, prefixBytes)
  return Buffer.concat([prefix, bytes])
}
