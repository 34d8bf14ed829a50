import { addon } from './addon'
import { WORD_BYTES } from './layout'

/**
 * Zeroed memory that native code and other threads can read, aligned to 128 bytes: a SharedArrayBuffer by itself is
 * aligned to 16 only, so a little more is taken and the view starts at the first aligned byte.
 */
export function sharedMemory(bytes: number): Uint8Array {
  const whole = new Uint8Array(new SharedArrayBuffer(bytes + WORD_BYTES))
  return whole.subarray(addon().alignedOffset(whole)).subarray(0, bytes)
}
