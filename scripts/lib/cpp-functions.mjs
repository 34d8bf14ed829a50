// @ts-check
// Finds the function bodies of a C++ file by counting braces: enough for a length rule, without a compiler.
import { lineAt } from './cpp-source.mjs'

/**
 * @typedef {'namespace' | 'type' | 'function' | 'value'} BraceKind `value`: braces of an initialiser
 * @typedef {{ name: string, line: number, endLine: number, start: number, end: number }} CppFunction
 *   `line` is that of the signature; `start` and `end` are the offsets of the braces
 */

const TYPE = /^(?:(?:typedef|static|inline|constexpr|const|export)\s+)*(?:class|struct|union|enum)\b/
const LAMBDA = /\[[^[\]]*\]\s*(?:\([^()]*\)\s*)?(?:(?:mutable|noexcept|constexpr)\s*)*(?:->[\s\w:<>&*,]+)?$/
const LEADING_LABELS = /^\s*(?:(?:public|protected|private)\s*:\s*)*/
/** `) : a_(1), b_` just before the braces of `b_{2}`; the braces of the body follow `)` or `}` instead. */
const MEMBER_INITIALIZER = /\)\s*(?:noexcept\s*(?:\([^()]*\)\s*)?)?:(?!:)[\s\S]*[\w>]\s*$/

/** @param {string} text */
const openParens = (text) => (text.match(/\(/g)?.length ?? 0) - (text.match(/\)/g)?.length ?? 0)

/**
 * What a `{` opens, told from the text between the last statement and it.
 *
 * @param {string} rawHead
 * @returns {BraceKind}
 */
export function braceKind(rawHead) {
  const head = rawHead
    .replace(/\b(?:public|protected|private)\s*:(?!:)/g, ' ')
    .replace(/\[\[[^\]]*\]\]|\b(?:alignas|__attribute__)\s*\((?:[^()]|\([^()]*\))*\)/g, ' ')
    .replace(/\btemplate\s*<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>/g, ' ')
    .trim()
  if (/\bnamespace\b/.test(head) || /^extern\s*"\s*"$/.test(head)) return 'namespace'
  if (LAMBDA.test(head)) return 'function'
  if (/(?:=|\breturn|,)$/.test(head) || openParens(head) > 0) return 'value'
  if (TYPE.test(head) && !head.includes('(')) return 'type'
  if (MEMBER_INITIALIZER.test(head)) return 'value'
  return head.includes('(') ? 'function' : 'value'
}

/** @param {string} head */
function functionName(head) {
  const match = /([~\w:]+|operator\s*\S+?)\s*\(/.exec(head.replace(/\btemplate\s*<[^{}]*?>\s*(?=\w)/, ' '))
  return match ? match[1].replace(/\s+/g, '') : 'lambda'
}

/**
 * Outermost function bodies only: a lambda or a local class counts as part of the function around it.
 *
 * @param {string} code the `code` of {@link import('./cpp-source.mjs').parseCpp}
 * @returns {CppFunction[]}
 */
export function findFunctions(code) {
  /** @type {CppFunction[]} */
  const found = []
  /** @type {BraceKind[]} */
  const open = []
  /** @type {{ depth: number, headStart: number, start: number } | undefined} */
  let body
  let headStart = 0
  for (let i = 0; i < code.length; i++) {
    const c = code[i]
    if (c === '{') {
      const head = code.slice(headStart, i)
      const kind = body || open.at(-1) === 'value' ? 'value' : braceKind(head)
      if (kind === 'function') body = { depth: open.length, headStart, start: i }
      open.push(kind)
      if (kind !== 'value') headStart = i + 1
    } else if (c === '}') {
      const kind = open.pop()
      if (kind === 'function' && body && body.depth === open.length) {
        const labels = LEADING_LABELS.exec(code.slice(body.headStart, body.start))
        const signature = body.headStart + (labels?.[0].length ?? 0)
        found.push({
          name: functionName(code.slice(body.headStart, body.start)),
          line: lineAt(code, signature),
          endLine: lineAt(code, i),
          start: body.start,
          end: i,
        })
        body = undefined
      }
      if (kind !== 'value') headStart = i + 1
    } else if (c === ';' && !body && open.at(-1) !== 'value' && openParens(code.slice(headStart, i)) <= 0) {
      headStart = i + 1
    }
  }
  return found
}
