import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const root = path.resolve(__dirname, '../..')

/** Runs scripts/tidy.mjs over a folder. */
function tidy(folder: string): { status: number | null; lines: string[] } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(root, 'scripts/tidy.mjs'), '--root', folder],
    { encoding: 'utf8' },
  )
  if (stderr) throw new Error(stderr)
  return { status, lines: stdout.trimEnd().split('\n') }
}

function writeTree(files: Record<string, string>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'netvolley-tidy-'))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    writeFileSync(path.join(folder, file), text)
  }
  return folder
}

/** The lines `file:line: rule` that tidy prints for a tree, without the explanations. */
function findingsOf(files: Record<string, string>): string[] {
  const folder = writeTree(files)
  try {
    const { status, lines } = tidy(folder)
    const found = lines.slice(0, -1).map((line) => line.split(': ').slice(0, 2).join(': '))
    expect(lines.at(-1)).toBe(`tidy: ${Object.keys(files).length} files, ${found.length} violations`)
    expect(status).toBe(found.length > 0 ? 1 : 0)
    return found
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const lines = (count: number, line: string): string => `${line}\n`.repeat(count)
const functionOf = (count: number, head: string): string => `${head} {\n${lines(count - 2, '  step();')}}\n`
// In two parts: the rule reads the text of this file too.
const skip = ['sk', 'ip'].join('')
const leftover = ['TO', 'DO'].join('')

describe('import arrows of lib/', () => {
  it('[P7] catches every import that the layout does not draw, however it is written', () => {
    expect(
      findingsOf({
        'lib/runtime/a.ts': `import { b } from '../native/b'\nexport const c = b\n`,
        'lib/native/b.ts': `export type { C } from '../udp/c'\n`,
        'lib/udp/c.ts': `export type C = import('../native/b').B\n`,
        'lib/connect/d.ts': `export const d = () => import('../server/e')\n`,
        'lib/server/e.ts': `import fs = require('../raida/f')\nexport default fs\n`,
        'lib/raida/f.ts': `const g = require('../udp/c')\nmodule.exports = g\n`,
        'lib/peer/g.ts': `import { RequestServer } from '../index'\nexport { RequestServer }\n`,
        'lib/sim/h.ts': `import '../provider/i'\n`,
        'lib/provider/i.ts': `import '../connect/d'\n`,
        'lib/errors.ts': `import './runtime/a'\n`,
        'lib/misc/j.ts': `export {}\n`,
        'lib/helper.ts': `export {}\n`,
        'lib/balance/k.ts': `import 'lodash'\n`,
        'lib/metrics/l.ts': `import '../../scripts/m'\n`,
      }),
    ).toEqual([
      'lib/balance/k.ts:1: arrow',
      'lib/connect/d.ts:1: arrow',
      'lib/errors.ts:1: arrow',
      'lib/helper.ts:1: arrow',
      'lib/metrics/l.ts:1: arrow',
      'lib/misc/j.ts:1: arrow',
      'lib/native/b.ts:1: arrow',
      'lib/peer/g.ts:1: arrow',
      'lib/provider/i.ts:1: arrow',
      'lib/raida/f.ts:1: arrow',
      'lib/runtime/a.ts:1: arrow',
      'lib/server/e.ts:1: arrow',
      'lib/sim/h.ts:1: arrow',
      'lib/udp/c.ts:1: arrow',
    ])
  })

  it('[P7] lets through the arrows that are drawn', () => {
    expect(
      findingsOf({
        'lib/index.ts': `export * from './server/server'\nexport * from './provider/native'\nexport * from './errors'\n`,
        'lib/errors.ts': `import { inspect } from 'node:util'\nexport { inspect }\n`,
        'lib/server/server.ts': `import '../native/engine'\nimport '../errors'\nimport './framing'\n`,
        'lib/server/framing.ts': `export {}\n`,
        'lib/native/engine.ts': `import load = require('node-gyp-build')\nimport '../runtime/clock'\nexport { load }\n`,
        'lib/runtime/clock.ts': `export {}\n`,
        'lib/provider/native.ts': `import '../native/engine'\n`,
        'lib/raida/raida.ts': `import '../server/server'\n`,
        'lib/sim/sim.ts': `import '../peer/peer'\n`,
        'lib/peer/peer.ts': `import '../connect/pool'\n`,
        'lib/connect/pool.ts': `export {}\n`,
      }),
    ).toEqual([])
  })

  it('catches whoever loads the addon beside lib/native', () => {
    expect(
      findingsOf({
        'bench/a.mjs': `import load from 'node-gyp-build'\nload('.')\n`,
        'examples/b.mjs': `export default require('../build/Release/netvolley.node')\n`,
        'lib/server/c.ts': `const load = require('node-gyp-build')\nload()\n`,
      }),
    ).toEqual([
      'lib/server/c.ts:1: arrow',
      'lib/server/c.ts:1: addon',
      'bench/a.mjs:1: addon',
      'examples/b.mjs:1: addon',
    ])
  })
})

describe('include arrows of native/', () => {
  it('catches headers from folders that come later on the way of a byte', () => {
    expect(
      findingsOf({
        'native/memory/a.h': `#include "io/b.h"\n`,
        'native/wire/a.cc': `#include "memory/a.h"\n`,
        'native/io/b.h': `#include <cstdint>\n#include "../engine/c.h"\n`,
        'native/engine/c.h': `#include "binding/d.h"\n`,
        'native/crypto/e.cc': `#include "engine/c.h"\n`,
        'native/binding/d.h': `#include "test/check.h"\n`,
        'native/test/f.cc': `#include "binding/d.h"\n`,
        'native/other/g.cc': `\n`,
        'bench/native/h.cc': `#include "binding/d.h"\n`,
      }),
    ).toEqual([
      'native/binding/d.h:1: arrow',
      'native/crypto/e.cc:1: arrow',
      'native/engine/c.h:1: arrow',
      'native/io/b.h:2: arrow',
      'native/memory/a.h:1: arrow',
      'native/other/g.cc:1: arrow',
      'native/test/f.cc:1: arrow',
      'native/wire/a.cc:1: arrow',
      'bench/native/h.cc:1: arrow',
    ])
  })

  it('keeps Node headers in binding and system-call headers in io', () => {
    expect(
      findingsOf({
        'native/engine/a.cc': `#include <uv.h>\n#include <sys/epoll.h>\n#include <vector>\n`,
        'native/io/b.cc': `#include <napi.h>\n#include <sys/socket.h>\n#include <unistd.h>\n`,
        'native/wire/c.cc': `// #include <unistd.h>\n#  include <unistd.h>\n`,
        'native/binding/d.cc': `#include <napi.h>\n#include <uv.h>\n#include "engine/a.h"\n#include "memory/slab.h"\n`,
        'native/test/e.cc': `#include <sys/socket.h>\n#include "wire/decoder.h"\n`,
      }),
    ).toEqual([
      'native/engine/a.cc:1: node-header',
      'native/engine/a.cc:2: system-header',
      'native/io/b.cc:1: node-header',
      'native/wire/c.cc:2: system-header',
    ])
  })
})

describe('ban list', () => {
  const ambient = [
    `import net from 'node:net'`,
    `import { createSocket } from 'node:dgram'`,
    `const dns = await import('node:dns/promises')`,
    `const a = Date.now()`,
    `const b = new Date()`,
    `const c = Math.random()`,
    `const d = performance.now()`,
    `const e = process.hrtime.bigint()`,
    `setTimeout(f, 1)`,
    `const g = { setInterval }`,
    `globalThis.setImmediate(f)`,
    `const h = AbortSignal.timeout(1)`,
    `const i = AbortSignal.any([])`,
  ]

  it('[P7] catches ambient time, randomness, timers and sockets in lib/', () => {
    const found = findingsOf({ 'lib/connect/pool.ts': ambient.join('\n') })
    expect(found.map((line) => Number(line.split(':')[1])).sort((a, b) => a - b)).toEqual(ambient.map((_, i) => i + 1))
    expect(new Set(found.map((line) => line.split(': ')[1]))).toEqual(new Set(['ambient']))
  })

  it('[P7] lets the folders of the real runtime, comments, texts and names of our own pass', () => {
    const text = ambient.join('\n')
    expect(
      findingsOf({
        'lib/runtime/clock.ts': text,
        'lib/native/engine.ts': text,
        'lib/provider/node.ts': text,
        'lib/sim/real.ts': text,
        'lib/cli/run.ts': text,
        'lib/connect/backoff.ts': [
          `// Date.now() is not used, nor Math.random()`,
          `const text = 'setTimeout(f)'`,
          `interface Clock { setTimeout(ms: number): void }`,
          `clock.setTimeout(1)`,
          `const { setTimeout: arm } = clock`,
          `const date = new Date(clock.nowMs())`,
        ].join('\n'),
      }),
    ).toEqual([])
  })

  it('catches exceptions and run-time types below binding, fences and conditionals inside functions', () => {
    const core = [
      `#ifdef __linux__`,
      `int a = 1;`,
      `#endif`,
      `// throw, try and dynamic_cast may be named in a comment`,
      `const char* b = "throw";`,
      `int f(int x) {`,
      `  if (x) throw x;`,
      `  try { g(); } catch (...) { }`,
      `#if defined(DEBUG)`,
      `  auto* d = dynamic_cast<D*>(c);`,
      `#endif`,
      `  std::atomic_thread_fence(std::memory_order_seq_cst);`,
      `}`,
    ].join('\n')
    expect(findingsOf({ 'native/engine/a.cc': core }).sort()).toEqual([
      'native/engine/a.cc:10: rtti',
      'native/engine/a.cc:12: fence',
      'native/engine/a.cc:7: exception',
      'native/engine/a.cc:8: exception',
      'native/engine/a.cc:8: exception',
      'native/engine/a.cc:9: conditional',
    ])
    expect(findingsOf({ 'native/binding/a.cc': core }).sort()).toEqual([
      'native/binding/a.cc:12: fence',
      'native/binding/a.cc:9: conditional',
    ])
  })

  it('catches leftovers everywhere and tests that are narrowed', () => {
    expect(
      findingsOf({
        'lib/errors.ts': `// ${leftover}: later\n`,
        'native/io/a.h': `#pragma once\n// ${leftover} later\n`,
        'test/unit/a.test.ts': `it.${skip}('x', () => {})\ndescribe.${['on', 'ly'].join('')}('y', () => {})\n`,
      }),
    ).toEqual([
      'lib/errors.ts:1: leftover',
      'native/io/a.h:2: leftover',
      'test/unit/a.test.ts:1: narrowed-test',
      'test/unit/a.test.ts:2: narrowed-test',
    ])
  })
})

describe('lengths', () => {
  it('fails a file above 400 lines, a test above 600', () => {
    expect(
      findingsOf({
        'lib/runtime/exact.ts': lines(400, '//'),
        'lib/runtime/long.ts': lines(401, '//'),
        'native/io/long.h': lines(401, '//'),
        'native/test/exact.cc': lines(600, '//'),
        'test/unit/long.test.ts': lines(601, '//'),
      }),
    ).toEqual([
      'lib/runtime/long.ts:401: file-length',
      'native/io/long.h:401: file-length',
      'test/unit/long.test.ts:601: file-length',
    ])
  })

  it('fails a script function of 70 lines and takes one of 69', () => {
    expect(
      findingsOf({
        'lib/runtime/a.ts': functionOf(69, 'function exact()') + functionOf(70, 'function long()'),
        'scripts/b.mjs': `const f =\n  ${functionOf(70, '() =>')}`,
        'lib/runtime/c.ts': `class C {\n${functionOf(70, 'method()')}}\n`,
        'test/unit/d.test.ts': `describe('group', () => {\n${functionOf(70, "it('long', () =>")})\n})\n`,
        'test/unit/e.test.ts': functionOf(90, "describe('group', () =>").replace(/}\n$/, '})\n'),
      }),
    ).toEqual([
      'lib/runtime/a.ts:70: function-length',
      'lib/runtime/c.ts:2: function-length',
      'scripts/b.mjs:2: function-length',
      'test/unit/d.test.ts:2: function-length',
    ])
  })

  it('finds C++ functions through namespaces, classes, initialisers, raw strings and comments', () => {
    const long = (head: string) => functionOf(70, head)
    const file = [
      `#pragma once`,
      `namespace netvolley {`,
      `constexpr int kTable[] = {1, 2, 3};`,
      `enum class Kind : int { kA, kB };`,
      `template <typename T, class U = std::vector<T>>`,
      `class alignas(128) Engine : public Base {`,
      ` public:`,
      `  Engine() : a_{1}, b_(2), c_{3} { /* { { { */ }`,
      `  const char* text() const { return R"x({{{ " )x" "{{"; }`,
      `  char brace() { return '{'; }`,
      `  int separators() { return 1'000'000; }`,
      `  void defaults(Options options = {}) { use(options); }`,
      long('  explicit Engine(int x) : a_{x}, b_{2}'),
      long('  [[nodiscard]] auto run(const std::array<int, 2>& x) const noexcept -> std::vector<int>'),
      `};`,
      functionOf(69, 'void Engine::exact()'),
      long('template <typename T>\nbool operator==(const T& a, const T& b)'),
      long('const auto kLambda = [](int x)'),
      `}  // namespace netvolley`,
    ].join('\n')
    const starts = [13, 84, 226, 298].map((line) => `native/engine/engine.h:${line}: function-length`)
    expect(findingsOf({ 'native/engine/engine.h': file })).toEqual(starts)
  })
})

it('[P7] the tree of this repository is tidy', () => {
  const { status, lines: printed } = tidy(root)
  expect(printed.slice(0, -1)).toEqual([])
  expect(status).toBe(0)
})
