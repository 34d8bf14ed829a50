// Framed TCP echo on node:net, as a careful Node program does it: frames cut across chunks, and a handler that gets header
// and body and returns the parts of its reply. `--replies` says how the replies of a chunk go out:
//   each         a write for each reply, as a handler that has only its request and its socket does it
//   corked       cork(), a write for each part of a reply, uncork(): the same handler as netvolley's friendly one, batched as
//                node:net offers it; the competitor `node-net`
//   corked-each  the same with one part for each reply
//   joined       Buffer.concat of all parts and one write, by hand; the competitor `node-net-joined`
//   chunk        no handler at all, the whole frames of the chunk are written back as they came
// `npm run bench -- node-net-replies` measures them beside each other.
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { announce, endWithInput, fail } from './driver-protocol.js'
import { frameBytesAt, headerBytes } from './echo-frame.js'

/** Answers the complete frames of the buffer; returns their bytes. */
type Answer = (socket: Socket, buffer: Buffer) => number

let answers = 0

function handler(header: Buffer, body: Buffer): readonly Buffer[] {
  return [header, body]
}

function handleFrame(frame: Buffer): Buffer {
  return frame
}

/** Asks the handler for each complete frame of `buffer`; returns their bytes. */
function answerFrames(buffer: Buffer, reply: (part: Buffer) => void): number {
  let at = 0
  for (let bytes = frameBytesAt(buffer, at); bytes > 0; bytes = frameBytesAt(buffer, at)) {
    const bodyAt = at + headerBytes
    for (const part of handler(buffer.subarray(at, bodyAt), buffer.subarray(bodyAt, at + bytes))) reply(part)
    at += bytes
    answers++
  }
  return at
}

function answerJoined(socket: Socket, buffer: Buffer): number {
  const parts: Buffer[] = []
  const answered = answerFrames(buffer, (part) => parts.push(part))
  if (answered > 0) socket.write(Buffer.concat(parts))
  return answered
}

function answerCorked(socket: Socket, buffer: Buffer): number {
  socket.cork()
  const answered = answerFrames(buffer, (part) => socket.write(part))
  socket.uncork()
  return answered
}

/** One write for each reply, as a handler that knows its request and its socket does it. */
function answerEach(socket: Socket, buffer: Buffer): number {
  let at = 0
  for (let bytes = frameBytesAt(buffer, at); bytes > 0; bytes = frameBytesAt(buffer, at)) {
    socket.write(handleFrame(buffer.subarray(at, at + bytes)))
    at += bytes
    answers++
  }
  return at
}

function answerCorkedEach(socket: Socket, buffer: Buffer): number {
  socket.cork()
  const answered = answerEach(socket, buffer)
  socket.uncork()
  return answered
}

function answerChunk(socket: Socket, buffer: Buffer): number {
  let at = 0
  for (let bytes = frameBytesAt(buffer, at); bytes > 0; bytes = frameBytesAt(buffer, at)) {
    at += bytes
    answers++
  }
  if (at > 0) socket.write(buffer.subarray(0, at))
  return at
}

function serve(socket: Socket, answer: Answer): void {
  let kept: Buffer | null = null
  socket.on('data', (chunk: Buffer) => {
    const buffer: Buffer = kept === null ? chunk : Buffer.concat([kept, chunk])
    const answered = answer(socket, buffer)
    kept = answered === buffer.length ? null : buffer.subarray(answered)
    if (socket.writableNeedDrain) {
      socket.pause()
      socket.once('drain', () => socket.resume())
    }
  })
  // A client that resets ends its own connection and nothing else.
  socket.on('error', () => socket.destroy())
}

const answerOf: Record<string, Answer> = {
  each: answerEach,
  'corked-each': answerCorkedEach,
  joined: answerJoined,
  corked: answerCorked,
  chunk: answerChunk,
}
const { replies } = parseArgs({ options: { replies: { type: 'string', default: 'corked' } } }).values
const answer = answerOf[replies]
if (answer === undefined) fail(`--replies takes ${Object.keys(answerOf).join(', ')}, got '${replies}'`)
const sockets = new Set<Socket>()
const server = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
  serve(socket, answer)
})
server.listen(0, '127.0.0.1', () => announce((server.address() as AddressInfo).port))
endWithInput(async () => {
  server.close()
  for (const socket of sockets) socket.destroy()
  return { answers }
})
