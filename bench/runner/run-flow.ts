import { setTimeout as sleep } from 'node:timers/promises'
import { FlowProcess } from './flow-process.js'
import { type LoadDuration } from './load.js'
import { type FlowCompetitor, type FlowLoad, type LoadReport, type Measurement } from './trial.js'

interface Snapshot {
  readonly received: number
  readonly bad: number
  readonly lost: number
  readonly reordered: number
  /** Monotonic clock of the receiver. */
  readonly atMs: number
}

interface Sent {
  readonly offered: number
  readonly accepted: number
  readonly refused: number
  readonly seconds: number
}

/** How long nothing may have come before a flow is over. */
const quietMs = 60
/** The receiver has to be asleep before its backlog is sent. */
const settleMs = 30
/** How long a receiver sleeps over its backlog. */
const blockMs = 200
const drainsPerLoad = 5

/** Both ends of one competitor, from their start until their own statistics were read. */
export class FlowPair {
  #flow = 0

  private constructor(
    readonly competitor: FlowCompetitor,
    readonly receiver: FlowProcess,
    readonly sender: FlowProcess,
    private readonly port: number,
  ) {}

  static async start(competitor: FlowCompetitor, programs: string): Promise<FlowPair> {
    const { name, optional } = competitor
    const start = (program: FlowCompetitor['receiver']): ReturnType<typeof FlowProcess.start> =>
      FlowProcess.start(name, program, programs, optional === true)
    const { process: receiver, port } = await start(competitor.receiver)
    try {
      const { process: sender } = await start(competitor.sender)
      return new FlowPair(competitor, receiver, sender, port)
    } catch (error) {
      await receiver.stop()
      throw error
    }
  }

  /** Sends as fast as it can for so long. */
  send({ payload, destinations }: FlowLoad, seconds: number): Promise<Sent> {
    const order = { port: this.port, payload, seconds, destinations, flow: ++this.#flow }
    return this.sender.ask<Sent>(`go ${JSON.stringify(order)}`, seconds * 1000)
  }

  snap(): Promise<Snapshot> {
    return this.receiver.ask<Snapshot>('snap')
  }

  async untilQuiet(): Promise<Snapshot> {
    let before = await this.snap()
    for (;;) {
      await sleep(quietMs)
      const after = await this.snap()
      if (after.received === before.received) return after
      before = after
    }
  }

  async stop(): Promise<object> {
    const sender = await this.sender.stop()
    return { receiver: await this.receiver.stop(), sender }
  }
}

function reportOf(fields: Pick<LoadReport, 'answered' | 'seconds' | 'rate'> & Partial<LoadReport>): LoadReport {
  const none = { sent: 0, lost: 0, bad: 0, p50Us: 0, p99Us: 0, p999Us: 0, maxUs: 0, cpuSeconds: 0, firstBad: '' }
  return { ...none, answeredAll: fields.answered, ...fields }
}

async function measureRate(pair: FlowPair, load: FlowLoad, seconds: number): Promise<Measurement> {
  const first = await pair.untilQuiet()
  const receiverCpu = pair.receiver.cpuSeconds()
  const senderCpu = pair.sender.cpuSeconds()
  const sent = await pair.send(load, seconds)
  const end = await pair.snap()
  const last = await pair.untilQuiet()
  const received = last.received - first.received
  const elapsed = (end.atMs - first.atMs) / 1000
  return {
    competitor: pair.competitor.name,
    load: reportOf({
      answered: received,
      seconds: elapsed,
      // What came while the sender was at work: the backlog behind it is not counted, nor is its time.
      rate: (end.received - first.received) / elapsed,
      sent: sent.accepted,
      offered: sent.offered,
      lost: Math.max(0, sent.accepted - received),
      bad: last.bad - first.bad,
      firstBad: last.bad > first.bad ? 'a datagram that holds other bytes than were sent' : '',
      reordered: last.reordered - first.reordered,
      cpuSeconds: pair.sender.cpuSeconds() - senderCpu,
    }),
    serverCpuSeconds: pair.receiver.cpuSeconds() - receiverCpu,
  }
}

/** A full buffer is emptied in a few milliseconds: several of them give one figure. */
async function measureDrain(pair: FlowPair, load: FlowLoad): Promise<Measurement> {
  const first = await pair.untilQuiet()
  const sent = { accepted: 0, offered: 0 }
  let drained = 0
  let seconds = 0
  for (let i = 0; i < drainsPerLoad; i++) {
    const drain = pair.receiver.ask<{ drained: number; ns: number }>(`block ${blockMs}`, blockMs)
    await sleep(settleMs)
    const { accepted, offered } = await pair.send(load, (blockMs - 2 * settleMs) / 2000)
    const emptied = await drain
    sent.accepted += accepted
    sent.offered += offered
    drained += emptied.drained
    seconds += emptied.ns / 1e9
  }
  const last = await pair.snap()
  return {
    competitor: pair.competitor.name,
    load: reportOf({
      answered: drained,
      seconds,
      rate: seconds > 0 ? drained / seconds : 0,
      sent: sent.accepted,
      offered: sent.offered,
      // More is sent than the buffer holds, on purpose: that is no loss.
      lost: 0,
      bad: last.bad - first.bad,
      firstBad: last.bad > first.bad ? 'a datagram that holds other bytes than were sent' : '',
    }),
    // Most of it would be the wait for the end of the backlog, which JavaScript spends looking.
    serverCpuSeconds: 0,
  }
}

export async function measureFlow(pair: FlowPair, load: FlowLoad, duration: LoadDuration): Promise<Measurement> {
  await pair.send(load, duration.warmUpSeconds)
  if (load.measure === 'drain') return measureDrain(pair, load)
  return measureRate(pair, load, duration.seconds)
}
