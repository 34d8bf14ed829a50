// @ts-check

/** Longest name on the wire, RFC 1035 section 2.3.4, length bytes and root included. */
const MAX_NAME_BYTES = 255
const MAX_LABEL_BYTES = 63

/**
 * What a label of a zone file may hold. Dots and backslashes inside a label are left out: dns-packet
 * writes names as text split at dots, so it could not put such a label on the wire.
 */
const LABEL = /^[!-~]+$/

/**
 * @param {string} name absolute name without the trailing dot; '.' is the root
 * @returns {string} why the name cannot be used, '' when it can
 */
export function nameProblem(name) {
  if (name === '.') return ''
  const labels = name.split('.')
  for (const label of labels) {
    if (label === '') return `"${name}" has an empty label`
    if (label.length > MAX_LABEL_BYTES) return `label "${label}" has ${label.length} bytes; allowed: 1 to 63`
    if (!LABEL.test(label) || label.includes('\\')) {
      return `label "${label}" has a character that is not supported; allowed: printable ASCII without space, dot, backslash`
    }
  }
  const bytes = name.length + 2
  return bytes > MAX_NAME_BYTES ? `name has ${bytes} bytes on the wire; allowed: up to 255` : ''
}

/**
 * @param {string} name without the trailing dot
 * @returns {string} the name one label up, '.' above a top-level name
 */
export function parentName(name) {
  const dot = name.indexOf('.')
  return dot < 0 ? '.' : name.slice(dot + 1)
}

/**
 * @param {string} name lower case
 * @param {string} ancestor lower case
 * @returns {boolean} true when name is ancestor or lies below it
 */
export function isAtOrBelow(name, ancestor) {
  return ancestor === '.' || name === ancestor || name.endsWith('.' + ancestor)
}

/**
 * Where the first question of a message ends.
 *
 * @param {Uint8Array} bytes
 * @param {number} offset of the name
 * @param {number} end first byte after the message
 * @returns {number} offset after the name's root byte; -1 when the bytes hold no whole, uncompressed name.
 *   A compression pointer in the first name of a message has nothing to point to.
 */
export function skipName(bytes, offset, end) {
  const start = offset
  while (offset < end) {
    const length = bytes[offset]
    if (length === 0) return offset + 1
    if (length > MAX_LABEL_BYTES) return -1
    offset += length + 1
    if (offset - start >= MAX_NAME_BYTES) return -1
  }
  return -1
}

/**
 * A wire name as lower-case text. Bytes that a zone file cannot hold are escaped, so that two different
 * wire names never become one text: the label `a.b` must not be found under the labels `a` and `b`.
 *
 * @param {Uint8Array} bytes
 * @param {number} offset of a name that skipName() accepted
 * @returns {string} without the trailing dot; '.' for the root
 */
export function wireNameToText(bytes, offset) {
  let text = ''
  for (let length = bytes[offset]; length !== 0; length = bytes[offset]) {
    if (text !== '') text += '.'
    for (const byte of bytes.subarray(offset + 1, offset + 1 + length)) {
      const plain = byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c
      text += plain ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`
    }
    offset += length + 1
  }
  return text === '' ? '.' : text.toLowerCase()
}
