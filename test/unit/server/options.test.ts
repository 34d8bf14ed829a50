import { checkOptions } from '../../../lib/server/options'

const U16 = { kind: 'lengthPrefixed', bytes: 2 } as const
const given = (options: object): ReturnType<typeof checkOptions> =>
  checkOptions({ framing: U16, handler: () => undefined, ...options })

it('[SV17] has the defaults of the specification', () => {
  const { config, tcp, udp, prefix, maxReplyBytes, closeGraceMs } = given({})
  expect([tcp, udp, prefix?.bytes, maxReplyBytes, closeGraceMs]).toEqual([true, true, 2, 16777216, 10000])
  expect(config).toMatchObject({
    datagramFramed: 0,
    maxConnections: 65535,
    maxBodyBytes: 65536,
    maxInFlightPerConnection: 64,
    maxUdpInFlight: 4096,
    udpPayloadBytes: 65507,
    maxBufferedBytes: 67108864,
    writeHighWaterBytes: 1048576,
    writeLowWaterBytes: 262144,
    writeLimitBytes: 33554432,
    headerTimeoutMs: 2000,
    bodyTimeoutMs: 2000,
    writeTimeoutMs: 2000,
    minBytesPerSec: 16384,
    idleTimeoutMs: 60000,
    lingerTimeoutMs: 2000,
    lingerBytes: 65536,
    prefixBytes: 2,
    littleEndian: 0,
    includesHeader: 0,
    prefixOffset: 0,
    adjust: 0,
  })
})

it.each([0, 100, 65536, 70_000, 2 ** 20, 2 ** 24])(
  '[SV10] with maxBodyBytes %i the largest slot class holds the largest frame, and there are some of it',
  (maxBodyBytes) => {
    const { config } = given({ maxBodyBytes, framing: { ...U16, offset: 1000 }, frameReplies: false })
    expect(config.largeSlotBytes).toBeGreaterThanOrEqual(1002 + maxBodyBytes)
    expect(config.largeSlotBytes).toBeGreaterThanOrEqual(65507)
    expect(config.largeSlots).toBeGreaterThanOrEqual(8)
    const classes = [
      [config.smallSlots, config.smallSlotBytes],
      [config.mediumSlots, config.mediumSlotBytes],
      [config.largeSlots, config.largeSlotBytes],
    ]
    const total = classes.reduce((sum, [slots, slotBytes]) => sum + slots * (slotBytes + 128), 0)
    expect(total).toBeLessThan(2 ** 32)
  },
)

it('[SV42] checking options opens nothing; what is given as undefined is not given', () => {
  const { openEngine, config } = given({ drive: 'thread', maxBodyBytes: undefined, datagramFraming: 'same' })
  expect(typeof openEngine).toBe('function')
  expect([config.maxBodyBytes, config.datagramFramed]).toEqual([65536, 1])
})
