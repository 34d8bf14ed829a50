import type { Clock } from './clock'
import type { Network } from './network'
import type { RandomSource } from './random-source'

export type RuntimeKind = 'real' | 'sim' | 'chaos'

/** All that a control-plane component knows of the world. */
export interface Runtime {
  readonly kind: RuntimeKind
  readonly clock: Clock
  readonly random: RandomSource
  readonly network: Network
  /** True where the simulator wants this site to misbehave. Elsewhere false, without a draw. */
  buggify(site: string, options?: { probability?: number }): boolean
  /** `normal`, or in the simulator at times another value in [lo, hi]. */
  knob(site: string, normal: number, lo: number, hi: number): number
}
