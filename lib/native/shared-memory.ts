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

/**
 * The same for several areas, in one piece: above 32 MiB malloc maps it by itself, so that untouched pages cost nothing and all of
 * it goes back to the system at once. Areas of a few MiB each would come from its heap, zeroed by hand, and stay there.
 */
export function sharedMemories<Name extends string>(
  sizes: Record<Name, number>,
  /** Of the piece, at least. */
  leastBytes = 0,
): Record<Name, Uint8Array> {
  const names = Object.keys(sizes) as Name[]
  const aligned = (bytes: number): number => Math.ceil(bytes / WORD_BYTES) * WORD_BYTES
  const total = names.reduce((sum, name) => sum + aligned(sizes[name]), 0)
  const whole = sharedMemory(Math.max(leastBytes, total))
  const areas = {} as Record<Name, Uint8Array>
  let at = 0
  for (const name of names) {
    areas[name] = whole.subarray(at, at + sizes[name])
    at += aligned(sizes[name])
  }
  return areas
}
