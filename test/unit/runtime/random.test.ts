import fc from 'fast-check'
import { ErrorCode } from '../../../lib/errors'
import { RealRandom } from '../../../lib/runtime'
import { floats, ScriptedRandom, SeededRandom } from '../../support/random-sources'
import { SEED } from '../../support/seed'

const invalid = expect.objectContaining({ code: ErrorCode.OPTION_INVALID }) as Error

function counts(n: number, kinds: number, draw: () => number): number[] {
  const out = new Array<number>(kinds).fill(0)
  for (let i = 0; i < n; i++) out[draw()]++
  return out
}

/** Sum of (observed - expected)^2 / expected. */
function chiSquare(observed: readonly number[], total: number): number {
  const expected = total / observed.length
  return observed.reduce((sum, one) => sum + (one - expected) ** 2 / expected, 0)
}

describe('methods shared by all sources', () => {
  it('[P2] a seeded source gives the vectors of xoshiro128** and of its keyed streams', () => {
    const plain = new SeededRandom(0, '', [1, 2, 3, 4])
    expect(Array.from({ length: 6 }, () => plain.u32())).toEqual([11520, 0, 5927040, 70819200, 2031721883, 1637235492])
    const link = new SeededRandom(1, '').fork('link:a>b') as SeededRandom
    expect(link.currentState).toEqual([0x893538e5, 0x7c12ea78, 0x56f1a6d8, 0x161facdb])
    expect(Array.from({ length: 4 }, () => link.u32())).toEqual([0xa99b8de6, 0x59381161, 0x5bcf75eb, 0xb583724e])
  })

  it('[P2] float takes 27 and 26 bits of two words and stays below 1', () => {
    expect(new ScriptedRandom([0, 0]).float()).toBe(0)
    expect(new ScriptedRandom([0xffffffff, 0xffffffff]).float()).toBe(1 - 2 ** -53)
    expect(new ScriptedRandom([0x80000000, 0]).float()).toBe(0.5)
    expect(new ScriptedRandom([0x1f, 0x7f]).float()).toBe(2 ** -53)
  })

  it('[P2] int refuses words above the largest multiple of its span', () => {
    // 2^32 = 3 * 1431655765 + 1: only the last word is above.
    const source = new ScriptedRandom([0xffffffff, 0xffffffff, 0xfffffffe, 5])
    expect(source.int(10, 13)).toBe(10 + (0xfffffffe % 3))
    expect(source.draws).toBe(3)
    expect(source.int(10, 13)).toBe(12)
    expect(new ScriptedRandom([0xffffffff]).int(0, 2 ** 32)).toBe(0xffffffff)
  })

  it('[P2] int spans up to 2^53 and refuses there as well', () => {
    expect(new ScriptedRandom([0xffffffff, 0xffffffff]).int(-(2 ** 52), 2 ** 52)).toBe(2 ** 52 - 1)
    const source = new ScriptedRandom([0xffffffff, 0xffffffff, 0, 0x40])
    expect(source.int(0, 2 ** 52 + 1)).toBe(1)
    expect(source.draws).toBe(4)
  })

  it(`[P2] int lies in [lo, hi) and reaches both ends (seed ${String(SEED)})`, () => {
    const source = new SeededRandom(SEED, 'int')
    const bounds = fc.tuple(fc.maxSafeInteger(), fc.maxSafeInteger()).map(([a, b]) => [Math.min(a, b), Math.max(a, b)])
    fc.assert(
      fc.property(bounds, ([lo, hi]) => {
        fc.pre(hi > lo && hi - lo <= 2 ** 53)
        const value = source.int(lo, hi)
        expect(Number.isSafeInteger(value) && value >= lo && value < hi).toBe(true)
      }),
      { seed: SEED, numRuns: 500 },
    )
    expect(new Set(Array.from({ length: 200 }, () => source.int(-2, 2)))).toEqual(new Set([-2, -1, 0, 1]))
  })

  it.each([
    [0, 0],
    [1, 0],
    [0, 1.5],
    [NaN, 1],
    [0, Infinity],
    [-(2 ** 53 - 1), 2 ** 53 - 1],
  ])(
    // prettier-ignore
    '[P2] int(%p, %p) throws',
    (lo, hi) => {
      expect(() => new SeededRandom(SEED, '').int(lo, hi)).toThrow(invalid)
    },
  )

  it('[P2] bool always draws one float, whatever its probability', () => {
    const source = new SeededRandom(SEED, 'bool')
    const results = [0, 1, -1, 2, 0.5].map((p) => [source.bool(p), source.draws])
    expect(results.slice(0, 4)).toEqual([[false, 2], [true, 4], [false, 6], [true, 8]]) // prettier-ignore
    expect(source.draws).toBe(10)
    expect([floats(0.25).bool(0.25), floats(0.2499).bool(0.25)]).toEqual([false, true])
    expect(() => source.bool(NaN)).toThrow(invalid)
  })

  it('[P2] bytes are the words in little-endian order', () => {
    const source = new ScriptedRandom([0x04030201, 0x08070605])
    expect([...source.bytes(6)]).toEqual([1, 2, 3, 4, 5, 6])
    expect(source.draws).toBe(2)
    expect(source.bytes(0)).toHaveLength(0)
    for (const n of [-1, 1.5, NaN]) expect(() => source.bytes(n)).toThrow(invalid)
  })

  it('[P2] shuffle keeps the elements and gives every order equally often', () => {
    const source = new SeededRandom(SEED, 'shuffle')
    const orders = ['abc', 'acb', 'bac', 'bca', 'cab', 'cba']
    const observed = counts(6_000, 6, () => orders.indexOf(source.shuffle(['a', 'b', 'c']).join('')))
    // 20.5 is exceeded by one in a thousand with 5 degrees of freedom.
    expect(chiSquare(observed, 6_000)).toBeLessThan(20.5)
    const list = [1]
    expect(source.shuffle(list)).toBe(list)
  })

  it('[P2] pick takes every element equally often and refuses an empty list', () => {
    const source = new SeededRandom(SEED, 'pick')
    const observed = counts(10_000, 10, () => source.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]))
    expect(chiSquare(observed, 10_000)).toBeLessThan(27.9)
    expect(() => source.pick([])).toThrow(invalid)
  })

  it('[P2] exponential and normal have the mean and the deviation that were asked for', () => {
    const source = new SeededRandom(SEED, 'distributions')
    const n = 20_000
    const exponential = Array.from({ length: n }, () => source.exponential(50))
    const mean = (a: number[]): number => a.reduce((x, y) => x + y, 0) / a.length
    // Four standard errors: 50 / sqrt(n) = 0.35, 3 / sqrt(n) = 0.021.
    expect(Math.abs(mean(exponential) - 50)).toBeLessThan(1.42)
    expect(Math.min(...exponential)).toBeGreaterThanOrEqual(0)
    const normal = Array.from({ length: n }, () => source.normal(100, 3))
    expect(Math.abs(mean(normal) - 100)).toBeLessThan(0.085)
    expect(Math.abs(Math.sqrt(mean(normal.map((x) => (x - 100) ** 2))) - 3)).toBeLessThan(0.06)
    expect(floats(0).exponential(50)).toBe(0)
    expect(() => source.exponential(NaN)).toThrow(invalid)
    expect(() => source.normal(0, NaN)).toThrow(invalid)
  })

  it('[P2] a fork neither shifts its parent nor depends on how far that has drawn', () => {
    const alone = new SeededRandom(SEED, '')
    const expected = Array.from({ length: 20 }, () => alone.u32())
    const parent = new SeededRandom(SEED, '')
    const early = parent.fork('x')
    const got = expected.map(() => {
      early.u32()
      return parent.u32()
    })
    expect(got).toEqual(expected)
    const late = parent.fork('x')
    const again = new SeededRandom(SEED, '').fork('x')
    expect([late.u32(), late.u32()]).toEqual([again.u32(), again.u32()])
    expect(late.u32()).not.toBe(parent.fork('y').u32())
  })
})

describe('RealRandom', () => {
  it('[P2] is cryptographic and asks the system once per 4 KiB', () => {
    let fills = 0
    const source = new RealRandom((target) => {
      expect(target.byteLength).toBe(4096)
      target.fill(++fills)
    })
    expect(source.cryptographic).toBe(true)
    const words = Array.from({ length: 2048 }, () => source.u32())
    expect(fills).toBe(2)
    expect(words.slice(0, 1024).every((word) => word === 0x01010101)).toBe(true)
    expect(words.slice(1024).every((word) => word === 0x02020202)).toBe(true)
    expect(source.draws).toBe(2048)
  })

  it('[P2] keeps nothing of what it has given out', () => {
    let pool: Uint8Array = new Uint8Array()
    const source = new RealRandom((target) => {
      pool = target
      target.fill(0xff)
    })
    source.bytes(32)
    expect([...pool.subarray(0, 32)]).toEqual(new Array(32).fill(0))
    expect(pool[32]).toBe(0xff)
  })

  it('[P2] fills what is longer than its pool directly', () => {
    const sizes: number[] = []
    const source = new RealRandom((target) => sizes.push(target.byteLength))
    expect(source.bytes(10_001)).toHaveLength(10_001)
    expect(sizes).toEqual([10_001])
    expect(source.draws).toBe(2_501)
  })

  it('[P2] differs from its fork and from another source', () => {
    const source = new RealRandom()
    const fork = source.fork('x')
    const values = [source, fork, new RealRandom()].map((one) => Buffer.from(one.bytes(16)).toString('hex'))
    expect(new Set(values).size).toBe(3)
    expect(fork.cryptographic).toBe(true)
    expect([source.draws, fork.draws]).toEqual([4, 4])
  })

  it('[P2] fills all 32 bits evenly', () => {
    const source = new RealRandom()
    const n = 20_000
    const ones = new Array<number>(32).fill(0)
    for (let i = 0; i < n; i++) {
      const word = source.u32()
      for (let bit = 0; bit < 32; bit++) ones[bit] += (word >>> bit) & 1
    }
    // Seven standard deviations, 7 * sqrt(n) / 2: a real generator leaves them once in 10^10 runs.
    expect(ones.filter((one) => Math.abs(one - n / 2) > 495)).toEqual([])
  })
})
