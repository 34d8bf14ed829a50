import { parseArgs } from 'node:util'
import { type Trial } from './trial.js'

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
  readonly programs: string
}

const flags = {
  smoke: { type: 'boolean', default: false },
  freeze: { type: 'boolean', default: false },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  only: { type: 'string' },
  json: { type: 'string' },
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
  return { ...trial, competitors: trial.competitors.filter(({ name }) => only.has(name)) }
}

function choose(all: readonly Trial[], names: readonly string[], only: string | undefined): Trial[] {
  const unknown = names.find((name) => !all.some((trial) => trial.name === name))
  if (unknown !== undefined) {
    throw new Error(`no trial is called '${unknown}'; there are ${all.map((trial) => trial.name).join(', ')}`)
  }
  const wanted = only === undefined ? undefined : new Set(only.split(','))
  const known = new Set(all.flatMap((trial) => trial.competitors.map((competitor) => competitor.name)))
  for (const name of wanted ?? []) {
    if (!known.has(name)) throw new Error(`no competitor is called '${name}'; there are ${[...known].join(', ')}`)
  }
  return all
    .filter((trial) => names.length === 0 || names.includes(trial.name))
    .map((trial) => restrict(trial, wanted))
    .filter((trial) => trial.competitors.length > 0)
}

/** `[trial ...] [--smoke] [--rounds N] [--seconds S] [--only a,b] [--json FILE] [--require-goals] --programs DIR`. */
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
    programs: values.programs,
  }
}
