import { parseArgs } from 'node:util'
import { type Trial, type TrialGroup } from './trial.js'

export interface RunnerOptions {
  readonly trials: readonly Trial[]
  readonly rounds: number
  readonly warmUpRounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly isSmoke: boolean
  /** Nothing is measured: the C++ references are recorded as they are. */
  readonly isFreeze: boolean
  readonly requireGoals: boolean
  readonly jsonFile: string | undefined
  /** Beside the JSON file unless `--html` names another place. */
  readonly htmlFile: string | undefined
  readonly programs: string
}

const flags = {
  smoke: { type: 'boolean', default: false },
  freeze: { type: 'boolean', default: false },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  only: { type: 'string' },
  json: { type: 'string' },
  html: { type: 'string' },
  programs: { type: 'string' },
  'require-goals': { type: 'boolean', default: false },
} as const

function positive(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!(value > 0)) throw new Error(`--${name} takes a number above 0, got '${text}'`)
  return value
}

function restrict(trial: Trial, only: ReadonlySet<string> | undefined): Trial {
  if (only === undefined) return trial
  if (trial.kind === 'echo') return { ...trial, competitors: trial.competitors.filter(({ name }) => only.has(name)) }
  return { ...trial, competitors: trial.competitors.filter(({ name }) => only.has(name)) }
}

const groups: ReadonlySet<string> = new Set<TrialGroup>(['server', 'udp'])

/** By its group, its own name, or the beginning of several (`udp-send` of `udp-send-64`). */
function isCalled(trial: Trial, name: string): boolean {
  if (groups.has(name)) return trial.group === name
  return trial.name === name || trial.name.startsWith(`${name}-`)
}

function choose(all: readonly Trial[], names: readonly string[], only: string | undefined): Trial[] {
  const unknown = names.find((name) => !all.some((trial) => isCalled(trial, name)))
  if (unknown !== undefined) {
    const known = [...groups, ...all.map((trial) => trial.name)]
    throw new Error(`no trial is called '${unknown}'; there are ${known.join(', ')}`)
  }
  const wanted = only === undefined ? undefined : new Set(only.split(','))
  const known = new Set(all.flatMap((trial) => trial.competitors.map((competitor) => competitor.name)))
  for (const name of wanted ?? []) {
    if (!known.has(name)) throw new Error(`no competitor is called '${name}'; there are ${[...known].join(', ')}`)
  }
  return all
    .filter((trial) => names.length === 0 || names.some((name) => isCalled(trial, name)))
    .map((trial) => restrict(trial, wanted))
    .filter((trial) => trial.competitors.length > 0)
}

/** `[trial ...] [--smoke] [--rounds N] [--seconds S] [--only a,b] [--json FILE] [--html FILE] [--require-goals] --programs DIR`. */
export function readOptions(args: readonly string[], all: readonly Trial[]): RunnerOptions {
  const { values, positionals } = parseArgs({ args: [...args], options: flags, allowPositionals: true })
  const isSmoke = values.smoke
  if (values.programs === undefined) throw new Error('--programs DIR is required: start through scripts/bench.mjs')
  const trials = choose(all, positionals, values.only)
  if (trials.length === 0) throw new Error('nothing to run: no chosen trial has one of the chosen competitors')
  return {
    trials,
    rounds: Math.ceil(positive('rounds', values.rounds, isSmoke ? 1 : 5)),
    warmUpRounds: isSmoke ? 0 : 1,
    seconds: positive('seconds', values.seconds, isSmoke ? 0.3 : 2),
    warmUpSeconds: isSmoke ? 0.1 : 0.3,
    isSmoke,
    isFreeze: values.freeze,
    requireGoals: values['require-goals'],
    jsonFile: values.json,
    htmlFile: values.html ?? values.json?.replace(/(\.json)?$/, '.html'),
    programs: values.programs,
  }
}
