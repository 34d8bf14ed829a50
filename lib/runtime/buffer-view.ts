type ViewClass = new (buffer: ArrayBuffer, offset: number, bytes: number) => Uint8Array

/** Where `Buffer` names no class of its own: a view with its methods, that only differs in its prototype. */
class BufferView extends Uint8Array {}
Object.setPrototypeOf(BufferView.prototype, Buffer.prototype as object)
Object.defineProperty(BufferView.prototype, 'constructor', { value: Buffer })

/**
 * Node's own FastBuffer, as the species of Buffer: what it makes is a Buffer in every respect. `subarray` and `Buffer.from` end in it
 * too, after checks and getters that cost more than the view itself.
 */
const species = (Buffer as unknown as Partial<Record<symbol, ViewClass>>)[Symbol.species]
const View: ViewClass = species !== undefined && species.prototype === Buffer.prototype ? species : BufferView

/** A Buffer over `bytes` bytes of `buffer`, from `offset`; the caller knows that they are there. */
export function bufferView(buffer: ArrayBufferLike, offset: number, bytes: number): Buffer {
  // The types of Uint8Array's constructor leave a SharedArrayBuffer with an offset out.
  return new View(buffer as ArrayBuffer, offset, bytes) as Buffer
}
