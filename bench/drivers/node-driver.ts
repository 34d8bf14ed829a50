import { join } from 'node:path'
import { type Competitor } from '../runner/trial.js'

/** A competitor that is a Node program of this folder. */
export function nodeDriver(name: string, program: string, ...args: string[]): Competitor {
  return { name, executable: process.execPath, args: [join(__dirname, program), ...args] }
}
