/* The modules of examples/dns-server, as far as the tests use them. */
import path from 'node:path'

export type Transport = 'udp' | 'tcp'
export type Answerer = (query: Uint8Array, transport: Transport) => Buffer | null

export interface ZoneRecord {
  name: string
  type: string
  class: 'IN'
  ttl: number
  data: unknown
  line: number
}
export interface ZoneFile {
  apex: string
  records: ZoneRecord[]
}
export interface Zone {
  readonly apex: string
  readonly nameCount: number
  names(): IterableIterator<string>
}

interface Modules {
  'zone-file.mjs': { parseZoneFile(text: string, options?: { file?: string; origin?: string }): ZoneFile }
  'zone.mjs': { Zone: new (file: ZoneFile) => Zone; loadZone(file: string): Zone }
  'answer.mjs': { createAnswerer(zone: Zone, options?: { precompiled?: boolean }): Answerer }
  'precompiled.mjs': {
    AnswerTable: {
      compile(
        names: Iterable<string>,
        answer: (query: Uint8Array) => Uint8Array | null,
      ): {
        readonly size: number
        find(source: Uint8Array, start: number, end: number, overUdp: boolean): Buffer | undefined
      }
    }
  }
  'make-zone.mjs': { makeZone(): string }
}

const folder = path.resolve(__dirname, '../../../examples/dns-server')

export const exampleZoneFile = path.join(folder, 'example.zone')

/** jest.requireActual and not import: the test files are CommonJS and jest transforms the example's ES modules to it. */
export function example<Name extends keyof Modules>(name: Name): Modules[Name] {
  return jest.requireActual<Modules[Name]>(path.join(folder, name))
}

/** A small zone with everything that a lookup can meet. */
export const SMALL_ZONE = `$ORIGIN zone.example.
$TTL 600
@ IN SOA ns hostmaster 1 2h 30m 14d 120
  IN NS ns
  IN NS ns.other.example.
ns A 192.0.2.1
Mixed.Case A 192.0.2.2
www CNAME mixed.case
outside CNAME www.other.example.
dangling CNAME missing
loop1 CNAME loop2
loop2 CNAME loop1
into CNAME host.child
_sip._udp.deep.below SRV 1 2 5060 ns
text TXT "one" "two"
child NS ns.child
child NS ns
ns.child A 203.0.113.1
ns.child AAAA 2001:db8::53
host.child A 203.0.113.2
`
