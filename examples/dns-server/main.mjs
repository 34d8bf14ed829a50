// @ts-check
import { parseArgs } from 'node:util'
import { startDnsServer } from './server.mjs'

const HELP = `Usage: node examples/dns-server/main.mjs --zone FILE [options]

Answers DNS queries for the zone in FILE over UDP and TCP.

  --zone FILE      master file (RFC 1035); try examples/dns-server/example.zone
  --port NUMBER    default 5300; 0 takes a free one
  --host ADDRESS   default 127.0.0.1
  --precompiled    answer ordinary queries from a table of ready answers
  --drive KIND     inline, thread or auto (default)
  --help
`
const DRIVES = /** @type {const} */ (['auto', 'thread', 'inline'])

/** Unsent answers get this long when the server is told to stop. */
const CLOSE_GRACE_MS = 2000

/** @param {string} message */
const usageError = (message) => Object.assign(new Error(message), { code: 'ERR_USAGE' })

/** @returns {import('./server.mjs').DnsServerOptions | null} null when help is wanted */
function readOptions() {
  const { values } = parseArgs({
    options: {
      zone: { type: 'string' },
      port: { type: 'string', default: '5300' },
      host: { type: 'string', default: '127.0.0.1' },
      precompiled: { type: 'boolean', default: false },
      drive: { type: 'string', default: 'auto' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  if (values.zone === undefined) throw usageError('--zone is missing; allowed: the path of a master file')
  const port = Number(values.port)
  if (!/^\d+$/.test(values.port) || port > 65_535) throw usageError(`--port "${values.port}"; allowed: 0 to 65535`)
  const drive = DRIVES.find((kind) => kind === values.drive)
  if (drive === undefined) throw usageError(`--drive "${values.drive}"; allowed: ${DRIVES.join(', ')}`)
  return { zoneFile: values.zone, port, host: values.host, precompiled: values.precompiled, drive }
}

async function main() {
  const options = readOptions()
  if (options === null) return process.stdout.write(HELP)
  const { server, zone, address } = await startDnsServer(options)
  console.log(`listening on ${address.address}:${address.port} (udp, tcp), ${zone.nameCount} names`)

  const stop = async () => {
    const report = await server.close({ graceMs: CLOSE_GRACE_MS })
    console.log(`drained: ${JSON.stringify(report)}`)
  }
  process.once('SIGINT', () => void stop())
  process.once('SIGTERM', () => void stop())
  return undefined
}

main().catch((/** @type {NodeJS.ErrnoException} */ error) => {
  // A wrong option, zone or address is the user's to mend: the message says how. Anything else is a fault and shows its stack.
  const mendable =
    /^ERR_(USAGE|PARSE_ARGS|ZONE_FILE|NETVOLLEY_OPTION)/.test(error.code ?? '') || error.syscall !== undefined
  console.error(mendable ? error.message : error)
  process.exitCode = 1
})
