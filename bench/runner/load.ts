import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { type LoadReport } from './trial.js'

export interface LoadDuration {
  readonly seconds: number
  readonly warmUpSeconds: number
}

/** Runs the generator once. It ends with 1 after wrong answers, and its report then says so: only no report is an error. */
export function runLoad(
  programs: string,
  port: number,
  load: readonly string[],
  duration: LoadDuration,
): Promise<LoadReport> {
  const timing = ['--seconds', String(duration.seconds), '--warmup', String(duration.warmUpSeconds)]
  const args = [...load, '--port', String(port), ...timing, '--json']
  return new Promise((resolve, reject) => {
    execFile(join(programs, 'netvolley_load'), args, (error, stdout, stderr) => {
      if (stdout.startsWith('{')) return resolve(JSON.parse(stdout) as LoadReport)
      reject(new Error(`netvolley_load ${args.join(' ')} gave no report: ${stderr.trim() || error?.message}`))
    })
  })
}
