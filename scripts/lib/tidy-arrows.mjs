// @ts-check
// Which folder may import which: DESIGN's "Layout" as two tables.
import path from 'node:path'

/** @typedef {{ file: string, line: number, rule: string, text: string }} Violation */
/** @typedef {{ line: number, specifier: string }} Import */

const CONTROL_AND_DATA = [
  'runtime',
  'stream',
  'udp',
  'connect',
  'secure',
  'server',
  'raida',
  'peer',
  'balance',
  'metrics',
]

/** @type {Record<string, readonly string[]>} folder of lib/ -> folders that it may import, types too */
const TS_ARROWS = {
  runtime: [],
  native: ['runtime'],
  stream: ['runtime'],
  udp: ['runtime'],
  connect: ['runtime', 'stream', 'udp'],
  secure: ['runtime', 'native', 'stream', 'udp'],
  server: ['runtime', 'native', 'stream', 'udp', 'connect', 'secure'],
  raida: ['server'],
  peer: ['runtime', 'stream', 'udp', 'connect', 'secure'],
  balance: ['runtime', 'connect'],
  metrics: ['runtime'],
  provider: ['runtime', 'native', 'stream', 'udp'],
  sim: CONTROL_AND_DATA,
  chaos: [...CONTROL_AND_DATA, 'sim'],
  cli: ['sim', 'chaos'],
}

/** @type {Record<string, readonly string[]>} the run-time dependency and the optional peers, by the folder that has them */
const TS_PACKAGES = { native: ['node-gyp-build'], metrics: ['prom-client', '@opentelemetry/api'], balance: ['etcd3'] }

/** @type {Record<string, readonly string[]>} folder of native/ -> folders whose headers it may include */
const CPP_ARROWS = {
  memory: [],
  wire: [],
  crypto: [],
  io: ['memory'],
  engine: ['io', 'memory', 'wire'],
  binding: ['engine', 'io', 'memory', 'wire', 'crypto'],
  test: ['engine', 'io', 'memory', 'wire', 'crypto', 'fuzz'],
  fuzz: ['engine', 'io', 'memory', 'wire', 'crypto', 'test'],
  bench: ['engine', 'io', 'memory', 'wire', 'crypto', 'test'],
}

const NODE_HEADER = /^(napi|uv|node|node_api|js_native_api|v8)\.h$|^(uv|napi)\//
const SYSTEM_HEADER =
  /^(sys|netinet|arpa|net|netpacket|linux|asm)\/|^(unistd|poll|fcntl|netdb|ifaddrs|signal|sched|pthread|winsock2|ws2tcpip|mswsock|windows)\.h$|^csignal$/
const SYSTEM_FOLDERS = ['io', 'test', 'fuzz', 'bench']

/** @param {string} file `lib/x/y.ts` -> `x`; a file directly in lib/ -> its own name */
const libPlace = (file) => {
  const [, place, deeper] = file.split('/')
  return deeper === undefined ? place.replace(/\.[mc]?[jt]s$/, '') : place
}

/**
 * @param {string} file relative, in lib/
 * @param {Import} imported
 * @returns {string | undefined} what is wrong with it
 */
function checkLibImport(file, { specifier }) {
  const from = libPlace(file)
  if (!specifier.startsWith('.')) {
    if (specifier.startsWith('node:')) return undefined
    const allowed = TS_PACKAGES[from] ?? []
    if (allowed.includes(specifier)) return undefined
    return `lib/${from} must not import the package '${specifier}'`
  }
  const target = path.posix.join(path.posix.dirname(file), specifier)
  if (!target.startsWith('lib/')) return from === 'native' ? undefined : `'${specifier}' leads out of lib/`
  const to = libPlace(target.split('/').length === 2 ? target : `${target}.ts`)
  if (to === 'errors' || to === from || from === 'index') return undefined
  if (to === 'index' || from === 'errors' || !TS_ARROWS[from]?.includes(to)) {
    return `${from} -> ${to} is not an arrow of the design`
  }
  return undefined
}

/**
 * @param {string} file relative
 * @param {readonly Import[]} imports
 * @returns {Violation[]}
 */
export function checkScriptArrows(file, imports) {
  /** @type {Violation[]} */
  const violations = []
  const inLib = file.startsWith('lib/')
  const place = inLib ? libPlace(file) : ''
  if (inLib && !['index', 'errors'].includes(place) && !TS_ARROWS[place]) {
    violations.push({ file, line: 1, rule: 'arrow', text: `lib/${place} has no place in the layout` })
  }
  for (const imported of imports) {
    const wrong = inLib ? checkLibImport(file, imported) : undefined
    if (wrong) violations.push({ file, line: imported.line, rule: 'arrow', text: wrong })
    const addon = imported.specifier === 'node-gyp-build' || imported.specifier.endsWith('.node')
    if (addon && place !== 'native') {
      violations.push({ file, line: imported.line, rule: 'addon', text: 'only lib/native loads the addon' })
    }
  }
  return violations
}

/** @param {string} file @returns {string} the folder of native/, or `bench` for bench/native */
const cppPlace = (file) => (file.startsWith('bench/') ? 'bench' : file.split('/')[1])

/**
 * @param {string} file
 * @param {string} place
 * @param {string} included
 * @param {(file: string) => boolean} exists
 * @returns {string | undefined}
 */
function checkProjectInclude(file, place, included, exists) {
  const beside = path.posix.join(path.posix.dirname(file), included)
  const target = exists(beside) ? beside : path.posix.join('native', included)
  if (target.startsWith('native/') && target.split('/').length < 3) return undefined
  const to = cppPlace(target)
  if (to === place || CPP_ARROWS[place].includes(to)) return undefined
  return `${place} -> ${to} is not an arrow of the design`
}

/**
 * @param {string} file relative, in native/ or bench/native/
 * @param {readonly { line: number, text: string }[]} directives
 * @param {(file: string) => boolean} exists whether a relative path is a file
 * @returns {Violation[]}
 */
export function checkCppArrows(file, directives, exists) {
  const place = cppPlace(file)
  if (!CPP_ARROWS[place]) {
    return [{ file, line: 1, rule: 'arrow', text: `native/${place} has no place in the layout` }]
  }
  /** @type {Violation[]} */
  const violations = []
  for (const { line, text } of directives) {
    const include = /^#\s*include\s*([<"])([^>"]+)[>"]/.exec(text)
    if (!include) continue
    const [, quote, name] = include
    const wrong = quote === '"' && !NODE_HEADER.test(name) ? checkProjectInclude(file, place, name, exists) : undefined
    if (wrong) violations.push({ file, line, rule: 'arrow', text: wrong })
    if (NODE_HEADER.test(name) && place !== 'binding') {
      violations.push({ file, line, rule: 'node-header', text: `<${name}> belongs to native/binding alone` })
    }
    if (SYSTEM_HEADER.test(name) && !SYSTEM_FOLDERS.includes(place)) {
      violations.push({
        file,
        line,
        rule: 'system-header',
        text: `<${name}>: system calls are made in native/io alone`,
      })
    }
  }
  return violations
}
