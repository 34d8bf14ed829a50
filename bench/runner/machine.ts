import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'

export interface Machine {
  readonly system: string
  readonly kernel: string
  readonly arch: string
  readonly cpu: string
  readonly cpus: number
  readonly memoryBytes: number
}

export function describeMachine(): Machine {
  return {
    system: type(),
    kernel: release(),
    arch: arch(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
  }
}

/** bench/native/frozen.json: the sources of the C++ references, and their hash when they were frozen. */
export interface Frozen {
  readonly files: readonly string[]
  readonly sha256: string
}

function frozenFile(root: string): string {
  return join(root, 'bench', 'native', 'frozen.json')
}

export function readFrozen(root: string): Frozen {
  return JSON.parse(readFileSync(frozenFile(root), 'utf8')) as Frozen
}

/** Records the references as they are now. */
export function freeze(root: string): Frozen {
  const { files } = readFrozen(root)
  const frozen = { files, sha256: hashSources(root, files) }
  writeFileSync(frozenFile(root), `${JSON.stringify(frozen, null, 2)}\n`)
  return frozen
}

/** Over names and contents, in the order of the list. */
export function hashSources(root: string, files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) {
    hash.update(`${file}\0`)
    hash.update(readFileSync(join(root, 'bench', 'native', file)))
    hash.update('\0')
  }
  return hash.digest('hex')
}

export interface Versions {
  readonly node: string
  readonly netvolley: string
  /** sha256 of the C++ reference sources. */
  readonly reference: string
  /** npm packages that are measured beside netvolley; those that are installed. */
  readonly competitors: Readonly<Record<string, string>>
}

function versionIn(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version
}

export function describeVersions(root: string, referenceHash: string): Versions {
  const competitors: Record<string, string> = {}
  for (const name of ['bun', 'udx-native']) {
    const folder = join(root, 'node_modules', name)
    if (existsSync(folder)) competitors[name] = versionIn(folder)
  }
  return { node: process.version, netvolley: versionIn(root), reference: referenceHash, competitors }
}
