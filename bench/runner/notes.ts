import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Verdict } from './judge.js'

/**
 * What was tried for the goals that are not met, from bench/notes.json: `{ "U3 udp-receive-64: nv-friendly / node": ["tried ...: +4 %"] }`.
 */
export function notesFor(root: string, verdicts: readonly Verdict[]): string[] {
  const notes = JSON.parse(readFileSync(join(root, 'bench', 'notes.json'), 'utf8')) as Record<string, string[]>
  return verdicts
    .filter((verdict) => !verdict.met)
    .flatMap(({ id, variant }) => (notes[`${id} ${variant}`] ?? []).map((note) => `  ${id} ${variant}: ${note}`))
}
