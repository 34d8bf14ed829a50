import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { type Readable, type Writable } from 'node:stream'
import { type Competitor } from './trial.js'

/** USER_HZ of Linux on every architecture that Node runs on: the unit of the times in /proc/PID/stat. */
const clockTicksPerSecond = 100

const stopPatienceMs = 5000

/** User and system time of a process so far, of all its threads. */
export function cpuSecondsOf(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the program's name in parentheses and may hold spaces: count from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond
}

/** A competitor's server, from its start until its own statistics were read. */
export class DriverProcess {
  private constructor(
    readonly competitor: Competitor,
    readonly port: number,
    private readonly child: ChildProcessByStdio<Writable, Readable, null>,
    private readonly lines: Interface,
  ) {}

  /** Resolves when it listens; rejects when it ends before that. Its standard error is the runner's. */
  static start(competitor: Competitor, programs: string): Promise<DriverProcess> {
    const { name, executable, args, optional } = competitor
    const path = isAbsolute(executable) ? executable : join(programs, executable)
    const child = spawn(path, args, { stdio: ['pipe', 'pipe', optional === true ? 'ignore' : 'inherit'] })
    const lines = createInterface({ input: child.stdout })
    return new Promise((resolve, reject) => {
      child.once('error', (error) => reject(new Error(`${name} cannot be started: ${error.message}`)))
      child.once('exit', (code, signal) => reject(new Error(`${name} ended before it listened (${signal ?? code})`)))
      // A driver that died is reported by its exit; the write that found out adds nothing.
      child.stdin.on('error', () => undefined)
      lines.once('line', (line) => {
        const port = Number(/^PORT (\d+)$/.exec(line)?.[1])
        if (port > 0) return resolve(new DriverProcess(competitor, port, child, lines))
        child.kill()
        reject(new Error(`${name} printed '${line}' instead of its port`))
      })
    })
  }

  cpuSeconds(): number {
    return cpuSecondsOf(this.child.pid)
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  /** Closes its input and returns the statistics that it prints; kills it when it does not end. */
  async stop(): Promise<object> {
    if (this.hasEnded) throw new Error(`${this.competitor.name} ended during the run`)
    const exited = new Promise((resolve) => this.child.once('close', resolve))
    let last = '{}'
    this.lines.on('line', (line) => (last = line))
    const timer = setTimeout(() => this.child.kill('SIGKILL'), stopPatienceMs)
    this.child.stdin.end()
    await exited
    clearTimeout(timer)
    if (this.child.signalCode !== null) throw new Error(`${this.competitor.name} did not end with its input`)
    return JSON.parse(last) as object
  }
}
