import { readFileSync } from 'node:fs'
import { example, exampleZoneFile, SMALL_ZONE } from './example'

const { parseZoneFile } = example('zone-file.mjs')
const { Zone } = example('zone.mjs')
const { makeZone } = example('make-zone.mjs')

const HEAD = '$ORIGIN zone.example.\n$TTL 600\n@ SOA ns mail 1 2 3 4 5\n  NS ns\n'
const parse = (text: string) => parseZoneFile(HEAD + text, { file: 'f' }).records.slice(2)
const failure = (text: string) => {
  try {
    parseZoneFile(text, { file: 'f' })
  } catch (error) {
    return (error as Error).message
  }
  return 'no error'
}

describe('the zone file parser of examples/dns-server', () => {
  it('[SV1] reads relative and absolute names, @, and a blank owner as the one before', () => {
    const [a, b, c, d] = parse(
      'a A 192.0.2.1\n\tAAAA 2001:db8::1\n$ORIGIN sub\nb.zone.example. A 192.0.2.3\n@ A 192.0.2.4\n',
    )
    expect([a, b, c, d].map(({ name, type }) => `${name} ${type}`)).toEqual([
      'a.zone.example A',
      'a.zone.example AAAA',
      'b.zone.example A',
      'sub.zone.example A',
    ])
  })

  it('[SV1] takes TTL and class in either order, units, and the TTL of $TTL without one', () => {
    const text = 'a 60 IN A 192.0.2.1\nb IN 1h30m A 192.0.2.1\nc in A 192.0.2.1\nd 1W A 192.0.2.1\n'
    expect(parse(text).map(({ ttl }) => ttl)).toEqual([60, 5400, 600, 604_800])
  })

  it('[SV1] without $TTL takes the last explicit TTL', () => {
    const { records } = parseZoneFile('z.example. 90 SOA a. b. 1 2 3 4 5\n NS a.\n')
    expect(records.map(({ ttl }) => ttl)).toEqual([90, 90])
  })

  it('[SV1] joins lines in parentheses and drops comments, but not inside quotes', () => {
    const [soa] = parseZoneFile(
      '$TTL 1\nz. SOA ( a. ; x )\n b\\.c.d.\n 1 2 ; y\n\n 3 4 5m )\n NS a.\nt.z. TXT ";("\n',
    ).records
    expect(soa.data).toEqual({ mname: 'a', rname: 'b\\.c.d', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 300 })
  })

  it('[SV1] reads quoted strings with escapes, bytes above 127 and unquoted words', () => {
    const [{ data }] = parse('t TXT "a \\"b\\" \\\\ ; \\255" word esc\\;aped ""\n')
    const bytes = [
      Buffer.from('a "b" \\ ; \xff', 'latin1'),
      Buffer.from('word'),
      Buffer.from('esc;aped'),
      Buffer.alloc(0),
    ]
    expect(data).toEqual(bytes)
  })

  it('[SV1] reads the data of all types', () => {
    const text = 'a A 192.0.2.1\nb AAAA 2001:db8::1\nc CNAME d\ne MX 5 f\ng SRV 1 2 3 h.\n@ NS other.\n'
    expect(parse(text).map(({ data }) => data)).toEqual([
      '192.0.2.1',
      '2001:db8::1',
      'd.zone.example',
      { preference: 5, exchange: 'f.zone.example' },
      { priority: 1, weight: 2, port: 3, target: 'h' },
      'other',
    ])
  })

  it.each([
    ['a PTR b\n', 'f:5: type "PTR"; allowed: A AAAA NS CNAME MX TXT SRV SOA'],
    ['a CH A 192.0.2.1\n', 'f:5: class "CH"; allowed: IN'],
    ['a A 192.0.2.256\n', 'f:5: address "192.0.2.256"; allowed: an IPv4 address like 192.0.2.1'],
    ['a AAAA fe80::1%eth0\n', 'f:5: address "fe80::1%eth0"; allowed: an IPv6 address like 2001:db8::1'],
    ['\n\na MX b\n', 'f:7: 1 values; allowed: 2 (preference exchange)'],
    ['a MX 65536 b\n', 'f:5: preference "65536"; allowed: 0 to 65535'],
    ['a A 192.0.2.1 extra\n', 'f:5: 2 values; allowed: 1 (address)'],
    ['a TXT "open\n', 'f:5: a quoted string does not end on its line'],
    ['a TXT "\\256"\n', 'f:5: escape "\\256"; allowed: \\000 to \\255, or \\ and a character that is not a digit'],
    ['a TXT\n', 'f:5: no text; allowed: one or more strings'],
    [`a TXT ${'x'.repeat(256)}\n`, 'f:5: a string of 256 bytes; allowed: up to 255, more in further strings'],
    ['a MX (\n 1\n b\n', 'f:5: this "(" is never closed'],
    ['a A 192.0.2.1 )\n', 'f:5: ")" without "("'],
    ['$INCLUDE other\n', 'f:5: directive "$INCLUDE"; allowed: $ORIGIN, $TTL'],
    ['* A 192.0.2.1\n', 'f:5: wildcard names are not supported; allowed: plain names'],
    ['a..b A 192.0.2.1\n', 'f:5: "a..b.zone.example" has an empty label'],
    [`${'x'.repeat(64)} A 192.0.2.1\n`, `f:5: label "${'x'.repeat(64)}" has 64 bytes; allowed: 1 to 63`],
    ['a.other. A 192.0.2.1\n', 'f:5: "a.other" is outside the zone; allowed: zone.example and names below it'],
    [
      'a CNAME b\nA A 192.0.2.1\n',
      'f:6: "A.zone.example" has a CNAME and other data (line 5); allowed: one CNAME and nothing else',
    ],
    ['a CNAME b\na CNAME c\n', 'f:6: "a.zone.example" has a second CNAME (line 5); allowed: one'],
    [
      'a A 192.0.2.1\n  1 A 192.0.2.2\n',
      'f:6: TTL 1 differs from 600 of line 5; allowed: one TTL for all records of a name and type',
    ],
    ['a AAAA 2001:db8::1\n  AAAA 2001:DB8:0::1\n', 'f:6: the same record as in line 5'],
    ['a SOA a b 1 2 3 4 5\n', 'f:5: a second SOA record; allowed: the one of line 3'],
    [
      'a 2147483648 A 192.0.2.1\n',
      'f:5: time "2147483648"; allowed: 0 to 2147483647 seconds, or with units like 1h, 1d12h',
    ],
  ])('[SV1] refuses %j with the line and what is allowed', (text, message) => {
    expect(failure(HEAD + text)).toBe(message)
  })

  it.each([
    ['a A 192.0.2.1\n', 'f:1: name "a" is relative and there is no $ORIGIN; allowed: a name that ends in a dot'],
    ['  A 192.0.2.1\n', 'f:1: the first record has no owner name before it'],
    ['a. A 192.0.2.1\n', 'f:1: no TTL; allowed: a TTL on the record or on one before it, or $TTL'],
    ['a. 1 A 192.0.2.1\n', 'f:1: no SOA record; allowed: exactly one, at the top of the zone'],
    ['a. 1 SOA b. c. 1 2 3 4 5\n', 'f:1: no NS record at a; allowed: one or more'],
    ['', 'f:1: no SOA record; allowed: exactly one, at the top of the zone'],
  ])('[SV1] refuses a whole file %j', (text, message) => {
    expect(failure(text)).toBe(message)
  })

  it('[SV1] counts the names that own records, empty non-terminals not', () => {
    const zone = new Zone(parseZoneFile(SMALL_ZONE))
    expect(zone.nameCount).toBe(14)
    expect([...zone.names()]).toEqual(expect.arrayContaining(['deep.below.zone.example', 'below.zone.example']))
  })

  it('[SV1] reads the shipped zone, which make-zone.mjs reproduces: 2,000 names, eight types', () => {
    const text = readFileSync(exampleZoneFile, 'latin1')
    expect(text === makeZone()).toBe(true)
    const { records } = parseZoneFile(text)
    expect([...new Set(records.map(({ type }) => type))].sort()).toEqual(
      ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'SOA', 'SRV', 'TXT'].sort(),
    )
    expect(new Set(records.map(({ name }) => name)).size).toBeGreaterThanOrEqual(2000)
  })
})
