import { DriverProcess } from './driver-process.js'
import { runLoad, type LoadDuration } from './load.js'
import { type Measurement, type Trial, type TrialResult } from './trial.js'

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

async function measure(trial: Trial, driver: DriverProcess, settings: RunSettings): Promise<Measurement> {
  const before = driver.cpuSeconds()
  const load = await runLoad(settings.programs, driver.port, trial.load, settings.duration)
  if (driver.hasEnded) throw new Error(`${driver.competitor.name} ended during the load`)
  return { competitor: driver.competitor.name, load, serverCpuSeconds: driver.cpuSeconds() - before }
}

async function runRounds(trial: Trial, drivers: readonly DriverProcess[], settings: RunSettings) {
  const rounds: Measurement[][] = []
  let done = 0
  for (let round = 0; round < settings.warmUpRounds + settings.rounds; round++) {
    const measurements: Measurement[] = []
    for (const driver of rotate(drivers, round)) {
      settings.onProgress(driver.competitor.name, done++)
      measurements.push(await measure(trial, driver, settings))
    }
    if (round >= settings.warmUpRounds) rounds.push(measurements)
  }
  return rounds
}

/** Whatever happens, every driver that was started has ended when this returns. */
export async function runTrial(trial: Trial, settings: RunSettings): Promise<TrialResult> {
  const starts = await Promise.allSettled(
    trial.competitors.map((competitor) => DriverProcess.start(competitor, settings.programs)),
  )
  const drivers = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
  const failed = starts.find((start) => start.status === 'rejected')
  let rounds: Measurement[][]
  try {
    if (failed !== undefined) throw failed.reason
    rounds = await runRounds(trial, drivers, settings)
  } catch (error) {
    await Promise.allSettled(drivers.map((driver) => driver.stop()))
    throw error
  }
  const statistics: Record<string, object> = {}
  for (const driver of drivers) statistics[driver.competitor.name] = await driver.stop()
  return { rounds, statistics }
}
