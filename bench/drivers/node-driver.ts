import { join } from 'node:path'
import { type Competitor } from '../runner/trial.js'

/** Bun comes as an npm package of its own, which need not be installed. */
export const bunExecutable = join(__dirname, '..', '..', '..', 'node_modules', '.bin', 'bun')

export function bunDriver(name: string, program: string, ...args: string[]): Competitor {
  return { name, executable: bunExecutable, args: [join(__dirname, program), ...args], optional: true }
}

/** A competitor that is a Node program of this folder. */
export function nodeDriver(name: string, program: string, ...args: string[]): Competitor {
  return { name, executable: process.execPath, args: [join(__dirname, program), ...args] }
}
