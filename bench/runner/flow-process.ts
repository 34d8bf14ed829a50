import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { isAbsolute, join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { type Readable, type Writable } from 'node:stream'
import { cpuSecondsOf } from './driver-process.js'
import { type Program } from './trial.js'

const stopPatienceMs = 5000
/** Beyond the time that an order takes by itself. */
const answerPatienceMs = 20_000

/** One end of a flow: a child that says `READY` or `PORT n`, then answers each line with one line of JSON. */
export class FlowProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: string[] = []
  #waiting: ((line: string) => void) | undefined

  private constructor(
    private readonly name: string,
    child: ChildProcessByStdio<Writable, Readable, null>,
    reader: Interface,
  ) {
    this.#child = child
    // A driver that died is reported by its exit; the write that found out adds nothing.
    child.stdin.on('error', () => undefined)
    reader.on('line', (line) => {
      if (this.#waiting === undefined) this.#lines.push(line)
      else this.#waiting(line)
    })
  }

  /** With the port of a receiver, 0 of a sender. Its standard error is the runner's, unless it may be missing. */
  static async start(
    name: string,
    program: Program,
    programs: string,
    isOptional: boolean,
  ): Promise<{ process: FlowProcess; port: number }> {
    const { executable, args } = program
    const path = isAbsolute(executable) ? executable : join(programs, executable)
    const child = spawn(path, args, { stdio: ['pipe', 'pipe', isOptional ? 'ignore' : 'inherit'] })
    const process = new FlowProcess(name, child, createInterface({ input: child.stdout }))
    const hello = await process.#nextLine(answerPatienceMs)
    const port = Number(/^PORT (\d+)$/.exec(hello)?.[1] ?? 0)
    if (port > 0 || hello === 'READY') return { process, port }
    child.kill()
    throw new Error(`${name} printed '${hello}' instead of PORT or READY`)
  }

  #nextLine(patienceMs: number): Promise<string> {
    const line = this.#lines.shift()
    if (line !== undefined) return Promise.resolve(line)
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer)
        this.#waiting = undefined
        this.#child.off('error', onError).off('exit', onExit)
      }
      const fail = (reason: string): void => {
        finish()
        reject(new Error(`${this.name} ${reason}`))
      }
      const onError = (error: Error): void => fail(`cannot be started: ${error.message}`)
      const onExit = (code: number | null, signal: string | null): void => fail(`ended (${signal ?? code})`)
      const timer = setTimeout(() => fail('does not answer'), patienceMs)
      this.#child.on('error', onError).on('exit', onExit)
      this.#waiting = (text) => {
        finish()
        resolve(text)
      }
    })
  }

  /** Sends a line; the answer is awaited with what it returns. One order at a time. */
  async ask<Answer>(line: string, takesMs = 0): Promise<Answer> {
    this.#child.stdin.write(`${line}\n`)
    return JSON.parse(await this.#nextLine(takesMs + answerPatienceMs)) as Answer
  }

  cpuSeconds(): number {
    return cpuSecondsOf(this.#child.pid)
  }

  /** Closes its input and returns the statistics that it prints; kills it when it does not end. */
  async stop(): Promise<object> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return {}
    const exited = new Promise((resolve) => this.#child.once('close', resolve))
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopPatienceMs)
    this.#child.stdin.end()
    await exited
    clearTimeout(timer)
    return JSON.parse(this.#lines.pop() ?? '{}') as object
  }
}
