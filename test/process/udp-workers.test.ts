/** One UDP socket, eight worker threads that are attached to it. */
import { runToEnd } from '../support/child'

interface Outcome {
  asked: number
  workers: { sent: number; received: number; queued: number; counted: number; pending: number }[]
  lost: number
  receivedByWorkers: number
  hubReceived: number
  hubKernelDrops: number
  hubDropped: number
  disordered: number
  workersWithPeers: number
  peersAtTwoWorkers: number
}

const run = async (...args: string[]): Promise<Outcome> => {
  const lines = await runToEnd('udp-workers.mjs', args, { limitMs: 60_000 })
  return JSON.parse(lines[0]) as Outcome
}

function checkBooks({ asked, hubReceived, hubKernelDrops, disordered, lost, workers }: Outcome): void {
  for (const { sent, queued, counted, pending } of workers) {
    expect({ sent, queued, counted, pending }).toEqual({ sent: 4000, queued: 4000, counted: 4000, pending: 0 })
  }
  expect(hubReceived + hubKernelDrops).toBe(asked)
  expect({ disordered, lost }).toEqual({ disordered: 0, lost: 0 })
}

it.each(['inline', 'thread'])(
  '[U58] %s drive: eight threads send and receive on one socket; the sums balance, and each peer has one thread',
  async (drive) => {
    const outcome = await run(drive)
    checkBooks(outcome)
    expect(outcome.workers).toHaveLength(8)
    expect(outcome.receivedByWorkers).toBe(outcome.hubReceived - outcome.hubDropped)
    expect(outcome.peersAtTwoWorkers).toBe(0)
    expect(outcome.workersWithPeers).toBeGreaterThanOrEqual(4)
  },
  70_000,
)

it.each(['inline', 'thread'])(
  '[U58] %s drive: threads that are terminated under load take nothing of the others along',
  async (drive) => {
    const outcome = await run(drive, 'terminate')
    checkBooks(outcome)
    expect(outcome.workers).toHaveLength(5)
  },
  70_000,
)
