/** A server under test: a child process that keeps the drivers' protocol (drivers/driver-protocol.ts). */
export interface Competitor {
  readonly name: string
  /** An absolute path, or the name of a program of bench/native. */
  readonly executable: string
  readonly args: readonly string[]
}

/** One line of `netvolley_load --json`. */
export interface LoadReport {
  readonly answered: number
  readonly seconds: number
  readonly rate: number
  readonly sent: number
  readonly lost: number
  readonly bad: number
  readonly p50Us: number
  readonly p99Us: number
  readonly p999Us: number
  readonly maxUs: number
  readonly cpuSeconds: number
  /** Over warm-up, window and drain: what the CPU time of the server is divided by. */
  readonly answeredAll: number
  /** What the first bad reply was; empty without one. */
  readonly firstBad: string
}

/** One competitor in one round. */
export interface Measurement {
  readonly competitor: string
  readonly load: LoadReport
  /** User and system time of the server process during the whole load. */
  readonly serverCpuSeconds: number
}

export interface TrialResult {
  /** Each round holds every competitor once, in the order in which they ran; the warm-up round is not among them. */
  readonly rounds: readonly (readonly Measurement[])[]
  /** What each driver printed when it ended. */
  readonly statistics: Readonly<Record<string, object>>
}

/** A figure with one value per round, e.g. the ratio of two rates of that round. Empty: it cannot be formed. */
export type Figure = (result: TrialResult) => number[]

export interface Goal {
  readonly id: string
  readonly variant: string
  readonly figure: Figure
  readonly comparison: '>=' | '<='
  readonly threshold: number
}

export interface Trial {
  readonly name: string
  readonly variant: string
  readonly about: string
  readonly competitors: readonly Competitor[]
  /** Arguments of `netvolley_load`, without port, duration and `--json`. */
  readonly load: readonly string[]
  /** TCP loses nothing: a request without its reply is a wrong answer. UDP may, and it is reported. */
  readonly mayLose: boolean
  readonly goals: readonly Goal[]
  /** What must hold for the run to count at all; judged by the median like a goal. */
  readonly sanity: readonly Goal[]
}
