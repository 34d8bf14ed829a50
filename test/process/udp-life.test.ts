/** How processes with UDP sockets end: each case is a program of its own that must end by itself, with code 0. */
import { runChild, runToEnd } from '../support/child'

describe.each(['inline', 'thread'])('%s', (drive) => {
  const life = (what: string): Promise<readonly string[]> => runToEnd('udp-life.mjs', [drive, what])

  it("[U49] a process whose socket is unref'd ends, with datagrams coming in", async () => {
    expect(await life('unref')).toEqual(['received'])
  })

  it("[U49] a process stays alive while its socket is bound, and when it is ref'd again", async () => {
    expect(await life('bound')).toEqual(['bound', 'closed'])
    expect(await life('reref')).toEqual(['still alive'])
  })

  it('[U48] close() within the callback: the batch stays valid, what was sent goes out, no further batch comes', async () => {
    expect((await life('close-in-callback')).toSorted()).toEqual(['answer to 0', 'bytes 1,2,3 closed 1'])
  })

  it('[U48] destroy() within the callback: no event but close follows', async () => {
    expect(await life('destroy-in-callback')).toEqual(['batches 1 messages after close 0'])
  })

  it("[U48] close() in the turn of bind(), and close() of a socket that was never bound: 'close' once", async () => {
    expect(await life('close-at-once')).toEqual(['bind ERR_NETVOLLEY_SOCKET_CLOSED close 1', 'never bound: close 1'])
  })

  it('[U49] process.exit() within the callback, and under load (regression 22)', async () => {
    expect(await life('exit-in-callback')).toEqual(['exit'])
    expect(await life('exit-under-load')).toEqual(['loaded true'])
  })

  it('[U58] process.exit() with workers that send and receive through one socket (regression 22)', async () => {
    expect(await life('exit-with-workers')).toEqual(['loaded true'])
  })

  it.each(['connected', 'on'])(
    '[U43] a dead peer and no listener on any event, icmpErrors %s: process and socket live (regression 14)',
    async (icmpErrors) => {
      const { code, lines, stderr } = await runChild('udp-life.mjs', [drive, 'dead-peer', icmpErrors])
      expect([code, lines, stderr]).toEqual([0, ['refused true', 'alive true', 'closed'], ''])
    },
  )

  it('[U5] what a callback throws is an uncaught exception each, and no datagram is lost (regression 25)', async () => {
    expect(await life('callback-throws')).toEqual(['uncaught 3 received 12'])
  })
})
