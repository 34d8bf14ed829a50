/** What a process with UDP sockets keeps, and what garbage collection may take. */
import { runToEnd } from '../support/child'

/** How often a socket is opened and closed, and how many senders there are: a long check takes more of both. */
const CYCLES = Number(process.env.UDP_CYCLES ?? 2000)
const STRANGERS = Number(process.env.UDP_STRANGERS ?? 20_000)
const LONG_MS = 60_000 + CYCLES * 10 + STRANGERS / 5

describe.each(['inline', 'thread'])('%s', (drive) => {
  const memory = (what: string, ...args: string[]): Promise<readonly string[]> =>
    runToEnd('udp-memory.mjs', [drive, what, ...args], { nodeArgs: ['--expose-gc'], limitMs: LONG_MS })

  it(
    '[U48] thousands of times open and close on one engine: no descriptor is left over, memory does not grow (regression 21)',
    async () => {
      expect(JSON.parse((await memory('cycles', String(CYCLES)))[0])).toEqual({
        ...{ cycles: CYCLES, leaked: 0, bounded: true },
      })
    },
    LONG_MS,
  )

  it('[U48] sockets with an engine each, a failed bind among them, leave no descriptor', async () => {
    expect(JSON.parse((await memory('own-engines'))[0])).toEqual({ opened: 100, refused: 100, leaked: 0 })
  })

  it('[U4] small messages that are kept hold no slab (regression 23)', async () => {
    expect(JSON.parse((await memory('kept-messages'))[0])).toEqual({ kept: 2000, intact: true, largestPinned: true })
  })

  it('[U7] a lease that nobody holds any more is collected, reported, and its slots come back', async () => {
    expect(JSON.parse((await memory('lost-leases'))[0])).toEqual({ warned: true, held: false, received: true })
  })

  it('[U7] with poison a slot that was let go is overwritten, and a late read of the batch throws (regression 24)', async () => {
    expect(await memory('poison')).toEqual(['ERR_NETVOLLEY_BATCH_STALE', 'secret'])
  })
})

it(
  '[U20] senders without number take no more memory than maxPeers allows (regression 28)',
  async () => {
    const lines = await runToEnd('udp-memory.mjs', ['inline', 'strangers', String(STRANGERS)], {
      ...{ nodeArgs: ['--expose-gc'], limitMs: LONG_MS },
    })
    expect(JSON.parse(lines[0])).toEqual({
      ...{ senders: STRANGERS, peers: 256, evicted: STRANGERS - 256, delivered: STRANGERS, bounded: true },
    })
  },
  LONG_MS,
)
