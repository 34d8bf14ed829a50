/**
 * What Node's own (unreachable) FastBuffer is: a Uint8Array with the methods of Buffer. `subarray` and `Buffer.from` end in the
 * same, after checks and getters that cost more than the view itself.
 */
class BufferView extends Uint8Array {}
Object.setPrototypeOf(BufferView.prototype, Buffer.prototype as object)
Object.defineProperty(BufferView.prototype, 'constructor', { value: Buffer })

/** A Buffer over `bytes` bytes of `buffer`, from `offset`; the caller knows that they are there. */
export function bufferView(buffer: ArrayBufferLike, offset: number, bytes: number): Buffer {
  // The types of Uint8Array's constructor leave a SharedArrayBuffer with an offset out.
  return new BufferView(buffer as ArrayBuffer, offset, bytes) as Buffer
}
