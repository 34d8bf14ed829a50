import * as dnsPacket from 'dns-packet'
import fc from 'fast-check'
import { example, exampleZoneFile, SMALL_ZONE, type Transport } from './example'

const { parseZoneFile } = example('zone-file.mjs')
const { Zone, loadZone } = example('zone.mjs')
const { createAnswerer } = example('answer.mjs')

const SEED = 20_260_101
const zone = new Zone(parseZoneFile(SMALL_ZONE))
const answer = createAnswerer(zone)

interface QueryOptions {
  transport?: Transport
  flags?: number
  opt?: { udpPayloadSize?: number; ednsVersion?: number; flags?: number }
  klass?: string
  change?: (query: Buffer) => void
}

function encodeQuery(name: string, type: string, { flags = 0, opt, klass = 'IN' }: QueryOptions = {}): Buffer {
  const additionals = opt
    ? [{ type: 'OPT', name: '.', udpPayloadSize: 4096, ednsVersion: 0, flags: 0, options: [], ...opt }]
    : []
  const packet = { type: 'query', id: 0xbeef, flags, questions: [{ name, type, class: klass }], additionals }
  return dnsPacket.encode(packet as unknown as dnsPacket.Packet)
}

/** What dns-packet, a decoder that is not ours, reads in the answer. */
function ask(name: string, type: string, options: QueryOptions = {}) {
  const query = encodeQuery(name, type, options)
  options.change?.(query)
  const reply = answer(query, options.transport ?? 'udp')
  if (reply === null) throw new Error('no answer')
  const packet = dnsPacket.decode(reply) as dnsPacket.DecodedPacket & { rcode: string }
  expect(dnsPacket.decode.bytes).toBe(reply.length)
  expect(packet.id).toBe(0xbeef)
  return packet
}
const texts = (records: readonly unknown[] | undefined) =>
  (records as { name: string; type: string; data: unknown }[]).map(
    ({ name, type, data }) => `${name} ${type} ${typeof data === 'string' ? data : JSON.stringify(data)}`,
  )

describe('the answers of examples/dns-server', () => {
  it('[SV1] are authoritative, repeat RD and say that there is no recursion', () => {
    const packet = ask('ns.zone.example', 'A', { flags: dnsPacket.RECURSION_DESIRED })
    expect(packet).toMatchObject({ flag_qr: true, flag_aa: true, flag_rd: true, flag_ra: false, rcode: 'NOERROR' })
    expect(packet.answers).toMatchObject([{ name: 'ns.zone.example', type: 'A', ttl: 600, data: '192.0.2.1' }])
    expect(ask('ns.zone.example', 'A').flag_rd).toBe(false)
  })

  it('[SV1] compare names without case and repeat the letter case of the question', () => {
    const packet = ask('MiXeD.cAsE.zOnE.exAmple', 'A')
    expect(packet.questions).toMatchObject([{ name: 'MiXeD.cAsE.zOnE.exAmple' }])
    expect(texts(packet.answers)).toEqual(['Mixed.Case.zone.example A 192.0.2.2'])
  })

  it('[SV1] follow aliases inside the zone and stop at its edge', () => {
    expect(texts(ask('www.zone.example', 'A').answers)).toEqual([
      'www.zone.example CNAME mixed.case.zone.example',
      'Mixed.Case.zone.example A 192.0.2.2',
    ])
    expect(texts(ask('www.zone.example', 'CNAME').answers)).toHaveLength(1)
    const outside = ask('outside.zone.example', 'A')
    expect(outside).toMatchObject({ rcode: 'NOERROR', authorities: [] })
    expect(texts(outside.answers)).toEqual(['outside.zone.example CNAME www.other.example'])
    const dangling = ask('dangling.zone.example', 'A')
    expect(dangling.rcode).toBe('NXDOMAIN')
    expect(dangling.answers).toHaveLength(1)
    expect(dangling.authorities).toMatchObject([{ type: 'SOA' }])
    expect(ask('loop1.zone.example', 'A')).toMatchObject({ rcode: 'SERVFAIL', answers: [] })
  })

  it('[SV1] carry the SOA, with the smaller of its TTL and minimum, when there is nothing', () => {
    for (const [name, type, rcode] of [
      ['no.zone.example', 'A', 'NXDOMAIN'],
      ['ns.zone.example', 'AAAA', 'NOERROR'],
      ['ns.zone.example', 'UNKNOWN_65', 'NOERROR'],
      ['deep.below.zone.example', 'A', 'NOERROR'],
      ['below.zone.example', 'A', 'NOERROR'],
    ]) {
      const query = (q: Buffer) => void (type === 'UNKNOWN_65' && q.writeUInt16BE(65, q.length - 4))
      const packet = ask(name, type.startsWith('UNKNOWN') ? 'A' : type, { change: query })
      expect(packet).toMatchObject({ rcode, flag_aa: true, answers: [], authorities: [{ type: 'SOA', ttl: 120 }] })
    }
  })

  it('[SV1] refer to the servers of a delegation, with glue and without AA', () => {
    for (const name of ['child.zone.example', 'host.child.zone.example', 'no.such.child.zone.example']) {
      const packet = ask(name, 'A')
      expect(packet).toMatchObject({ rcode: 'NOERROR', flag_aa: false, answers: [] })
      expect(texts(packet.authorities)).toEqual([
        'child.zone.example NS ns.child.zone.example',
        'child.zone.example NS ns.zone.example',
      ])
      expect(texts(packet.additionals)).toEqual([
        'ns.child.zone.example A 203.0.113.1',
        'ns.child.zone.example AAAA 2001:db8::53',
      ])
    }
    expect(ask('into.zone.example', 'A')).toMatchObject({
      flag_aa: true,
      answers: [{ type: 'CNAME' }],
      authorities: [{}, {}],
    })
    expect(ask('child.zone.example', 'DS')).toMatchObject({ flag_aa: true, authorities: [{ type: 'SOA' }] })
  })

  it('[SV1] are REFUSED outside the zone, NOTIMP for what the server does not do, HINFO for ANY', () => {
    for (const name of ['other.example', 'example', '.', 'notzone.example']) {
      expect(ask(name, 'A')).toMatchObject({ rcode: 'REFUSED', flag_aa: false, answers: [], authorities: [] })
    }
    for (const type of ['AXFR', 'IXFR', 'TKEY', 'OPT']) expect(ask('zone.example', type).rcode).toBe('NOTIMP')
    for (const klass of ['CH', 'ANY']) expect(ask('zone.example', 'A', { klass }).rcode).toBe('NOTIMP')
    const any = ask('zone.example', 'ANY')
    expect(any.answers).toMatchObject([{ type: 'HINFO', data: { cpu: 'RFC8482', os: '' } }])
    expect(ask('no.zone.example', 'ANY').rcode).toBe('NXDOMAIN')
  })

  it('[SV1] do not find the label "a.b" under the labels "a" and "b"', () => {
    const query = encodeQuery('ns.zone.example', 'A')
    // "ns" "zone" becomes the one label "ns.zone", which ends up outside the zone.
    query[12] = 7
    query[15] = '.'.charCodeAt(0)
    const reply = dnsPacket.decode(answer(query, 'udp') as Buffer) as dnsPacket.DecodedPacket & { rcode: string }
    expect(reply.rcode).toBe('REFUSED')
    expect((answer(query, 'udp') as Buffer).subarray(12, query.length).equals(query.subarray(12))).toBe(true)
  })

  it('[SV1] have an OPT record exactly when the query has one, BADVERS above version 0', () => {
    expect(ask('ns.zone.example', 'A').additionals).toEqual([])
    const [opt] = ask('ns.zone.example', 'A', { opt: { flags: dnsPacket.DNSSEC_OK } }).additionals ?? []
    expect(opt).toMatchObject({
      type: 'OPT',
      udpPayloadSize: 1232,
      ednsVersion: 0,
      extendedRcode: 0,
      flag_do: true,
      options: [],
    })
    const bad = ask('ns.zone.example', 'A', { opt: { ednsVersion: 1 } })
    expect(bad).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
      additionals: [{ type: 'OPT', extendedRcode: 1, ednsVersion: 0 }],
    })
  })
})

describe('answers that do not fit', () => {
  const large = new Zone(
    parseZoneFile(
      `${SMALL_ZONE}\n${Array.from({ length: 40 }, (_, i) => `big A 192.0.2.${i}\n`).join('')}
      ${Array.from({ length: 20 }, (_, i) => `mid A 192.0.2.${i}\n`.trimStart()).join('')}`.replace(
        /^ +(?=big|mid)/gm,
        '',
      ),
    ),
  )
  const decode = (name: string, transport: Transport, options?: QueryOptions) => {
    const reply = createAnswerer(large)(encodeQuery(name, 'A', options), transport) as Buffer
    return { bytes: reply.length, ...dnsPacket.decode(reply) }
  }

  it('[SV1] are truncated to the question over UDP and whole over TCP', () => {
    expect(decode('big.zone.example', 'udp')).toMatchObject({
      flag_tc: true,
      flag_aa: true,
      answers: [],
      additionals: [],
    })
    const tcp = decode('big.zone.example', 'tcp')
    expect(tcp.flag_tc).toBe(false)
    expect(tcp.answers).toHaveLength(40)
  })

  it('[SV1] are measured against the size of the client, at least 512 and at most 1232 bytes', () => {
    const fits = (udpPayloadSize: number, name: string) => !decode(name, 'udp', { opt: { udpPayloadSize } }).flag_tc
    const size = decode('mid.zone.example', 'tcp', { opt: {} }).bytes
    expect(size).toBeGreaterThan(512)
    expect(size).toBeLessThan(1232)
    expect([size - 1, size, 65_535].map((limit) => fits(limit, 'mid.zone.example'))).toEqual([false, true, true])
    expect(decode('big.zone.example', 'tcp').bytes).toBeGreaterThan(1232)
    expect(fits(65_535, 'big.zone.example')).toBe(false)
    expect(fits(0, 'ns.zone.example')).toBe(true)
  })

  it('[SV1] keep their OPT record when truncated', () => {
    const packet = decode('big.zone.example', 'udp', { opt: {} })
    expect(packet).toMatchObject({ flag_tc: true, answers: [], additionals: [{ type: 'OPT' }] })
  })

  it('[SV1] are SERVFAIL when not even TCP can carry them', () => {
    const records = Array.from({ length: 300 }, (_, i) => `huge TXT "${i} ${'x'.repeat(240)}"\n`).join('')
    const huge = createAnswerer(new Zone(parseZoneFile(SMALL_ZONE + records)))
    const reply = dnsPacket.decode(huge(encodeQuery('huge.zone.example', 'TXT'), 'tcp') as Buffer)
    expect(reply).toMatchObject({ rcode: 'SERVFAIL', answers: [] })
  })
})

describe('queries that are not well formed', () => {
  it('[SV1] get no answer without a whole header, or when they are answers themselves', () => {
    const query = encodeQuery('ns.zone.example', 'A')
    for (let length = 0; length < 12; length += 1) expect(answer(query.subarray(0, length), 'udp')).toBeNull()
    query[2] |= 0x80
    expect(answer(query, 'udp')).toBeNull()
  })

  it('[SV1] get FORMERR with their ID at every shorter length', () => {
    const query = encodeQuery('ns.zone.example', 'A', { flags: dnsPacket.RECURSION_DESIRED, opt: {} })
    for (let length = 12; length < query.length; length += 1) {
      const reply = dnsPacket.decode(answer(query.subarray(0, length), 'udp') as Buffer)
      expect(reply).toMatchObject({ id: 0xbeef, rcode: 'FORMERR', flag_rd: true, questions: [] })
    }
    expect(ask('ns.zone.example', 'A', { opt: {} }).rcode).toBe('NOERROR')
  })

  it.each([
    ['no question', (query: Buffer) => query.writeUInt16BE(0, 4)],
    ['two questions', (query: Buffer) => query.writeUInt16BE(2, 4)],
    ['a compression pointer', (query: Buffer) => query.writeUInt16BE(0xc00c, 12)],
    ['records that are not there', (query: Buffer) => query.writeUInt16BE(65_535, 10)],
  ])('[SV1] get FORMERR for %s', (_, change) => {
    expect(ask('ns.zone.example', 'A', { change }).rcode).toBe('FORMERR')
  })

  it('[SV1] get FORMERR for a second OPT record', () => {
    const query = encodeQuery('ns.zone.example', 'A', { opt: {} })
    const twice = Buffer.concat([query, query.subarray(-11)])
    twice.writeUInt16BE(2, 10)
    expect(dnsPacket.decode(answer(twice, 'udp') as Buffer)).toMatchObject({ rcode: 'FORMERR' })
  })

  it('[SV1] get FORMERR for a last record that announces more data than there is', () => {
    const record = (announced: number) => Buffer.from([0, 0, 10, 0, 1, 0, 0, 0, 0, 0, announced, 1, 2, 3])
    for (const [announced, rcode] of [
      [3, 'NOERROR'],
      [4, 'FORMERR'],
      [100, 'FORMERR'],
    ] as const) {
      const query = Buffer.concat([encodeQuery('ns.zone.example', 'A'), record(announced)])
      query.writeUInt16BE(1, 10)
      expect(dnsPacket.decode(answer(query, 'udp') as Buffer)).toMatchObject({ rcode })
    }
  })

  it('[SV1] get NOTIMP for another opcode, which is repeated', () => {
    for (const opcode of [1, 2, 4, 5, 15]) {
      const reply = answer(encodeQuery('ns.zone.example', 'A', { flags: opcode << 11 }), 'udp') as Buffer
      expect([reply.length, (reply[2] >> 3) & 15, reply[3] & 15]).toEqual([12, opcode, 4])
    }
  })

  const shipped = [false, true].map((precompiled) => createAnswerer(loadZone(exampleZoneFile), { precompiled }))
  const check = (bytes: Uint8Array, transport: Transport) => {
    const [reply, ready] = shipped.map((answerer) => answerer(bytes, transport))
    expect(ready?.toString('hex')).toBe(reply?.toString('hex'))
    if (bytes.length < 12 || bytes[2] >= 128) return expect(reply).toBeNull()
    const [first, second, flags] = reply as Buffer
    expect([first, second, flags & 0x80]).toEqual([bytes[0], bytes[1], 0x80])
    expect((reply as Buffer).length).toBeLessThanOrEqual(transport === 'udp' ? 1232 : 65_535)
    return dnsPacket.decode(reply as Buffer)
  }
  const transport = fc.constantFrom<Transport>('udp', 'tcp')

  it(`[SV1] never throw: arbitrary bytes (seed ${SEED})`, () => {
    const bytes = fc.uint8Array({ maxLength: 600 })
    fc.assert(
      fc.property(bytes, transport, (b, t) => void check(b, t)),
      { seed: SEED, numRuns: 2000 },
    )
  })

  it(`[SV1] never throw: queries with changed bytes (seed ${SEED})`, () => {
    const base = fc.constantFrom(
      encodeQuery('host0004.netvolley.example', 'A', { opt: {} }),
      encodeQuery('large.netvolley.example', 'A', { opt: {} }),
      encodeQuery('alias0009.netvolley.example', 'AAAA'),
      encodeQuery('x.child.netvolley.example', 'MX'),
    )
    const changes = fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 4 })
    const changed = fc.tuple(base, changes, fc.nat(20)).map(([query, list, cut]) => {
      const copy = Buffer.from(cut > 15 ? query.subarray(0, query.length - cut) : query)
      for (const [offset, value] of list) if (offset < copy.length) copy[offset] = value
      return copy
    })
    fc.assert(
      fc.property(changed, transport, (b, t) => void check(b, t)),
      { seed: SEED, numRuns: 4000 },
    )
  })
})
