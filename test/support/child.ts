/** Programs of test/process/fixtures in processes of their own, over the built library in dist/. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'

const root = path.resolve(__dirname, '../..')

export interface ChildResult {
  readonly code: number | null
  readonly signal: string | null
  /** stdout, line by line. */
  readonly lines: readonly string[]
  readonly stderr: string
}

export interface ChildOptions {
  readonly nodeArgs?: readonly string[]
  /** A command that runs the command after it: `['unshare', '-n']`. */
  readonly prefix?: readonly string[]
  /** ms, then it is killed and the test fails with what it has printed. */
  readonly limitMs?: number
}

/** Runs a fixture to its end. */
export function runChild(
  fixture: string,
  args: readonly string[] = [],
  { nodeArgs = [], prefix = [], limitMs = 20_000 }: ChildOptions = {},
): Promise<ChildResult> {
  if (!existsSync(path.join(root, 'dist/index.mjs'))) throw new Error('dist/ is missing: node scripts/build-lib.mjs')
  const file = path.join(root, 'test/process/fixtures', fixture)
  return new Promise((resolve, reject) => {
    const [command, ...words] = [...prefix, process.execPath, ...nodeArgs, file, ...args]
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const lines = stdout.split('\n').filter((line) => line !== '')
      resolve({ code, signal, lines, stderr })
    })
  })
}

/** The same for a fixture that must end by itself with code 0. @returns its lines */
export async function runToEnd(
  fixture: string,
  args: readonly string[] = [],
  options: ChildOptions = {},
): Promise<readonly string[]> {
  const { code, signal, lines, stderr } = await runChild(fixture, args, options)
  if (code === 0) return lines
  const how = signal === null ? `exit code ${String(code)}` : `killed by ${signal}`
  throw new Error(`${fixture} ${args.join(' ')}: ${how}\n${lines.join('\n')}\n${stderr}`)
}
