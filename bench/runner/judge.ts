import { spreadOf } from './figures.js'
import { type Goal, type Trial, type TrialResult } from './trial.js'

/** A goal beside what was measured; in the JSON file as it is here. */
export interface Verdict {
  readonly id: string
  /** The trial, and what is compared in it. */
  readonly variant: string
  readonly goal: string
  /** Median over the rounds. */
  readonly measured: number
  readonly min: number
  readonly max: number
  readonly met: boolean
}

/** Undefined when a competitor of the goal did not run. */
function judge(trial: Trial, goal: Goal, result: TrialResult): Verdict | undefined {
  const spread = spreadOf(goal.figure(result))
  if (spread === undefined) return undefined
  const met = goal.comparison === '>=' ? spread.median >= goal.threshold : spread.median <= goal.threshold
  const { id, variant, comparison, threshold } = goal
  return {
    id,
    variant: `${trial.name}: ${variant}`,
    goal: `${comparison} ${threshold}`,
    measured: spread.median,
    min: spread.min,
    max: spread.max,
    met,
  }
}

/** `goals` of the trial: its goals, or what it must show to count. */
export function judgeAll(trial: Trial, goals: readonly Goal[], result: TrialResult): Verdict[] {
  return goals.map((goal) => judge(trial, goal, result)).filter((verdict) => verdict !== undefined)
}

/** Why the run does not count; empty when it does. */
export function voidReasons(trial: Trial, result: TrialResult): string[] {
  return judgeAll(trial, trial.sanity, result)
    .filter((verdict) => !verdict.met)
    .map((verdict) => `${verdict.variant} is ${verdict.measured.toFixed(2)}, must be ${verdict.goal}`)
}

/** Servers that answered wrongly or not at all: one line each. Such a run fails, whatever its rates are. */
export function wrongAnswers(trial: Trial, result: TrialResult): string[] {
  return result.rounds.flat().flatMap(({ competitor, load }) => {
    const where = `${trial.name}: ${competitor}`
    if (load.bad > 0) return [`${where}: ${load.bad} wrong replies, the first: ${load.firstBad}`]
    if (load.answered === 0) return [`${where}: no request was answered`]
    if (load.lost > 0 && trial.kind === 'echo' && !trial.mayLose)
      return [`${where}: ${load.lost} requests were never answered`]
    return []
  })
}
