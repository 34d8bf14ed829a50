import { DriverProcess } from './driver-process.js'
import { runLoad, type LoadDuration } from './load.js'
import { FlowPair, measureFlow } from './run-flow.js'
import { type Absent, type EchoTrial, type FlowTrial, type Measurement, type Trial, type TrialResult } from './trial.js'

export interface RunSettings {
  /** Folder of the native programs. */
  readonly programs: string
  readonly rounds: number
  /** Rounds that run first and count nowhere: compilers and caches of all competitors get warm. */
  readonly warmUpRounds: number
  readonly duration: LoadDuration
  /** Before each load: what runs now, and how many loads are done. */
  readonly onProgress: (competitor: string, done: number) => void
}

export function loadsOf(trial: Trial, settings: RunSettings): number {
  return (settings.rounds + settings.warmUpRounds) * trial.competitors.length
}

/** A B C, then B C A, then C A B: nobody always runs after the same neighbour's heat, or first. */
export function rotate<T>(items: readonly T[], by: number): T[] {
  return items.map((_, i) => items[(i + by) % items.length])
}

async function measure(trial: EchoTrial, driver: DriverProcess, settings: RunSettings): Promise<Measurement> {
  const before = driver.cpuSeconds()
  const load = await runLoad(settings.programs, driver.port, trial.load, settings.duration)
  if (driver.hasEnded) throw new Error(`${driver.competitor.name} ended during the load`)
  return { competitor: driver.competitor.name, load, serverCpuSeconds: driver.cpuSeconds() - before }
}

async function runRounds<Runner extends { readonly competitor: { readonly name: string } }>(
  runners: readonly Runner[],
  settings: RunSettings,
  run: (runner: Runner) => Promise<Measurement>,
): Promise<Measurement[][]> {
  const rounds: Measurement[][] = []
  let done = 0
  for (let round = 0; round < settings.warmUpRounds + settings.rounds; round++) {
    const measurements: Measurement[] = []
    for (const runner of rotate(runners, round)) {
      settings.onProgress(runner.competitor.name, done++)
      measurements.push(await run(runner))
    }
    if (round >= settings.warmUpRounds) rounds.push(measurements)
  }
  return rounds
}

interface Stoppable {
  readonly competitor: { readonly name: string }
  stop(): Promise<object>
}

/** Rounds, then the statistics of every runner, which have all ended when this returns. */
async function finishAll(runners: readonly Stoppable[], rounds: Promise<Measurement[][]>, absent: readonly Absent[]) {
  let measured: Measurement[][]
  try {
    measured = await rounds
  } catch (error) {
    await Promise.allSettled(runners.map((runner) => runner.stop()))
    throw error
  }
  const statistics: Record<string, object> = {}
  for (const runner of runners) statistics[runner.competitor.name] = await runner.stop()
  return { rounds: measured, statistics, absent }
}

/** Starts all at once. Those that may be missing are left out when they cannot be started, else nothing is measured. */
async function withAll<Runner extends Stoppable>(
  starts: readonly { readonly name: string; readonly optional?: boolean; start(): Promise<Runner> }[],
  settings: RunSettings,
  run: (runner: Runner) => Promise<Measurement>,
): Promise<TrialResult> {
  const results = await Promise.allSettled(starts.map((one) => one.start()))
  const runners: Runner[] = []
  const absent: Absent[] = []
  let failure: Error | undefined
  results.forEach((result, i) => {
    const { name, optional } = starts[i]
    if (result.status === 'fulfilled') runners.push(result.value)
    else if (optional === true) absent.push({ name, reason: String((result.reason as Error).message) })
    else failure ??= result.reason as Error
  })
  const rounds = failure === undefined ? runRounds(runners, settings, run) : Promise.reject<Measurement[][]>(failure)
  return finishAll(runners, rounds, absent)
}

function runEchoTrial(trial: EchoTrial, settings: RunSettings): Promise<TrialResult> {
  const starts = trial.competitors.map((competitor) => ({
    ...competitor,
    start: () => DriverProcess.start(competitor, settings.programs),
  }))
  return withAll(starts, settings, (driver) => measure(trial, driver, settings))
}

function runFlowTrial(trial: FlowTrial, settings: RunSettings): Promise<TrialResult> {
  const starts = trial.competitors.map((competitor) => ({
    ...competitor,
    start: () => FlowPair.start(competitor, settings.programs),
  }))
  return withAll(starts, settings, (pair) => measureFlow(pair, trial.flow, settings.duration))
}

/** Whatever happens, every driver that was started has ended when this returns. */
export function runTrial(trial: Trial, settings: RunSettings): Promise<TrialResult> {
  return trial.kind === 'echo' ? runEchoTrial(trial, settings) : runFlowTrial(trial, settings)
}
