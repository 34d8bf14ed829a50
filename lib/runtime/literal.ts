/** libuv's negative number (-111 = ECONNREFUSED on Linux), 0 = none. A back end returns or reports it and never throws. */
export type Errno = number

/** Where a socket is, with an IP literal, never a name. A Unix socket is `{ address: path, port: -1 }`. */
export interface Literal {
  readonly address: string
  readonly port: number
}
