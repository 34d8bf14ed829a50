// The bench runner. Ends with 0; 1: a server answered wrongly or could not run; 2: a goal was not met and
// --require-goals was given; 3: the run is void, its figures mean nothing.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Presets, SingleBar } from 'cli-progress'
import { judgeAll, voidReasons, wrongAnswers, type Verdict } from './judge.js'
import { htmlReport, type BenchResult } from './html-report.js'
import { describeMachine, describeVersions, freeze, hashSources, readFrozen } from './machine.js'
import { readOptions, type RunnerOptions } from './options.js'
import { notesFor } from './notes.js'
import { ratioTable, rateTable, reportTrial, verdictTable, type TrialReport } from './report.js'
import { loadsOf, runTrial, type RunSettings } from './run-trial.js'
import { type Trial, type TrialResult } from './trial.js'
import { trials } from '../trials/index.js'

interface Outcome {
  readonly reports: TrialReport[]
  readonly verdicts: Verdict[]
  readonly sanity: Verdict[]
  readonly wrong: string[]
  readonly voids: string[]
}

const root = join(__dirname, '..', '..', '..')

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

async function runWithProgress(trial: Trial, options: RunnerOptions): Promise<TrialResult> {
  const bar = new SingleBar({ format: `${trial.name} [{bar}] {value}/{total} {competitor}` }, Presets.legacy)
  const settings: RunSettings = {
    programs: options.programs,
    rounds: options.rounds,
    warmUpRounds: options.warmUpRounds,
    duration: { seconds: options.seconds, warmUpSeconds: options.warmUpSeconds },
    onProgress: (competitor, done) => bar.update(done, { competitor }),
  }
  const total = loadsOf(trial, settings)
  bar.start(total, 0, { competitor: '' })
  try {
    const result = await runTrial(trial, settings)
    bar.update(total, { competitor: '' })
    return result
  } finally {
    bar.stop()
  }
}

async function runAll(options: RunnerOptions): Promise<Outcome> {
  const outcome: Outcome = { reports: [], verdicts: [], sanity: [], wrong: [], voids: [] }
  for (const trial of options.trials) {
    print(`\n${trial.name}: ${trial.about}`)
    const result = await runWithProgress(trial, options)
    for (const { name, reason } of result.absent) print(`\n${name} is left out: ${reason}`)
    const report = reportTrial(trial, result)
    const verdicts = judgeAll(trial, trial.goals, result)
    print(`\n${rateTable(trial, result)}\n\n${ratioTable(report)}`)
    const sanity = judgeAll(trial, trial.sanity, result)
    const judged = [...sanity, ...verdicts]
    if (judged.length > 0) print(`\n${verdictTable(judged)}`)
    for (const line of notesFor(root, judged)) print(line)
    outcome.reports.push(report)
    outcome.verdicts.push(...verdicts)
    outcome.sanity.push(...sanity)
    outcome.wrong.push(...wrongAnswers(trial, result))
    // One short round says whether everything works, not how fast it is: a smoke run is never void.
    if (!options.isSmoke) outcome.voids.push(...voidReasons(trial, result))
  }
  return outcome
}

function write(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}

function exitCodeOf(outcome: Outcome, options: RunnerOptions): number {
  for (const line of outcome.wrong) process.stderr.write(`WRONG ANSWERS ${line}\n`)
  for (const line of outcome.voids) process.stderr.write(`VOID ${line}\n`)
  if (outcome.wrong.length > 0) return 1
  if (outcome.voids.length > 0) return 3
  return options.requireGoals && outcome.verdicts.some((verdict) => !verdict.met) ? 2 : 0
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), trials)
  if (options.isFreeze) {
    print(`frozen: sha256 ${freeze(root).sha256}`)
    return 0
  }
  const machine = describeMachine()
  const frozen = readFrozen(root)
  const referenceHash = hashSources(root, frozen.files)
  print(`${machine.cpus} CPUs (the load generator takes one), ${machine.cpu}, ${machine.system} ${machine.kernel}`)
  print(`node ${process.version}; C++ reference sha256 ${referenceHash}`)
  print(`${options.rounds} rounds of ${options.seconds} s after ${options.warmUpRounds} warm-up rounds`)
  const outcome = await runAll(options)
  if (referenceHash !== frozen.sha256 && !options.isSmoke) {
    outcome.voids.push('the C++ reference differs from bench/native/frozen.json: see bench/README.md, "Frozen"')
  }
  const { verdicts: goals, sanity, reports, voids } = outcome
  const written: BenchResult = {
    machine,
    versions: describeVersions(root, referenceHash),
    void: voids,
    goals,
    sanity,
    trials: reports,
  }
  if (options.jsonFile !== undefined) write(options.jsonFile, `${JSON.stringify(written, null, 2)}\n`)
  if (options.htmlFile !== undefined) write(options.htmlFile, htmlReport(written))
  return exitCodeOf(outcome, options)
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  },
)
