// @ts-check

/** A zone file that cannot be used; the message starts with `file:line:`. */
export class ZoneFileError extends Error {
  /**
   * @param {string} file
   * @param {number} line 1-based
   * @param {string} problem
   */
  constructor(file, line, problem) {
    super(`${file}:${line}: ${problem}`)
    this.name = 'ZoneFileError'
    this.code = 'ERR_ZONE_FILE'
    this.file = file
    this.line = line
  }
}

/**
 * @typedef {object} Token
 * @property {string} text as written, escapes kept, quotes taken off
 * @property {boolean} quoted
 * @property {number} line
 */

/**
 * One directive or record: a line, or several lines held together by parentheses.
 *
 * @typedef {object} Entry
 * @property {number} line of its first token
 * @property {boolean} startsBlank the line starts with white space: the owner is the previous one
 * @property {Token[]} tokens at least one
 */

const LEXEME =
  /(?<space>[^\S\n]+)|(?<newline>\n)|(?<comment>;[^\n]*)|(?<paren>[()])|"(?<quoted>(?:[^"\\\n]|\\[^\n])*)"|(?<word>(?:[^\s;()"\\]|\\[^\n])+)/y

/**
 * @param {string} text zone file, one character per byte
 * @param {string} file name for error messages
 * @returns {Generator<Entry>}
 */
export function* readEntries(text, file) {
  const lexeme = new RegExp(LEXEME)
  let line = 1
  let depthLine = 0
  let startsBlank = false
  let atLineStart = true
  /** @type {Token[]} */
  let tokens = []

  while (lexeme.lastIndex < text.length) {
    const at = lexeme.lastIndex
    const groups = lexeme.exec(text)?.groups
    if (groups === undefined) {
      const problem =
        text[at] === '"' ? 'a quoted string does not end on its line' : 'a backslash at the end of the line'
      throw new ZoneFileError(file, line, problem)
    }
    if (groups.newline !== undefined) {
      line += 1
      if (depthLine !== 0) continue
      if (tokens.length > 0) yield entryOf(tokens, startsBlank)
      tokens = []
      startsBlank = false
      atLineStart = true
      continue
    }
    if (groups.space !== undefined && atLineStart) startsBlank = true
    atLineStart = false
    if (groups.paren !== undefined) depthLine = nextDepth(groups.paren, depthLine, line, file)
    else if (groups.quoted !== undefined) tokens.push({ text: groups.quoted, quoted: true, line })
    else if (groups.word !== undefined) tokens.push({ text: groups.word, quoted: false, line })
  }
  if (depthLine !== 0) throw new ZoneFileError(file, depthLine, 'this "(" is never closed')
  if (tokens.length > 0) yield entryOf(tokens, startsBlank)
}

/**
 * @param {Token[]} tokens
 * @param {boolean} startsBlank
 * @returns {Entry}
 */
function entryOf(tokens, startsBlank) {
  return { line: tokens[0].line, startsBlank, tokens }
}

/**
 * @param {string} paren
 * @param {number} depthLine line of the open parenthesis, 0 outside
 * @param {number} line
 * @param {string} file
 * @returns {number}
 */
function nextDepth(paren, depthLine, line, file) {
  if (paren === '(') {
    if (depthLine !== 0)
      throw new ZoneFileError(file, line, `"(" inside the "(" of line ${depthLine}; they do not nest`)
    return line
  }
  if (depthLine === 0) throw new ZoneFileError(file, line, '")" without "("')
  return 0
}

/**
 * Takes out the escapes of RFC 1035 section 5.1: `\DDD` is the byte of that decimal value, `\X` is X.
 *
 * @param {Token} token
 * @param {string} file
 * @returns {Buffer}
 */
export function unescapeToken(token, file) {
  const text = token.text.replace(/\\(\d{3}|[^])/g, (_, escaped) => {
    if (!/^\d/.test(escaped)) return escaped
    const value = escaped.length === 3 ? Number(escaped) : NaN
    if (!(value <= 255)) {
      throw new ZoneFileError(
        file,
        token.line,
        `escape "\\${escaped}"; allowed: \\000 to \\255, or \\ and a character that is not a digit`,
      )
    }
    return String.fromCharCode(value)
  })
  return Buffer.from(text, 'latin1')
}
