import { runToEnd } from '../support/child'

it.each([
  ['inline', 'close'],
  ['thread', 'terminate'],
])(
  '[U58] %s drive: the memory of threads that %s their end of a socket is let go while the socket is open',
  async (drive, ends) => {
    const [line] = await runToEnd('udp-shares.mjs', [drive, ends], { nodeArgs: ['--expose-gc'], limitMs: 60_000 })
    expect((JSON.parse(line) as { kept: number }).kept).toBeLessThanOrEqual(1)
  },
  70_000,
)
