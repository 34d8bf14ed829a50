/** The frame of the echo trials: a 32-byte header that ends with the length of the body (u32 big endian), then the body. */
export const headerBytes = 32
export const lengthOffset = 28

/** Bytes of the frame that begins at `at`, or 0 while it is not complete. */
export function frameBytesAt(buffer: Buffer, at: number): number {
  if (buffer.length - at < headerBytes) return 0
  const frameBytes = headerBytes + buffer.readUInt32BE(at + lengthOffset)
  return buffer.length - at < frameBytes ? 0 : frameBytes
}
