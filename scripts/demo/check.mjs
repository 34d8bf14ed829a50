// @ts-check
// Asks a server through c-ares, the resolver inside Node: UDP first, TCP after a truncated answer.
import { Resolver } from 'node:dns/promises'
import { addressesOf, canonicalV6 } from './expected.mjs'

/** @typedef {import('./expected.mjs').Expected} Expected */

const CONCURRENCY = 64
const MISSING_NAMES = 50

/**
 * @typedef {object} CheckReport
 * @property {number} right names of which every answer was right
 * @property {Map<string, number>} questions how many of each type were asked
 * @property {string[]} mismatches
 */

/** One text for each record that c-ares gives, in the form of expected.mjs. */
const describe = /** @type {Record<string, (record: any) => string>} */ ({
  A: (address) => address,
  AAAA: canonicalV6,
  CNAME: (name) => name,
  NS: (name) => name,
  TXT: (strings) => JSON.stringify(strings),
  MX: ({ priority, exchange }) => `${priority} ${exchange}`,
  SRV: ({ priority, weight, port, name }) => `${priority} ${weight} ${port} ${name}`,
  SOA: (soa) => [soa.nsname, soa.hostmaster, soa.serial, soa.refresh, soa.retry, soa.expire, soa.minttl].join(' '),
})

/**
 * @param {Resolver} resolver
 * @param {string} name
 * @param {string} type
 * @returns {Promise<string[]>} sorted; the code of the error when there is one
 */
async function ask(resolver, name, type) {
  try {
    const answer = /** @type {any} */ (await resolver.resolve(name, type))
    return (Array.isArray(answer) ? answer : [answer]).map(describe[type]).sort()
  } catch (error) {
    return [String(/** @type {NodeJS.ErrnoException} */ (error).code)]
  }
}

/**
 * @param {Map<string, Expected>} zone
 * @param {string} name
 * @returns {Array<[string, string[]]>} questions about the name and what must come back
 */
function questionsAbout(zone, name) {
  const questions = [...(zone.get(name) ?? [])]
  const addresses = zone.get(name)?.has('CNAME') ? addressesOf(zone, name) : undefined
  // The alias is asked for itself, and for what lies behind it.
  if (addresses !== undefined) questions.push(['A', addresses])
  return questions
}

/**
 * @param {number} port on 127.0.0.1
 * @param {Map<string, Expected>} zone all names
 * @param {Iterable<string>} names which to ask
 * @param {() => void} onName after each of them
 * @returns {Promise<CheckReport>}
 */
export async function checkServer(port, zone, names, onName) {
  const resolver = new Resolver({ timeout: 2000, tries: 3 })
  resolver.setServers([`127.0.0.1:${port}`])
  /** @type {CheckReport} */
  const report = { right: 0, questions: new Map(), mismatches: [] }
  /** @param {string} name @param {string} type @param {string[]} expected */
  const check = async (name, type, expected) => {
    report.questions.set(type, (report.questions.get(type) ?? 0) + 1)
    const given = await ask(resolver, name, type)
    const right = given.join('\n') === expected.join('\n')
    if (!right) report.mismatches.push(`${name} ${type}: expected ${expected.join(', ')}; got ${given.join(', ')}`)
    return right
  }
  // All tasks draw from one iterator: each name is asked once, and never more than CONCURRENCY at a time.
  const queue = names[Symbol.iterator]()
  const work = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      let right = true
      for (const [type, expected] of questionsAbout(zone, next.value)) {
        right = (await check(next.value, type, expected)) && right
      }
      if (right) report.right += 1
      onName()
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
  const [apex] = zone.keys()
  const missing = Array.from({ length: MISSING_NAMES }, (_, number) => `no-such-name-${number}.${apex}`)
  await Promise.all(missing.map((name) => check(name, 'A', ['ENOTFOUND'])))
  return report
}
