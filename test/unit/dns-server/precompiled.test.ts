import * as dnsPacket from 'dns-packet'
import { example, exampleZoneFile, SMALL_ZONE, type Zone } from './example'

const { parseZoneFile } = example('zone-file.mjs')
const { Zone: ZoneClass, loadZone } = example('zone.mjs')
const { createAnswerer } = example('answer.mjs')
const { AnswerTable } = example('precompiled.mjs')

const TYPES = ['A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA', 'SRV', 'PTR', 'ANY', 'AXFR', 'DS']
const COOKIE = { code: 'COOKIE', data: Buffer.from('0123456789abcdef', 'hex') }
const OPTS = [
  undefined,
  { udpPayloadSize: 4096 },
  { udpPayloadSize: 100 },
  { udpPayloadSize: 700, flags: dnsPacket.DNSSEC_OK },
  { udpPayloadSize: 1232, options: [COOKIE] },
]

function query(name: string, type: string, opt: object | undefined, flags: number): Buffer {
  const additionals =
    opt === undefined ? [] : [{ type: 'OPT', name: '.', ednsVersion: 0, flags: 0, options: [], ...opt }]
  const packet = { type: 'query', id: 0x1234, flags, questions: [{ name, type }], additionals }
  return dnsPacket.encode(packet as unknown as dnsPacket.Packet)
}

const tableOf = (zone: Zone) => {
  const answer = createAnswerer(zone)
  return AnswerTable.compile(zone.names(), (bytes) => answer(bytes, 'tcp'))
}
const alternateCase = (name: string) => name.replace(/[a-z]/g, (c, at: number) => (at % 2 ? c : c.toUpperCase()))

describe('the table of ready answers', () => {
  it.each([
    ['the shipped zone', loadZone(exampleZoneFile)],
    ['a small zone', new ZoneClass(parseZoneFile(SMALL_ZONE))],
  ])('[SV1] gives the bytes of the dns-packet path for every name of %s', (_, zone) => {
    const slow = createAnswerer(zone)
    const fast = createAnswerer(zone, { precompiled: true })
    const names = [...zone.names(), `no.${zone.apex}`, `x.child.${zone.apex}`, 'elsewhere.example', '.']
    const wrong: string[] = []
    let compared = 0
    for (const [number, name] of names.entries()) {
      for (const [typeNumber, type] of TYPES.entries()) {
        // Each name meets each kind of OPT record with some type, and each type with some name.
        const opt = OPTS[(number + typeNumber) % OPTS.length]
        const flags = number % 2 ? dnsPacket.RECURSION_DESIRED : dnsPacket.AUTHENTIC_DATA
        const bytes = query(number % 3 ? name : alternateCase(name), type, opt, flags)
        for (const transport of ['udp', 'tcp'] as const) {
          compared += 1
          if (!fast(bytes, transport)?.equals(slow(bytes, transport) as Buffer))
            wrong.push(`${name} ${type} ${transport}`)
        }
      }
    }
    expect(wrong).toEqual([])
    expect(compared).toBe(names.length * TYPES.length * 2)
  })

  it('[SV1] answers plain queries, a bare OPT and a cookie itself, and leaves the rest to the caller', () => {
    const table = tableOf(loadZone(exampleZoneFile))
    const find = (bytes: Buffer) => table.find(bytes, 0, bytes.length, true) !== undefined
    for (const opt of OPTS) expect(find(query('WWW.netvolley.example', 'A', opt, 0))).toBe(true)
    const options = [{ code: 'PADDING', length: 4 }]
    expect(find(query('www.netvolley.example', 'A', { options }, 0))).toBe(false)
    expect(find(query('www.netvolley.example', 'A', { ednsVersion: 1 }, 0))).toBe(false)
    expect(find(query('no.netvolley.example', 'A', undefined, 0))).toBe(false)
    expect(find(query('www.netvolley.example', 'A', undefined, 2 << 11))).toBe(false)
    const trailing = Buffer.concat([query('www.netvolley.example', 'A', undefined, 0), Buffer.alloc(1)])
    expect(find(trailing)).toBe(false)
  })

  it('[SV1] finds a query at any place of a larger buffer and gives memory of its own', () => {
    const table = tableOf(new ZoneClass(parseZoneFile(SMALL_ZONE)))
    const bytes = query('text.zone.example', 'TXT', OPTS[1], 0)
    const slab = Buffer.concat([Buffer.alloc(100, 0xff), bytes, Buffer.alloc(100, 0xff)])
    const reply = table.find(slab, 100, 100 + bytes.length, true)
    expect(reply).toEqual(table.find(bytes, 0, bytes.length, true))
    const before = reply?.toString('hex')
    slab.fill(0)
    table.find(query('ns.zone.example', 'A', undefined, 0), 0, 33, true)
    expect(reply?.toString('hex')).toBe(before)
  })

  it('[SV1] leaves out what is too large for TCP, which looks different over UDP', () => {
    const records = Array.from({ length: 300 }, (_, i) => `huge TXT "${i} ${'x'.repeat(240)}"\n`).join('')
    const zone = new ZoneClass(parseZoneFile(SMALL_ZONE + records))
    const bytes = query('huge.zone.example', 'TXT', undefined, 0)
    expect(tableOf(zone).find(bytes, 0, bytes.length, true)).toBeUndefined()
    expect(createAnswerer(zone, { precompiled: true })(bytes, 'udp')).toEqual(createAnswerer(zone)(bytes, 'udp'))
  })
})
