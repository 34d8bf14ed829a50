/** What a process with servers keeps, and what garbage collection may take. */
import { runToEnd } from '../support/child'

describe.each(['inline', 'thread'])('%s', (drive) => {
  const memory = (what: string): Promise<readonly string[]> =>
    runToEnd('memory.mjs', [drive, what], { nodeArgs: ['--expose-gc'] })

  it('[SV42] 1,000 times listen, one request, close: no descriptor is left over and memory does not grow', async () => {
    expect(JSON.parse((await memory('cycles'))[0])).toEqual({ cycles: 1000, leaked: 0, bounded: true })
  })

  it('[SV42] 200 servers one after the other on one engine leave no descriptor', async () => {
    expect(JSON.parse((await memory('cycles-on-one-engine'))[0])).toEqual({ cycles: 200, leaked: 0 })
  })

  it('[SV42] a listen() that fails leaves no descriptor', async () => {
    expect(JSON.parse((await memory('failed-listens'))[0])).toEqual({ refused: 110, leaked: 0 })
  })

  it('[SV24] a server that nobody holds lives on while it listens, and answers what is in flight', async () => {
    expect(await memory('unreachable')).toEqual(['question 0,question 1,question 2 50'])
  })

  it('[SV25] batches that are retained and dropped keep their requests open until the grace time ends', async () => {
    expect(JSON.parse((await memory('batches'))[0])).toEqual({ calls: true, aborted: 60 })
  })

  it('[SV46] engines that nobody holds harm nothing; of two engines each ends its own servers', async () => {
    expect(await memory('engines')).toEqual(['the other engine answers'])
  })

  it('[SV46] an engine may be closed by a handler that runs on it', async () => {
    expect(await memory('engine-closed-in-handler')).toEqual(['50 engines closed'])
  })
})
