// The lines that both ends of a flow speak with the runner (bench/README.md, "Flows").
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { fail } from './driver-protocol.js'
import { type FlowTally } from './flow-payload.js'

export interface FlowOrder {
  readonly port: number
  readonly payload: number
  readonly seconds: number
  readonly destinations: number
  /** The number of this flow: it stands in every datagram. */
  readonly flow: number
}

export interface FlowSent {
  /** Datagrams that were tried; those refused and tried again count twice. */
  readonly offered: number
  /** Datagrams that the kernel took. */
  readonly accepted: number
  readonly refused: number
  readonly seconds: number
}

/** No datagram for so long: a backlog is drained. */
const quietMs = 50

function say(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** Runs `obey` for each line, one after the other; at the end of the input `finish`, whose result is the last line. */
function serveLines(obey: (line: string) => Promise<void> | void, finish: () => Promise<object>): void {
  let busy = Promise.resolve()
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    busy = busy.then(() => obey(line)).catch(fail)
  })
  lines.on('close', () => {
    busy
      .then(finish)
      .then((statistics) => process.stdout.write(`${JSON.stringify(statistics)}\n`, () => process.exit(0)))
      .catch(fail)
  })
}

/** Sleeps with the whole thread, so that the socket's buffer fills, then takes the time of emptying it. */
async function drainAfter(ms: number, tally: FlowTally): Promise<object> {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  const before = tally.received
  const started = performance.now()
  let last = started
  let seen = before
  for (let now = started; now - last < quietMs; now = performance.now()) {
    await new Promise((resolve) => setImmediate(resolve))
    if (tally.received === seen) continue
    seen = tally.received
    last = performance.now()
  }
  return { drained: seen - before, ns: (last - started) * 1e6 }
}

export function serveReceiver(port: number, tally: FlowTally, finish: () => Promise<object>): void {
  serveLines(async (line) => {
    const [order, argument] = line.split(' ')
    if (order === 'snap') say(tally.snapshot())
    else if (order === 'block') say(await drainAfter(Number(argument), tally))
  }, finish)
  process.stdout.write(`PORT ${port}\n`)
}

export function serveSender(send: (order: FlowOrder) => Promise<FlowSent>, finish: () => Promise<object>): void {
  serveLines(async (line) => {
    if (line.startsWith('go ')) say(await send(JSON.parse(line.slice(3)) as FlowOrder))
  }, finish)
  process.stdout.write('READY\n')
}

/** 127.0.x.y, which are all this machine; the first is 127.0.0.1. */
export function destinationOf(index: number): string {
  return `127.0.${Math.floor(index / 250)}.${1 + (index % 250)}`
}
