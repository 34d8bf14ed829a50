// Echo on netvolley: `netvolley-echo.js --transport tcp|udp --variant friendly|in-place|volley --drive inline|thread|auto`.
import { parseArgs } from 'node:util'
import { announce, endWithInput, fail } from './driver-protocol.js'
import { lengthOffset } from './echo-frame.js'
import { loadNetvolley, type EchoBatch, type EchoRequest, type EchoServerOptions } from './netvolley-api.js'

type Handlers = Pick<EchoServerOptions, 'handler' | 'batchHandler'>

const handlersOf: Record<string, Handlers> = {
  friendly: { handler: (request) => [request.header, request.body] },
  'in-place': {
    handler: (request: EchoRequest): void => request.replyInPlace(0, request.header.length + request.body.length),
  },
  volley: {
    batchHandler: (batch: EchoBatch): void => {
      const { first, end, headerBytes: headers, bodyBytes: bodies } = batch
      for (let i = first; i < end; i++) batch.replyInPlace(i, 0, headers[i] + bodies[i])
    },
  },
}

/** `server.stats()` may hold bigints, which JSON does not know. */
function toPlain(statistics: object): object {
  const text = JSON.stringify(statistics, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))
  return JSON.parse(text) as object
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      transport: { type: 'string', default: 'tcp' },
      variant: { type: 'string', default: 'friendly' },
      drive: { type: 'string', default: 'inline' },
    },
  })
  const handlers = handlersOf[values.variant]
  if (handlers === undefined) throw new Error(`--variant takes ${Object.keys(handlersOf).join(', ')}`)
  const { RequestServer } = loadNetvolley()
  const server = new RequestServer({
    framing: { kind: 'lengthPrefixed', bytes: 4, endian: 'big', offset: lengthOffset },
    frameReplies: false,
    transports: { tcp: values.transport === 'tcp', udp: values.transport === 'udp' },
    drive: values.drive,
    ...handlers,
  })
  const address = await server.listen({ port: 0, host: '127.0.0.1' })
  const bound = values.transport === 'tcp' ? address.tcp : address.udp
  if (bound === undefined) throw new Error(`the server does not listen on ${values.transport}`)
  endWithInput(async () => {
    const statistics = toPlain(server.stats())
    await server.close({ graceMs: 0 })
    return statistics
  })
  announce(bound.port)
}

main().catch(fail)
