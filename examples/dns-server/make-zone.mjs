// @ts-check
// Writes example.zone: node examples/dns-server/make-zone.mjs > examples/dns-server/example.zone
// All names and addresses are reserved for documentation: RFC 2606 (example), RFC 5737 (IPv4), RFC 3849 (IPv6).

const DOCUMENTATION_NETS = ['192.0.2', '198.51.100', '203.0.113']
const HOSTS = 1000
const V6_HOSTS = 300
const TEAMS = 200
const NOTES = 200
const ALIASES = 300
const SERVICES = 150
const LARGE_ADDRESSES = 120
const LARGE_STRINGS = 24

const HEAD = `; The zone of examples/dns-server, made by make-zone.mjs. Do not edit.
$ORIGIN netvolley.example.
$TTL 1h
@       IN SOA ns1 hostmaster (
                2026010101 ; serial
                2h         ; refresh
                30m        ; retry
                14d        ; expire
                300 )      ; how long resolvers remember that something does not exist
        IN NS  ns1
        IN NS  ns2
        IN MX  10 mail1
        IN MX  20 mail2
        IN TXT "v=spf1 mx -all"
        IN TXT "an escaped \\"quote\\" and a \\\\ backslash" "and a ; semicolon"
        IN A   192.0.2.1
        IN AAAA 2001:db8::1
ns1     A    192.0.2.2
        AAAA 2001:db8::2
ns2     A    198.51.100.2
        AAAA 2001:db8:1::2
mail1   A    192.0.2.3
mail2   A    198.51.100.3
www     CNAME @

; A delegation with glue: questions below it get a referral.
child   NS   ns.child
        NS   ns2
ns.child 1800 A 203.0.113.53
`

/** @returns {string} the text of the zone file; the same on every run */
export function makeZone() {
  return [HEAD, hosts(), v6Hosts(), teams(), notes(), aliases(), services(), large()].join('\n')
}

/**
 * @param {number} count
 * @param {(number: number, id: string) => string} lineOf
 * @returns {string}
 */
function block(count, lineOf) {
  return Array.from({ length: count }, (_, number) => lineOf(number, String(number).padStart(4, '0'))).join('')
}

/** @param {number} number */
function v4(number) {
  return `${DOCUMENTATION_NETS[Math.floor(number / 254) % 3]}.${(number % 254) + 1}`
}

function hosts() {
  return block(HOSTS, (number, id) => {
    let lines = `host${id} A ${v4(number)}\n`
    if (number % 4 === 0) lines += `         A ${v4(number + 400)}\n`
    if (number % 2 === 0) lines += `         AAAA 2001:db8:a::${(number + 1).toString(16)}\n`
    return lines
  })
}

function v6Hosts() {
  return block(
    V6_HOSTS,
    (number, id) => `six${id} 2h IN AAAA 2001:db8:6:${number.toString(16)}::${(number * 7 + 1).toString(16)}\n`,
  )
}

function teams() {
  return block(
    TEAMS,
    (number, id) => `team${id} IN 300 MX 10 mail1\n         300 IN MX ${20 + (number % 50)} host${id}\n`,
  )
}

function notes() {
  return block(NOTES, (number, id) => {
    const second = number % 3 === 0 ? ` "part two of ${number}"` : ''
    return `note${id} TXT "note ${number}; kept for ${number % 90} days"${second}\n`
  })
}

function aliases() {
  return block(ALIASES, (number, id) => {
    if (number % 30 === 29) return `alias${id} CNAME www.example.org.\n`
    // Every tenth goes through another alias.
    if (number % 10 === 9) return `alias${id} CNAME alias${String(number - 1).padStart(4, '0')}\n`
    return `alias${id} CNAME host${String(number * 3).padStart(4, '0')}\n`
  })
}

function services() {
  return block(SERVICES, (number, id) => {
    const port = 5000 + number
    return `_sip._udp.site${id} SRV 10 ${number % 100} ${port} host${id}\n         SRV 20 0 ${port} six${id}\n`
  })
}

function large() {
  const addresses = block(LARGE_ADDRESSES, (number) => `${number === 0 ? 'large' : '     '} A ${v4(number * 5)}\n`)
  const strings = block(LARGE_STRINGS, (number, id) => `  "${id} ${'netvolley '.repeat(20)}"\n`)
  return `; Too large for UDP: truncated there, whole over TCP.\n${addresses}large-text TXT (\n${strings})\n`
}

if (process.argv[1]?.endsWith('make-zone.mjs')) process.stdout.write(makeZone())
