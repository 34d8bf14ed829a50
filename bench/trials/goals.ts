import { rateRatio } from '../runner/figures.js'
import { type Goal } from '../runner/trial.js'

/** `id`: the row of the project's table of performance goals. */
export function atLeast(id: string, above: string, below: string, threshold: number): Goal {
  const figure = rateRatio(above, below)
  return { id, variant: `${above} / ${below}`, figure, comparison: '>=', threshold }
}
