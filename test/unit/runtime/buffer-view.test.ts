import { deepStrictEqual } from 'node:assert/strict'
import { bufferView } from '../../../lib/runtime'

it('[U4, SV35] a view is a Buffer in every respect, so that a user may compare it with one', () => {
  const memory = new SharedArrayBuffer(16)
  new Uint8Array(memory).set([1, 2, 3], 4)
  const view = bufferView(memory, 4, 3)
  // By prototypes, names and bytes: jest has realms of its own, in which the classes are others.
  expect(Object.getPrototypeOf(view)).toBe(Object.getPrototypeOf(Buffer.alloc(0)))
  deepStrictEqual(view, Buffer.from([1, 2, 3]))
  view[0] = 9
  expect(new Uint8Array(memory)[4]).toBe(9)
})
