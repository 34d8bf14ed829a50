/* dig, a client that is not ours, against the example in a process of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

const root = path.resolve(__dirname, '../..')
const hasDig = spawnSync('dig', ['-v']).error === undefined
if (!hasDig) console.log('dig is not installed: test/interop/dig.test.ts shows nothing (Debian: bind9-dnsutils)')

describe.each([['dns-packet'], ['precompiled']])('dig against examples/dns-server, %s', (handler) => {
  let server: ChildProcess
  let port = ''

  beforeAll(async () => {
    if (!hasDig) return
    const zone = path.join(root, 'examples/dns-server/example.zone')
    const main = path.join(root, 'examples/dns-server/main.mjs')
    const args = [main, '--zone', zone, '--port', '0', ...(handler === 'precompiled' ? ['--precompiled'] : [])]
    server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    port = await new Promise<string>((resolve, reject) => {
      let printed = ''
      server.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${printed}`)))
      for (const stream of [server.stdout, server.stderr]) {
        stream?.setEncoding('utf8').on('data', (text: string) => {
          printed += text
          const line = /^listening on 127\.0\.0\.1:(\d+) \(udp, tcp\), (\d+) names$/m.exec(printed)
          if (line) resolve(line[1])
        })
      }
    })
  })

  afterAll(async () => {
    if (server?.exitCode !== null) return
    const exited = once(server, 'exit')
    server.kill('SIGTERM')
    await exited
  })

  /** What dig prints, or undefined where it is not installed: the reason has been printed then. */
  function dig(...args: string[]): string | undefined {
    if (!hasDig) return undefined
    const { status, stdout } = spawnSync('dig', ['-p', port, '+tries=2', '+time=2', '@127.0.0.1', ...args], {
      encoding: 'utf8',
    })
    expect({ status, stdout }).toMatchObject({ status: 0 })
    return stdout
  }
  const lines = (...args: string[]) =>
    dig('+short', ...args)
      ?.trimEnd()
      .split('\n')
      .sort()
  /** Runs the expectations where there is an answer. */
  const shows = (output: string | undefined, ...patterns: RegExp[]) => {
    if (output !== undefined) for (const pattern of patterns) expect(output).toMatch(pattern)
  }

  it('[SV1] gets an authoritative answer over UDP', () => {
    shows(
      dig('+notcp', 'host0001.netvolley.example', 'A'),
      /status: NOERROR/,
      /flags: qr aa rd;/,
      /\(UDP\)/,
      /192\.0\.2\.2\n/,
    )
  })

  it('[SV1] gets the same answer over TCP on the same port', () => {
    shows(
      dig('+tcp', 'host0001.netvolley.example', 'A'),
      /status: NOERROR/,
      /flags: qr aa rd;/,
      /\(TCP\)/,
      /192\.0\.2\.2\n/,
    )
  })

  it('[SV1] sees TC and no records when the large answer is asked over UDP alone', () => {
    shows(dig('+notcp', '+ignore', 'large.netvolley.example', 'A'), /flags: qr aa tc rd;/, /ANSWER: 0,/, /\(UDP\)/)
  })

  it('[SV1] goes over to TCP by itself and gets all 120 records of the large answer', () => {
    shows(dig('large.netvolley.example', 'A'), /Truncated, retrying in TCP mode/, /ANSWER: 120,/, /\(TCP\)/)
    const strings = dig('large-text.netvolley.example', 'TXT')
    shows(strings, /"0000 netvolley /, /"0023 netvolley /, /\(TCP\)/)
  })

  it('[SV1] sees NXDOMAIN with the SOA, and no data with the SOA', () => {
    const soa = /AUTHORITY SECTION:\nnetvolley\.example\.\s+300\s+IN\s+SOA\s+ns1\.netvolley\.example\. /
    shows(dig('no-such-name.netvolley.example', 'A'), /status: NXDOMAIN/, /ANSWER: 0, AUTHORITY: 1/, soa)
    shows(dig('host0001.netvolley.example', 'MX'), /status: NOERROR/, /ANSWER: 0, AUTHORITY: 1/, soa)
  })

  it('[SV1] is refused outside the zone, and may not transfer it', () => {
    shows(dig('www.example.org', 'A'), /status: REFUSED/)
    shows(dig('+tcp', 'netvolley.example', 'AXFR'), /Transfer failed/)
  })

  it('[SV1] is told BADVERS for EDNS version 1', () => {
    shows(dig('+edns=1', '+noednsnegotiation', 'netvolley.example', 'A'), /status: BADVERS/, /EDNS: version: 0/)
  })

  it.each([
    ['netvolley.example', 'A', ['192.0.2.1']],
    ['netvolley.example', 'AAAA', ['2001:db8::1']],
    ['team0001.netvolley.example', 'MX', ['10 mail1.netvolley.example.', '21 host0001.netvolley.example.']],
    ['note0001.netvolley.example', 'TXT', ['"note 1; kept for 1 days"']],
    ['www.netvolley.example', 'CNAME', ['netvolley.example.']],
    ['www.netvolley.example', 'A', ['192.0.2.1', 'netvolley.example.']],
    [
      '_sip._udp.site0001.netvolley.example',
      'SRV',
      ['10 1 5001 host0001.netvolley.example.', '20 0 5001 six0001.netvolley.example.'],
    ],
    ['netvolley.example', 'NS', ['ns1.netvolley.example.', 'ns2.netvolley.example.']],
    [
      'netvolley.example',
      'SOA',
      ['ns1.netvolley.example. hostmaster.netvolley.example. 2026010101 7200 1800 1209600 300'],
    ],
  ])('[SV1] gets the records of %s %s over both transports', (name, type, records) => {
    for (const transport of ['+notcp', '+tcp']) {
      const given = lines(transport, name, type)
      if (given !== undefined) expect(given).toEqual(records)
    }
  })
})
