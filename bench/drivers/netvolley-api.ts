// What the drivers use of netvolley. The benches build without the package's own build, so that the competitors can be
// measured alone; what is loaded at run time is the package by its name.

export interface EchoRequest {
  readonly header: Buffer
  readonly body: Buffer
  replyInPlace(offset: number, length: number): void
}

export interface EchoBatch {
  readonly first: number
  readonly end: number
  readonly headerBytes: Uint32Array
  readonly bodyBytes: Uint32Array
  replyInPlace(index: number, offset: number, length: number): void
}

export interface EchoServerOptions {
  framing: { kind: 'lengthPrefixed'; bytes: 2 | 4; endian: 'big' | 'little'; offset: number }
  frameReplies: boolean
  transports: { tcp: boolean; udp: boolean }
  drive: string
  handler?: (request: EchoRequest) => readonly Uint8Array[] | void
  batchHandler?: (batch: EchoBatch) => void
}

interface EchoServer {
  listen(options: { port: number; host: string }): Promise<{ tcp?: { port: number }; udp?: { port: number } }>
  close(options: { graceMs: number }): Promise<unknown>
  stats(): object
}

interface NetvolleyModule {
  RequestServer: new (options: EchoServerOptions) => EchoServer
}

/** Throws with what to do when the package or its addon is not built. */
export function loadNetvolley(): NetvolleyModule {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- by name and at run time: see above
    return require('netvolley') as NetvolleyModule
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new Error(
      `'netvolley' cannot be loaded: ${reason}. Build it with \`npm run build\`, or leave it out with --only and the names of the other competitors.`,
      { cause: error },
    )
  }
}
