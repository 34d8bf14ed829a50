import { perRound, rateRatio, spreadOf, type Spread } from './figures.js'
import { type Verdict } from './judge.js'
import { formatTable } from './table.js'
import { type LoadReport, type Measurement, type Trial, type TrialResult } from './trial.js'

/** One trial in the JSON file. */
export interface TrialReport {
  readonly name: string
  readonly variant: string
  readonly load: string
  readonly rates: Record<string, Spread>
  /** Per round, every competitor against every one named before it in the trial. */
  readonly ratios: Record<string, Spread>
  readonly rounds: TrialResult['rounds']
  readonly statistics: TrialResult['statistics']
  readonly absent: TrialResult['absent']
}

function describeLoad(trial: Trial): string {
  if (trial.kind === 'echo') return trial.load.join(' ')
  const { payload, destinations, measure } = trial.flow
  return `${measure} of ${payload} bytes to ${destinations} destination${destinations === 1 ? '' : 's'}`
}

function namesOf(trial: Trial): string[] {
  return trial.kind === 'echo' ? trial.competitors.map(({ name }) => name) : trial.competitors.map(({ name }) => name)
}

export function reportTrial(trial: Trial, result: TrialResult): TrialReport {
  const names = namesOf(trial)
  const rates: Record<string, Spread> = {}
  const ratios: Record<string, Spread> = {}
  names.forEach((name, i) => {
    const rate = spreadOf(perRound(result, name, (one) => one.load.rate))
    if (rate !== undefined) rates[name] = rate
    for (const other of names.slice(0, i)) {
      const ratio = spreadOf(rateRatio(name, other)(result))
      if (ratio !== undefined) ratios[`${name}/${other}`] = ratio
    }
  })
  const { name, variant } = trial
  return { name, variant, load: describeLoad(trial), rates, ratios, ...result }
}

/** Kernel calls per answer, where a driver counts both. */
function callsPerAnswer(statistics: object | undefined): string {
  const { systemCalls, answers } = (statistics ?? {}) as { systemCalls?: unknown; answers?: unknown }
  return typeof systemCalls === 'number' && typeof answers === 'number' && answers > 0
    ? (systemCalls / answers).toFixed(3)
    : '-'
}

/** Datagrams per second at the receiver, loss and CPU of both ends; medians over the rounds. */
function flowTable(trial: Trial, result: TrialResult): string {
  const header = 'competitor received/s min max offered accepted lost reordered sender-ns/sent receiver-ns/received'
  const rows = namesOf(trial).map((name) => {
    const rate = spreadOf(perRound(result, name, (one) => one.load.rate))
    if (rate === undefined) return [name, 'absent']
    const middle = (value: (of: Measurement) => number): string =>
      (spreadOf(perRound(result, name, value))?.median ?? 0).toFixed(0)
    const percent = spreadOf(perRound(result, name, ({ load }) => (load.sent > 0 ? (100 * load.lost) / load.sent : 0)))
    return [
      name,
      ...[rate.median, rate.min, rate.max].map((value) => value.toFixed(0)),
      ...[middle(({ load }) => load.offered ?? 0), middle(({ load }) => load.sent)],
      `${percent?.median.toFixed(1)} %`,
      middle(({ load }) => load.reordered ?? 0),
      middle(({ load }) => (load.sent > 0 ? (load.cpuSeconds * 1e9) / load.sent : 0)),
      middle((one) => (one.load.answeredAll > 0 ? (one.serverCpuSeconds * 1e9) / one.load.answeredAll : 0)),
    ]
  })
  return formatTable([header.split(' '), ...rows])
}

/** Answers per second, latency, loss and CPU of both sides; medians over the rounds, loss summed. */
export function rateTable(trial: Trial, result: TrialResult): string {
  if (trial.kind === 'flow') return flowTable(trial, result)
  const header = 'competitor answered/s min max p50µs p99µs p99.9µs lost server-µs/answer generator-CPU calls/answer'
  const rows = namesOf(trial).map((name) => {
    const rate = spreadOf(perRound(result, name, (one) => one.load.rate))
    if (rate === undefined) return [name]
    const middle = (value: (of: Measurement) => number, digits: number): string =>
      (spreadOf(perRound(result, name, value))?.median ?? 0).toFixed(digits)
    const ofLoad = (key: keyof LoadReport, digits: number): string => middle((one) => Number(one.load[key]), digits)
    const lost = perRound(result, name, (one) => one.load.lost).reduce((sum, value) => sum + value, 0)
    return [
      name,
      ...[rate.median, rate.min, rate.max].map((value) => value.toFixed(0)),
      ...[ofLoad('p50Us', 0), ofLoad('p99Us', 0), ofLoad('p999Us', 0), String(lost)],
      middle((one) => (one.serverCpuSeconds * 1e6) / one.load.answeredAll, 2),
      `${middle((one) => (100 * one.load.cpuSeconds) / one.load.seconds, 0)} %`,
      callsPerAnswer(result.statistics[name]),
    ]
  })
  return formatTable([header.split(' '), ...rows])
}

export function ratioTable(report: TrialReport): string {
  const rows = Object.entries(report.ratios).map(([pair, { median, min, max }]) => [
    pair,
    ...[median, min, max].map((value) => value.toFixed(2)),
  ])
  return formatTable([['ratio of the rates, per round', 'median', 'min', 'max'], ...rows])
}

export function verdictTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ id, variant, goal, measured, min, max, met }) => [
    `${id} ${variant}`,
    goal,
    ...[measured, min, max].map((value) => value.toFixed(2)),
    met ? 'yes' : 'NO',
  ])
  return formatTable([['goal', 'wanted', 'measured', 'min', 'max', 'met'], ...rows])
}
