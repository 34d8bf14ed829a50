/** UDP sockets in a network of their own (`unshare -n`): what the kernel counts there is what these sockets did. */
import { spawnSync } from 'node:child_process'
import { runToEnd } from '../support/child'

/** The words that give a command a network of its own and the right to change it; undefined where nobody may. */
function namespace(): readonly string[] | undefined {
  const ways = [
    ['unshare', '-n'],
    ['unshare', '-r', '-n'],
  ]
  return ways.find(([command, ...args]) => spawnSync(command, [...args, 'ip', 'link', 'set', 'lo', 'up']).status === 0)
}

const SLOW_LINK = 'tc qdisc add dev lo root tbf rate 20mbit burst 10kb latency 10s'.split(' ')

const prefix = namespace()
const [command = 'true', ...words] = prefix ?? []
const hasSlowLink = prefix !== undefined && spawnSync(command, [...words, ...SLOW_LINK]).status === 0

it('has a network of its own to run in, or says why not', () => {
  if (prefix === undefined) console.log('left out: neither `unshare -n` nor `unshare -r -n` runs `ip` here')
  else if (!hasSlowLink) console.log(`left out: more than the link takes, since \`${SLOW_LINK.join(' ')}\` fails here`)
  expect(['unshare', undefined]).toContain(prefix?.[0])
})

for (const drive of prefix === undefined ? [] : ['inline', 'thread']) {
  describe(drive, () => {
    cases(drive)
  })
}

function cases(drive: string): void {
  const run = async (what: string): Promise<unknown> => {
    const lines = await runToEnd('udp-namespace.mjs', [drive, what], { prefix: prefix ?? [], limitMs: 60_000 })
    return JSON.parse(lines[0])
  }

  it('[U34] [U46] more than the receiver takes: sent = delivered + in the ring + lost, and the kernel counts the same', async () => {
    expect(await run('loss')).toEqual({
      ...{ sent: 20_001, sum: 20_001, balanced: true, lost: true, ring: drive === 'thread', seen: true },
      ...{ kernelOut: true, kernelIn: true, kernelLost: true, kernelRefused: 0 },
    })
  })

  if (hasSlowLink) {
    it('[U3] [U46] more than the link takes: nothing is lost, and each refusal is one that the kernel counts', async () => {
      expect(await run('refusals')).toEqual({
        ...{ sent: 1000, failed: 0, kernelOut: 1000, kernelLost: 0, blocked: true, kernelRefused: true },
      })
    })
  }

  it("[U40] pathMtu 'do': what does not fit fails with the MTU, what fits arrives", async () => {
    expect(await run('mtu')).toEqual({
      failures: [
        { code: 'EMSGSIZE', bytes: 1373, mtuBytes: 1400 },
        { code: 'EMSGSIZE', bytes: 5000, mtuBytes: 1400 },
      ],
      ...{ rejected: 'EMSGSIZE', packetsSent: 2, packetsFailed: 3, packetsReceived: 2 },
    })
  })

  it('[U28] segments above the MTU arrive all the same, once and in order (regression 16)', async () => {
    expect(await run('gso-above-mtu')).toEqual({
      ...{ packetsSent: 21, packetsFailed: 0, fellBack: true, sizes: [3000, 500], intact: true },
    })
  })

  it('[U41] [U37] no route, a barred one, broadcast without the option: that datagram fails, its neighbours arrive', async () => {
    expect(await run('routes')).toEqual({
      codes: {
        '10.1.0.1': 'ENETUNREACH',
        '10.2.0.1': 'EHOSTUNREACH',
        '10.3.0.1': 'EACCES',
        '10.4.0.1': 'EINVAL',
        '127.255.255.255': 'EACCES',
      },
      ...{ received: 10, packetsFailed: 5, state: 'bound' },
    })
  })
}
