import { checkAttachOptions, checkHotOptions, checkUdpOptions } from '../../../lib/udp/options'
import { codeOf } from './socket'

const given = (options?: object): ReturnType<typeof checkUdpOptions> => checkUdpOptions({ runtime: {}, ...options })

it('[U12, U13, U14, U18, U20] has the defaults of the specification', () => {
  const { address, port, datagram, priorities, closeTimeoutMs, maxSendWaiters, leaseWarnMs } = given()
  expect([address, port, priorities, closeTimeoutMs, maxSendWaiters, leaseWarnMs]).toEqual([
    '0.0.0.0',
    0,
    true,
    1000,
    1024,
    0,
  ])
  expect(datagram).toEqual({
    family: 'ipv4',
    reuseAddress: false,
    reusePort: false,
    batchSize: 64,
    flushTimeoutMs: 0,
    maxQueuedPackets: 1024,
    maxQueuedBytes: 2_097_152,
    reservedHighPackets: 64,
    drainRatio: 0.5,
    overflow: 'refuse',
    agingMs: 0,
    maxDatagramBytes: 65535,
    oversize: 'drop',
    slotBytes: 2048,
    slots: 1024,
    largeSlots: 64,
    ringEntries: 4096,
    maxBatchEntries: 1024,
    maxBatchMs: 1,
    receiveBufferBytes: 4_194_304,
    sendBufferBytes: 0,
    gso: true,
    gro: true,
    gsoMinSegments: 4,
    gsoMaxSegments: 64,
    gsoGrouping: 'adjacent',
    gsoRetryMs: 60_000,
    ecn: false,
    packetInfo: false,
    receiveHopLimit: false,
    timestamps: false,
    icmpErrors: 'off',
    pathMtu: 'os',
    trafficClass: 0,
    hopLimit: 0,
    broadcast: false,
    multicastTtl: 1,
    multicastLoopback: true,
    multicastAll: false,
    maxPeers: 65536,
    busyPollUs: 0,
    poison: false,
    native: {},
  })
})

it.each<[object, object]>([
  [{ address: '::1' }, { family: 'ipv6' }],
  [{ family: 'dual' }, { family: 'dual' }],
  [{ gro: false }, { gro: false, largeSlots: 32 }],
  [{ oversize: 'truncate' }, { gro: false, largeSlots: 32 }],
  [{ largeSlots: 5 }, { gro: true, largeSlots: 5 }],
  [{ timestamps: 'software' }, { timestamps: true }],
  [{ gso: false }, { gso: false }],
  [{ drive: 'thread', spinUs: 5 }, { native: { drive: 'thread', spinUs: 5 } }],
])('[U35, U45] %j becomes %j', (options, expected) => {
  expect(given(options).datagram).toMatchObject(expected)
})

it.each([
  [{ batchsize: 3 }, 'did you mean "batchSize"'],
  [{ batchSize: 0 }, '"batchSize" must be an integer from 1 to 1024; got 0'],
  [{ batchSize: 1.5 }, 'an integer from 1 to 1024'],
  [{ drainRatio: NaN }, 'a number from 0 to 1'],
  [{ slots: 1000 }, '"slots" must be a power of two'],
  [{ gsoMinSegments: 32, gsoMaxSegments: 16 }, 'at most gsoMaxSegments (16)'],
  [{ gso: true }, '"gso" must be "auto" or false; got true'],
  [{ overflow: 'drop' }, 'one of "refuse", "evictLower"'],
  [{ priorities: 1 }, '"priorities" must be true or false'],
  [{ signal: {} }, '"signal" must be an AbortSignal'],
])('[U66] %j is refused: %s', (options, text) => {
  expect(() => given(options)).toThrow(text)
  expect(codeOf(() => given(options))).toBe('ERR_NETVOLLEY_OPTION_INVALID')
})

it.each([
  [{ address: 'localhost' }, 'ERR_NETVOLLEY_ADDRESS_INVALID'],
  [{ address: '::1', family: 'ipv4' }, 'ERR_NETVOLLEY_ADDRESS_INVALID'],
  [{ address: '127.0.0.1', family: 'dual' }, 'ERR_NETVOLLEY_ADDRESS_INVALID'],
  [{ port: 65536 }, 'ERR_NETVOLLEY_PORT_INVALID'],
  [{ pacing: { bitsPerSecond: 1 } }, 'ERR_NETVOLLEY_OPTION_UNSUPPORTED'],
  [{ drive: 'split' }, 'ERR_NETVOLLEY_OPTION_UNSUPPORTED'],
])('[U66] %j is refused with %s', (options, code) => {
  expect(codeOf(() => given(options))).toBe(code)
})

it('[U20] slots whose places would not fit into 32 bits are refused', () => {
  expect(codeOf(() => given({ slots: 65536, slotBytes: 65536 }))).toBe('ERR_NETVOLLEY_OPTION_INVALID')
  expect(codeOf(() => given({ slots: 2 ** 20, slotBytes: 4096 }))).toBe('ERR_NETVOLLEY_OPTION_INVALID')
  expect(given({ slots: 2 ** 20, slotBytes: 2048, largeSlots: 4096 }).datagram.slots).toBe(2 ** 20)
})

it('[U62] hot options are those of the list, within what the memory of the socket holds', () => {
  const { datagram } = given()
  expect(checkHotOptions({ batchSize: 8, broadcast: true, maxQueuedPackets: 1024 }, datagram)).toEqual([
    ['batchSize', 8],
    ['maxQueuedPackets', 1024],
    ['broadcast', true],
  ])
  expect(codeOf(() => checkHotOptions({ slots: 8 }, datagram))).toBe('ERR_NETVOLLEY_OPTION_INVALID')
  expect(() => checkHotOptions({ maxQueuedPackets: 1025 }, datagram)).toThrow('at most 1024')
  expect(codeOf(() => checkHotOptions({ pacing: {} }, datagram))).toBe('ERR_NETVOLLEY_OPTION_UNSUPPORTED')
})

it('[U58] an attached socket takes what its handle says, and what it may lower', () => {
  const { attached, datagram } = checkAttachOptions({ runtime: {}, batchSize: 4 }, { family: 'dual', ecn: true })
  expect([attached, datagram.family, datagram.ecn]).toEqual([{ batchSize: 4 }, 'dual', true])
  expect(codeOf(() => checkAttachOptions({ slots: 4 }, {}))).toBe('ERR_NETVOLLEY_OPTION_INVALID')
})
