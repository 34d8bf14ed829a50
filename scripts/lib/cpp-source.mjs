// @ts-check
// A C++ file as its tidy rules need it: code without comments, texts and directives, and the string literals apart.

/**
 * @typedef {object} CppSource
 * @property {string} code as long as the source, line breaks kept; comments, literals and directives are blanks
 * @property {{ line: number, text: string }[]} directives `#...`, joined over continuation lines
 * @property {{ line: number, text: string }[]} strings contents of the string literals, escapes as written
 */

const TOKEN = new RegExp(
  [
    String.raw`\/\/(?:\\\r?\n|[^\n])*`, // line comment
    String.raw`\/\*[\s\S]*?\*\/`, // block comment
    String.raw`(?:u8|[uUL])?R"([^()\\\s]{0,16})\([\s\S]*?\)\1"`, // raw string
    String.raw`"(?:\\[\s\S]|[^"\\\n])*"`,
    String.raw`(?<![\da-zA-Z_])'(?:\\[\s\S]|[^'\\\n])+'`, // a character, not the separator in 1'000
  ].join('|'),
  'g',
)

/** @param {string} text */
const blank = (text) => text.replace(/[^\n]/g, ' ')

/** @param {string} text @param {number} index */
export const lineAt = (text, index) => {
  let line = 1
  for (let i = text.indexOf('\n'); i >= 0 && i < index; i = text.indexOf('\n', i + 1)) line++
  return line
}

/**
 * @param {string} source
 * @returns {CppSource}
 */
export function parseCpp(source) {
  /** @type {CppSource['strings']} */
  const strings = []
  /** @type {CppSource['directives']} */
  const directives = []
  // Include names are string literals to the scanner, so directives are read from a copy that keeps literals.
  const withoutComments = source.replace(TOKEN, (token) => (token.startsWith('/') ? blank(token) : token))
  const directive = /^[ \t]*#(?:\\\r?\n|[^\n])*/gm
  for (const match of withoutComments.matchAll(directive)) {
    directives.push({ line: lineAt(source, match.index), text: match[0].replace(/\\\r?\n/g, ' ').trim() })
  }
  let code = withoutComments.replace(TOKEN, (token, _delimiter, at) => {
    if (token.startsWith("'")) return blank(token)
    strings.push({ line: lineAt(source, at), text: token.replace(/^[^"]*"|"$/g, '') })
    return `"${blank(token.slice(2))}"`.padStart(token.length)
  })
  code = code.replace(directive, blank)
  return { code, directives, strings }
}
