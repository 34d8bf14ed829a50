import * as check from '../../../lib/runtime/check-options'
import { ErrorCode } from '../../../lib/errors'

const port = { min: 0, max: 65_535, default: 53 }
const invalid = (message: string): Error =>
  expect.objectContaining({ code: ErrorCode.OPTION_INVALID, message }) as Error

it('[P72] checkInteger takes integers of its range and its default, and refuses all else', () => {
  expect([0, 65_535, undefined].map((v) => check.checkInteger('port', v, port))).toEqual([0, 65_535, 53])
  for (const bad of [-1, 65_536, 1.5, NaN, Infinity, '53', null, 53n, [53], { valueOf: () => 53 }]) {
    expect(() => check.checkInteger('port', bad, port)).toThrow(/^"port" must be an integer from 0 to 65535; got /)
  }
  expect(() => check.checkInteger('port', undefined, { min: 0, max: 1 })).toThrow(
    invalid('"port" must be an integer from 0 to 1; got undefined'),
  )
})

it('[P72] Infinity is legal only where the range has no end', () => {
  const open = { min: 1, max: Infinity }
  expect(check.checkInteger('n', Infinity, open)).toBe(Infinity)
  expect(() => check.checkInteger('n', 0, open)).toThrow(
    invalid('"n" must be an integer of at least 1, or Infinity; got 0'),
  )
  expect(() => check.checkInteger('n', 2 ** 53, open)).toThrow()
  expect(() => check.checkNumber('n', NaN, open)).toThrow(
    invalid('"n" must be a number of at least 1, or Infinity; got NaN'),
  )
  expect(check.checkNumber('n', 1.5, open)).toBe(1.5)
})

it('[P72] checkOneOf lists what it takes', () => {
  expect(check.checkOneOf('drive', 'inline', ['auto', 'inline'])).toBe('inline')
  expect(check.checkOneOf('drive', undefined, ['auto', 'inline'], 'auto')).toBe('auto')
  expect(() => check.checkOneOf('drive', 'Auto', ['auto', 'inline'])).toThrow(
    invalid('"drive" must be one of "auto", "inline"; got \'Auto\''),
  )
  expect(() => check.checkOneOf('bytes', 3, [2, 4])).toThrow(invalid('"bytes" must be one of 2, 4; got 3'))
  expect(() => check.checkOneOf('drive', null, ['auto'], 'auto')).toThrow()
})

it('[P72] checkBoolean, checkString, checkFunction and checkObject take their type alone', () => {
  const fn = (): void => undefined
  const object = {}
  expect([check.checkBoolean('b', false, true), check.checkBoolean('b', undefined, true)]).toEqual([false, true])
  expect([check.checkString('s', ''), check.checkString('s', undefined, 'x')]).toEqual(['', 'x'])
  expect([check.checkFunction('f', fn), check.checkObject('o', object)]).toEqual([fn, object])
  expect(() => check.checkBoolean('b', 0, true)).toThrow(invalid('"b" must be true or false; got 0'))
  expect(() => check.checkString('s', null, 'x')).toThrow(invalid('"s" must be a string; got null'))
  expect(() => check.checkFunction('f', 'fn')).toThrow(invalid('"f" must be a function; got \'fn\''))
  for (const bad of [null, [], fn, 1, undefined])
    expect(() => check.checkObject('o', bad)).toThrow(/"o" must be an object/)
})

it('[P72] an unknown option is refused, with the nearest name when there is one near', () => {
  const known = ['maxConnections', 'maxBodyBytes', 'drive']
  check.checkKnownKeys({ drive: 1, maxBodyBytes: undefined }, known)
  expect(() => { check.checkKnownKeys({ maxConnection: 1 }, known) }).toThrow(invalid('"maxConnection" is not an option; did you mean "maxConnections"? allowed: maxConnections, maxBodyBytes, drive')) // prettier-ignore
  expect(() => { check.checkKnownKeys({ colour: 1 }, known, 'framing') }).toThrow(invalid('"framing.colour" is not an option; allowed: maxConnections, maxBodyBytes, drive')) // prettier-ignore
  expect(() => { check.checkKnownKeys({ DRIVE: 1 }, known) }).toThrow(/did you mean "drive"/) // prettier-ignore
})
