/** Every default of this folder, with its unit and its reason. */
import type { NumberLimits } from '../runtime'

export const JITTERS = ['full', 'equal', 'decorrelated', 'proportional', 'none'] as const
export type Jitter = (typeof JITTERS)[number]

export const MEASURE_FROM = ['start', 'end'] as const
export type MeasureFrom = (typeof MEASURE_FROM)[number]

export const PRESETS = ['default', 'validator', 'quick', 'grpc', 'local', 'wan'] as const
export type BackoffPreset = (typeof PRESETS)[number]

/** What a preset decides; the rest keeps the default of `backoffLimits`. */
export interface BackoffPresetOptions {
  readonly initialDelayMs: number
  readonly multiplier: number
  readonly maxDelayMs: number
  readonly jitter: Jitter
  readonly jitterRatio: number
  readonly maxAttempts: number
}

export const backoffPresets: Readonly<Record<BackoffPreset, BackoffPresetOptions>> = {
  /** Moonpool and FoundationDB. */
  default: {
    initialDelayMs: 100,
    multiplier: 2,
    maxDelayMs: 30_000,
    jitter: 'full',
    jitterRatio: 0.2,
    maxAttempts: Infinity,
  },
  /** slonana.cpp's connection cache, whose delays had no jitter: after an outage all clients came back at once. */
  validator: {
    initialDelayMs: 1_000,
    multiplier: 2,
    maxDelayMs: 32_000,
    jitter: 'full',
    jitterRatio: 0.2,
    maxAttempts: 5,
  },
  /** QuDAG: for retries of a request, not of a connection. */
  quick: {
    initialDelayMs: 100,
    multiplier: 2,
    maxDelayMs: 30_000,
    jitter: 'proportional',
    jitterRatio: 0.1,
    maxAttempts: 3,
  },
  /** gRPC's connection backoff protocol. */
  grpc: {
    initialDelayMs: 1_000,
    multiplier: 1.6,
    maxDelayMs: 120_000,
    jitter: 'proportional',
    jitterRatio: 0.2,
    maxAttempts: Infinity,
  },
  /** Moonpool, one machine or rack. */
  local: { initialDelayMs: 10, multiplier: 2, maxDelayMs: 1_000, jitter: 'full', jitterRatio: 0.2, maxAttempts: 10 },
  /** Moonpool, between sites. */
  wan: {
    initialDelayMs: 500,
    multiplier: 2,
    maxDelayMs: 60_000,
    jitter: 'full',
    jitterRatio: 0.2,
    maxAttempts: Infinity,
  },
}

/** A delay of 0 would dial in a tight loop; a longer one than this is a mistake in the unit. */
const SHORTEST_MS = 0.001
const LONGEST_MS = 365 * 24 * 3_600_000

/** Ranges; a limit without `default` takes it from the preset. */
export const backoffLimits = {
  initialDelayMs: { min: SHORTEST_MS, max: LONGEST_MS, unit: 'ms' },
  multiplier: { min: 1, max: 1_000, unit: 'factor per attempt' },
  maxDelayMs: { min: SHORTEST_MS, max: LONGEST_MS, unit: 'ms' },
  /** Default: a tenth of `initialDelayMs`, so that no retry follows its failure at once. Only the jitter 'full' goes so low. */
  minDelayMs: { min: 0, max: LONGEST_MS, unit: 'ms' },
  jitterRatio: { min: 0, max: 1, unit: 'share of the delay' },
  resetAfterMs: {
    min: 0,
    max: Infinity,
    default: 10_000,
    unit: 'ms of stable connection',
    reason: 'a peer that accepts and then closes keeps the client backing off',
  },
  maxAttempts: { min: 0, max: Infinity, unit: 'retries' },
  maxElapsedMs: {
    min: 0,
    max: Infinity,
    default: Infinity,
    unit: 'ms',
    reason: 'a long-lived client never gives up by itself',
  },
} as const satisfies Record<string, NumberLimits>

/** gRPC: the time that an attempt took counts towards the delay after it. */
export const DEFAULT_MEASURE_FROM: MeasureFrom = 'start'
