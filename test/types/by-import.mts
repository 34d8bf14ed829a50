import { Engine, RequestServer } from 'netvolley'

const engine: Engine = new Engine({ drive: 'inline' })
const server: RequestServer = new RequestServer({
  engine,
  framing: { kind: 'lengthPrefixed', bytes: 2 },
  handler: (request) => request.body.subarray(0, request.header.length),
})
const udpPort: number | undefined = (await server.listen({ port: 0, host: '127.0.0.1' })).udp?.port
await server.close({ graceMs: 10 })

// @ts-expect-error a frame prefix has 1, 2, 3, 4 or 8 bytes
new RequestServer({ framing: { kind: 'lengthPrefixed', bytes: 5 }, handler: () => undefined })

export { udpPort }
