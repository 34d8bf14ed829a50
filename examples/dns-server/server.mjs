// @ts-check
import { RequestServer } from 'netvolley'
import { createAnswerer } from './answer.mjs'
import { loadZone } from './zone.mjs'

/** RFC 1035 section 4.2.2: over TCP two bytes before each message give its length. Over UDP the datagram is the message. */
const FRAMING = /** @type {const} */ ({ kind: 'lengthPrefixed', bytes: 2, endian: 'big' })

/**
 * @typedef {object} DnsServerOptions
 * @property {string} zoneFile path of a master file (RFC 1035 section 5)
 * @property {number} [port] default 5300; 0 takes a free one
 * @property {string} [host] address to listen on, default '127.0.0.1'
 * @property {boolean} [precompiled] answer ordinary queries from a table of ready answers, default false
 * @property {'auto' | 'thread' | 'inline'} [drive] who runs the engine, default 'auto'
 */

/**
 * Answers for one zone over UDP and TCP on one port.
 *
 * @param {DnsServerOptions} options
 * @returns {Promise<{ server: RequestServer, zone: import('./zone.mjs').Zone, address: { address: string, port: number } }>}
 * @throws {import('./zone-file.mjs').ZoneFileError} when the zone cannot be used
 */
export async function startDnsServer(options) {
  const { zoneFile, port = 5300, host = '127.0.0.1', precompiled = false, drive = 'auto' } = options
  const zone = loadZone(zoneFile)
  const answer = createAnswerer(zone, { precompiled })
  const server = new RequestServer({
    framing: FRAMING,
    drive,
    handler(request) {
      const reply = answer(request.body, request.transport)
      if (reply !== null) return reply
      request.noReply()
      return undefined
    },
  })
  const { udp } = await server.listen({ port, host })
  if (udp === undefined) throw new Error('the server listens without UDP')
  return { server, zone, address: { address: udp.address, port: udp.port } }
}
