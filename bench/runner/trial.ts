export interface Program {
  /** An absolute path, or the name of a program of bench/native. */
  readonly executable: string
  readonly args: readonly string[]
}

/** A server under test: a child process that keeps the drivers' protocol (drivers/driver-protocol.ts). */
export interface Competitor extends Program {
  readonly name: string
  /** Where it cannot be started it is left out, with one line that says so. */
  readonly optional?: boolean
}

/** Two processes, one sends and one receives; each keeps the flow protocol (bench/README.md, "Flows"). */
export interface FlowCompetitor {
  readonly name: string
  readonly receiver: Program
  readonly sender: Program
  /** Where it cannot be started it is left out, with one line that says so. */
  readonly optional?: boolean
}

/** One line of `netvolley_load --json`; of a flow the same fields, with the receiver's datagrams as the answers. */
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
  /** Flows: datagrams that the program tried to send; `sent` is what its kernel took. */
  readonly offered?: number
  readonly reordered?: number
}

/** One competitor in one round. */
export interface Measurement {
  readonly competitor: string
  readonly load: LoadReport
  /** User and system time of the server process, or the receiving end, during the whole load. */
  readonly serverCpuSeconds: number
}

export interface TrialResult {
  /** Each round holds every competitor once, in the order in which they ran; the warm-up round is not among them. */
  readonly rounds: readonly (readonly Measurement[])[]
  /** What each driver printed when it ended. */
  readonly statistics: Readonly<Record<string, object>>
  /** Competitors that could not be started and may be missing. */
  readonly absent: readonly Absent[]
}

export interface Absent {
  readonly name: string
  readonly reason: string
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

export type TrialGroup = 'server' | 'udp'

interface TrialBase {
  readonly name: string
  readonly group: TrialGroup
  readonly variant: string
  readonly about: string
  readonly goals: readonly Goal[]
  /** What must hold for the run to count at all; judged by the median like a goal. */
  readonly sanity: readonly Goal[]
}

export interface EchoTrial extends TrialBase {
  readonly kind: 'echo'
  readonly competitors: readonly Competitor[]
  /** Arguments of `netvolley_load`, without port, duration and `--json`. */
  readonly load: readonly string[]
  /** TCP loses nothing: a request without its reply is a wrong answer. UDP may, and it is reported. */
  readonly mayLose: boolean
}

export interface FlowLoad {
  /** Bytes of each datagram. */
  readonly payload: number
  readonly destinations: number
  /** `flow`: as fast as the sender can; `drain`: the receiver sleeps, then empties its full socket buffer against the clock. */
  readonly measure: 'flow' | 'drain'
}

export interface FlowTrial extends TrialBase {
  readonly kind: 'flow'
  readonly competitors: readonly FlowCompetitor[]
  readonly flow: FlowLoad
}

export type Trial = EchoTrial | FlowTrial
