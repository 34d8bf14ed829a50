// @ts-check
// How a sanitized program is started: its options, and for ThreadSanitizer a fixed address space where it needs one.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { run } from './run.mjs'

/** Environment of every sanitized run: the first finding ends the program with a failure. */
export const SANITIZER_ENV = {
  ASAN_OPTIONS: 'detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=0',
  UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1',
}

const PROBE = `#include <thread>
int main() { std::thread([] {}).join(); }
`

/**
 * ThreadSanitizer maps its shadow at fixed addresses; kernels that randomise more bits than it expects end every
 * program at its start. An empty program shows whether this one does, and whether `setarch -R` helps.
 *
 * @returns {Promise<readonly string[]>} words to put before the command: none, or those of setarch
 * @throws {Error} where ThreadSanitizer runs neither way
 */
export async function tsanPrefix() {
  const folder = mkdtempSync(path.join(tmpdir(), 'netvolley-tsan-'))
  try {
    const source = path.join(folder, 'probe.cc')
    const program = path.join(folder, 'probe')
    writeFileSync(source, PROBE)
    const built = await run(process.env.CXX ?? 'g++', ['-fsanitize=thread', '-o', program, source], { quiet: true })
    if (built.code !== 0) throw new Error(`ThreadSanitizer does not build here:\n${built.output}`)
    const fixed = ['setarch', process.arch === 'arm64' ? 'aarch64' : 'x86_64', '-R']
    let output = ''
    for (const prefix of [[], fixed]) {
      const [command, ...args] = [...prefix, program]
      // Randomised addresses fail only now and then, hence more than one start.
      let code = 0
      for (let start = 0; start < 5 && code === 0; start++)
        ({ code, output } = await run(command, args, { quiet: true }))
      if (code === 0) return prefix
    }
    throw new Error(`ThreadSanitizer does not run here, with or without setarch -R:\n${output}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
