import type { Contract, Subject } from './contract'
import { U16, thrown } from './running'

const INVALID = 'ERR_NETVOLLEY_OPTION_INVALID'
const UNSUPPORTED = 'ERR_NETVOLLEY_OPTION_UNSUPPORTED'
const UNAVAILABLE = 'ERR_NETVOLLEY_BACKEND_UNAVAILABLE'

/** Range of each number and whether it must be whole. */
const NUMBERS: Record<string, readonly [number, number, boolean]> = {
  maxConnections: [1, 65535, true],
  maxBodyBytes: [0, 2 ** 24, true],
  maxReplyBytes: [1, 2 ** 28, true],
  maxInFlightPerConnection: [1, 4096, true],
  maxUdpInFlight: [1, 4096, true],
  udpPayloadBytes: [1, 65507, true],
  maxBufferedBytes: [65536, 2 ** 32, true],
  writeHighWaterBytes: [1, 2 ** 30, true],
  writeLowWaterBytes: [0, 2 ** 30, true],
  writeLimitBytes: [1, 2 ** 31, true],
  headerTimeoutMs: [1, 2 ** 31 - 1, false],
  bodyTimeoutMs: [1, 2 ** 31 - 1, false],
  writeTimeoutMs: [1, 2 ** 31 - 1, false],
  minBytesPerSec: [1, 2 ** 30, true],
  idleTimeoutMs: [0, 2 ** 31 - 1, false],
  lingerTimeoutMs: [1, 2 ** 31 - 1, false],
  lingerBytes: [0, 2 ** 30, true],
  closeGraceMs: [0, 2 ** 31 - 1, false],
}

/** The rest of the option table of the specification: known, and not built yet. */
const PLANNED = [
  'workers',
  'echo',
  'echoBody',
  'reactors',
  'reusePort',
  'reuseAddress',
  'backlog',
  'noDelay',
  'keepAlive',
  'userTimeoutMs',
  'connectionMode',
  'ordering',
  'maxConnectionsPerAddress',
  'atMaxConnections',
  'maxInFlight',
  'maxRequestsPerConnection',
  'requestTimeoutMs',
  'busyReply',
  'overload',
  'udpErrorRepliesPerSec',
  'replyRingSize',
  'requestRingSize',
  'maxEvents',
  'slab',
  'runtime',
]

/** [options, part of the message] */
const BAD: readonly (readonly [Record<string, unknown>, string])[] = [
  [{ framing: undefined }, '"framing" must be an object'],
  [{ framing: null }, '"framing" must be an object'],
  [{ framing: 'lengthPrefixed' }, '"framing" must be an object'],
  [{ framing: { kind: 'prefix', bytes: 2 } }, '"framing.kind" must be one of "lengthPrefixed"'],
  [{ framing: { kind: 'lengthPrefixed' } }, '"framing.bytes" must be one of 1, 2, 3, 4, 8'],
  [{ framing: { kind: 'lengthPrefixed', bytes: 5 } }, '"framing.bytes" must be one of 1, 2, 3, 4, 8'],
  [{ framing: { ...U16, endian: 'middle' } }, '"framing.endian" must be one of "big", "little"'],
  [{ framing: { ...U16, offset: -1 } }, '"framing.offset" must be an integer from 0 to 1024'],
  [{ framing: { ...U16, offset: 1025 } }, '"framing.offset" must be an integer from 0 to 1024'],
  [{ framing: { ...U16, adjust: 65537 } }, '"framing.adjust" must be an integer from -65536 to 65536'],
  [{ framing: { ...U16, includesHeader: 1 } }, '"framing.includesHeader" must be true or false'],
  [{ framing: { ...U16, ofset: 1 } }, 'did you mean "framing.offset"'],
  [{ framing: { ...U16, offset: 1 } }, '"frameReplies" must be false where framing.offset is not 0'],
  [{ datagramFraming: 'half' }, '"datagramFraming" must be one of "whole", "same"'],
  [{ frameReplies: 'yes' }, '"frameReplies" must be true or false'],
  [{ transports: [] }, '"transports" must be an object'],
  [{ transports: { tcp: false, udp: false } }, '"transports" must be at least one of tcp and udp'],
  [{ transports: { tcp: 1 } }, '"transports.tcp" must be true or false'],
  [{ transports: { sctp: true } }, '"transports.sctp" is not an option'],
  [{ handler: undefined }, '"handler" must be exactly one of handler and batchHandler'],
  [{ batchHandler: () => undefined }, '"handler" must be exactly one of handler and batchHandler'],
  [{ handler: 'echo' }, '"handler" must be a function'],
  [{ handler: undefined, batchHandler: {} }, '"batchHandler" must be a function'],
  [{ engine: {} }, '"engine" must be an Engine'],
  [{ engine: null }, '"engine" must be an Engine'],
  [{ drive: 'both' }, '"drive" must be one of "auto", "thread", "inline"'],
  [
    { writeLowWaterBytes: 101, writeHighWaterBytes: 100 },
    '"writeLowWaterBytes" must be at most writeHighWaterBytes (100)',
  ],
  [{ writeLimitBytes: 100, maxReplyBytes: 101 }, '"writeLimitBytes" must be at least maxReplyBytes (101)'],
  [{ maxConection: 1 }, 'did you mean "maxConnections"'],
  [{ port: 53 }, '"port" is not an option'],
]

const make = (subject: Subject, options: object): unknown =>
  new subject.RequestServer({ framing: U16, handler: () => undefined, ...options })

const values: Contract = (t, subject) => {
  t.test('[SV42] every bad option throws at once and says what is allowed', () => {
    for (const [options, text] of BAD) {
      const { code, message } = thrown(() => make(subject, options))
      t.equal([code, message.includes(text)], [INVALID, true], `${message} <- ${Object.keys(options).join()}`)
    }
    for (const options of [undefined, null, 1, 'x', []]) {
      const call = (): unknown => new subject.RequestServer(options as never)
      t.equal(thrown(call).code, INVALID)
    }
  })

  t.test('[SV17] every number has its limits, and both of them are legal', () => {
    for (const [name, [min, max, whole]] of Object.entries(NUMBERS)) {
      const bad: unknown[] = [min - 1, max + 1, NaN, Infinity, -Infinity, '1', null, true, {}, 1n]
      if (whole) bad.push(min + 0.5)
      for (const value of bad) {
        const { code, message } = thrown(() => make(subject, { [name]: value }))
        const range = `"${name}" must be ${whole ? 'an integer' : 'a number'} from ${String(min)} to ${String(max)}; got`
        t.equal([code, message.startsWith(range)], [INVALID, true], message)
      }
      for (const value of [min, max]) {
        // Where one limit bounds another, the other is moved along.
        const rest =
          name === 'writeLowWaterBytes' || name === 'writeHighWaterBytes'
            ? { writeLowWaterBytes: 0, writeHighWaterBytes: 2 ** 30 }
            : { maxReplyBytes: 1, writeLimitBytes: 2 ** 31 }
        t.equal(
          thrown(() => make(subject, { ...rest, [name]: value })).code,
          'NOTHING_THROWN',
          `${name}: ${String(value)}`,
        )
      }
    }
  })
}

const availability: Contract = (t, subject) => {
  t.test('[SV42] options of the specification that are not built yet say so', () => {
    for (const name of PLANNED) {
      const { code, message } = thrown(() => make(subject, { [name]: 1 }))
      t.equal([code, message.includes(`"${name}"`)], [UNSUPPORTED, true], message)
    }
    for (const kind of ['headerBody', 'delimited', 'fixed', 'stream']) {
      const { code, message } = thrown(() => make(subject, { framing: { kind } }))
      t.equal([code, message.includes(kind)], [UNSUPPORTED, true], message)
    }
    for (const bytes of [1, 3, 8]) {
      t.equal(thrown(() => make(subject, { framing: { kind: 'lengthPrefixed', bytes } })).code, UNSUPPORTED)
    }
  })

  t.test('[SV4] a back end that is not there throws at once and lists those that are', () => {
    for (const backend of ['kqueue', 'wsapoll', 'iouring', 'x']) {
      const { code, message } = thrown(() => make(subject, { backend }))
      t.equal([code, message.includes('available: mmsg, single, poll')], [UNAVAILABLE, true], message)
    }
    t.equal(thrown(() => new subject.Engine({ backend: 'kqueue' as 'auto' })).code, UNAVAILABLE)
  })

  t.test('[SV46] drive and backend beside an engine are refused; an engine checks its own options', () => {
    const engine = new subject.Engine({ drive: subject.drive })
    for (const beside of [{ drive: subject.drive }, { backend: 'auto' }]) {
      const { code, message } = thrown(() => make(subject, { engine, ...beside }))
      t.equal([code, message.includes('beside "engine"')], [INVALID, true], message)
    }
    engine.close()
    for (const options of [{ drive: 'both' }, { drives: 'inline' }, null, 1]) {
      t.equal(thrown(() => new subject.Engine(options as never)).code, INVALID, JSON.stringify(options))
    }
  })
}

export const optionsContract: Contract = (t, subject) => {
  if (subject.style !== 'handler') return
  for (const part of [values, availability]) part(t, subject)
}
