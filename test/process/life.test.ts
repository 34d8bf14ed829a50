/** How processes with servers end: each case is a program of its own that must end by itself, with code 0. */
import { runChild, runToEnd } from '../support/child'

const NEVER = 'closed without an answer'

describe.each(['inline', 'thread'])('%s', (drive) => {
  const life = (what: string): Promise<readonly string[]> => runToEnd('life.mjs', [drive, what])

  it("[SV42] a process whose server is unref'd ends, with sockets open", async () => {
    expect(await life('unref')).toEqual(['answered'])
  })

  it("[SV42] a process stays alive while its server listens, and when it is ref'd again", async () => {
    expect(await life('listening')).toEqual(['listening', 'closed'])
    expect(await life('reref')).toEqual(['still alive'])
  })

  it('[SV42] close() within the handler: the last answer goes out and the process ends', async () => {
    expect(await life('close-in-handler')).toEqual(['last answer', 'closed 0'])
  })

  it('[SV42] destroy() within the handler: the process ends', async () => {
    expect((await life('destroy-in-handler')).toSorted()).toEqual(['closed', NEVER])
  })

  it('[SV42] process.exit() within the handler, and under load with sockets open', async () => {
    expect(await life('exit-in-handler')).toEqual(['exit'])
    expect(await life('exit-under-load')).toEqual(['wrong 0'])
  })

  it('[SV27] process.exit() with workers that serve under load, on both drives', async () => {
    expect(await life('exit-with-workers')).toEqual(['wrong 0'])
  })

  it('[SV24] handlers that throw while nobody listens cost one warning, and the process lives', async () => {
    const { code, lines, stderr } = await runChild('life.mjs', [drive, 'throws'])
    expect([code, lines]).toEqual([0, [NEVER, NEVER, NEVER, 'good']])
    expect(stderr.match(/NetvolleyWarning: .*from the handler/g)).toHaveLength(1)
  })

  it("[SV24] what a 'requestError' listener throws is an uncaught exception; the other requests are answered", async () => {
    const lines = await life('listener-throws')
    expect(lines).toEqual(['uncaught from the listener', 'none,good 1,good 2,good 3,good 4,good 5'])
  })

  it('[SV24] what is thrown behind a handler is an uncaught exception each; all requests are answered', async () => {
    expect(await life('next-tick-throws')).toEqual(['6 6'])
  })

  it.each([
    ['exit', { code: 3, error: 'none' }],
    ['throw', { code: 1, error: 'on purpose' }],
    ['natural', { code: 0, error: 'none' }],
  ])('[SV27] a worker that serves under load ends by itself: %s', async (end, how) => {
    const lines = await runToEnd('worker-ends.mjs', [drive, end])
    expect(JSON.parse(lines[0])).toEqual({ ...how, balanced: true, served: true, wrong: 0 })
  })

  it('[SV42] two vm contexts load the library: bytes and errors of either are understood', async () => {
    const invalid = 'ERR_NETVOLLEY_OPTION_INVALID'
    const lines = await runToEnd('realms.mjs', [drive])
    expect(lines).toEqual(['true', 'realm 0 | realm 0', 'realm 1 | realm 1', invalid, invalid])
  })
})
