import { constants } from 'node:os'
import { Destinations } from '../../../lib/native/destinations'

const { EINVAL, ENOBUFS } = constants.errno
const at = (n: number): { address: string; port: number } => ({ address: `10.0.0.${String(n)}`, port: 1000 + n })

function make(family: 'ipv4' | 'ipv6' | 'dual' = 'ipv4', capacity = 4) {
  const written: [number, string, number][] = []
  const write = (index: number, host: string, port: number): number => {
    if (host === '10.0.0.99') return -EINVAL
    written.push([index, host, port])
    return 0
  }
  let refreshed = 0
  const destinations = new Destinations({ family, capacity }, write, () => refreshed++)
  return { destinations, written, refreshed: () => refreshed }
}

it('[U8] equal addresses get equal numbers, written once; other ports are others', () => {
  const { destinations, written } = make()
  const ids = [at(1), at(2), at(1), { ...at(1), port: 5 }].map((to) => destinations.intern(to))
  expect(ids).toEqual([1, 2, 1, 3])
  expect(written).toEqual([
    [1, '10.0.0.1', 1001],
    [2, '10.0.0.2', 1002],
    [3, '10.0.0.1', 5],
  ])
})

it('[U35] takes literals of its family only', () => {
  const taken = (family: 'ipv4' | 'ipv6' | 'dual'): boolean[] =>
    ['127.0.0.1', '::1', 'fe80::1%1', 'localhost', '', '10.0.0.99'].map(
      (address) => make(family).destinations.intern({ address, port: 1 }) > 0,
    )
  expect(taken('ipv4')).toEqual([true, false, false, false, false, false])
  expect(taken('ipv6')).toEqual([false, true, true, false, false, false])
  expect(taken('dual')).toEqual([true, true, true, false, false, false])
})

it('[U8] a number is used again only when nobody pins it and nothing queued names it', () => {
  const { destinations, refreshed } = make()
  for (let n = 1; n <= 4; n++) destinations.intern(at(n))
  expect([destinations.intern(at(5)), refreshed()]).toEqual([-ENOBUFS, 1])
  destinations.queued(2)
  destinations.release(2)
  destinations.release(3)
  expect(destinations.intern(at(5))).toBe(3)
  expect(destinations.intern(at(6))).toBe(-ENOBUFS)
  destinations.freed(2)
  expect(destinations.intern(at(6))).toBe(2)
  // The old address is a new one now.
  expect(destinations.intern(at(2))).toBe(-ENOBUFS)
  expect([destinations.intern(at(5)), destinations.intern(at(6))]).toEqual([3, 2])
})

it('[U8] pins are counted', () => {
  const { destinations } = make('ipv4', 1)
  destinations.intern(at(1))
  destinations.intern(at(1))
  destinations.release(1)
  expect(destinations.intern(at(2))).toBe(-ENOBUFS)
  destinations.release(1)
  destinations.release(1)
  expect(destinations.intern(at(2))).toBe(1)
})

it('[U35] tells the address of a number: one frozen object while it means the same', () => {
  const { destinations } = make('dual')
  const four = destinations.remote(destinations.intern(at(1)))
  const six = destinations.remote(destinations.intern({ address: 'fe80::1%7', port: 9 }))
  expect([four, six]).toEqual([
    { address: '10.0.0.1', port: 1001, family: 'IPv4' },
    { address: 'fe80::1%7', port: 9, family: 'IPv6' },
  ])
  expect([destinations.remote(1) === four, Object.isFrozen(six)]).toEqual([true, true])
})
