import fc from 'fast-check'
import { type Framing, PrefixWriter, checkFraming } from '../../../lib/server/framing'
import { SEED } from '../../support/seed'

/** What a receiver makes of a prefix: the body length, by the definition of lengthPrefixed framing. */
function bodyLength(prefix: Buffer, { endian, includesHeader, adjust = 0, bytes }: Framing): number {
  const length = endian === 'little' ? prefix.readUIntLE(0, bytes) : prefix.readUIntBE(0, bytes)
  return length + adjust - (includesHeader === true ? bytes : 0)
}

const framings = fc.record({
  kind: fc.constant('lengthPrefixed' as const),
  bytes: fc.constantFrom(2 as const, 4 as const),
  endian: fc.constantFrom('big' as const, 'little' as const),
  includesHeader: fc.boolean(),
  adjust: fc.oneof(fc.constant(0), fc.integer({ min: -65536, max: 65536 })),
})

it(`[SV6] what the writer announces is what a decoder reads, up to the longest reply (seed ${String(SEED)})`, () => {
  fc.assert(
    fc.property(framings, fc.double({ min: 0, max: 1, noNaN: true }), (framing, part) => {
      const writer = new PrefixWriter(checkFraming(framing))
      // A shorter body would need a length below zero.
      const least = Math.max(0, framing.adjust - (framing.includesHeader ? framing.bytes : 0))
      fc.pre(writer.maxReplyBytes >= least)
      for (const body of [least, least + Math.floor((writer.maxReplyBytes - least) * part), writer.maxReplyBytes]) {
        const into = Buffer.alloc(framing.bytes + 2, 0xaa)
        writer.write(into, 1, body)
        expect([into[0], into[framing.bytes + 1]]).toEqual([0xaa, 0xaa])
        expect(bodyLength(into.subarray(1, 1 + framing.bytes), framing)).toBe(body)
      }
    }),
    { seed: SEED, numRuns: 2000 },
  )
})

it.each([
  [{ bytes: 2 }, 65535],
  [{ bytes: 4 }, 2 ** 32 - 1],
  [{ bytes: 2, includesHeader: true }, 65533],
  [{ bytes: 2, adjust: 3 }, 65538],
  [{ bytes: 2, adjust: -3 }, 65532],
] as const)('[SV6] with %j the longest reply has %i bytes', (framing, bytes) => {
  expect(new PrefixWriter(checkFraming({ kind: 'lengthPrefixed', ...framing })).maxReplyBytes).toBe(bytes)
})

it('[SV6] a framing with bytes before its length has no writer: only the handler knows them', () => {
  const framing = checkFraming({ kind: 'lengthPrefixed', bytes: 4, offset: 28 })
  expect(() => new PrefixWriter(framing)).toThrow(expect.objectContaining({ code: 'ERR_NETVOLLEY_OPTION_INVALID' }))
})
