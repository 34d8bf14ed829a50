// @ts-check
// Where the project lies and which of its files are sources: shared by every script.
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Absolute path of the repository. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')

const GENERATED = /^(node_modules|\.git|\.build|build|build-.*|dist|bench-results|coverage)$/

/**
 * Files below `folder`, relative to `base`, with `/` and in a fixed order; nothing that a build makes.
 *
 * @param {string} base absolute path
 * @param {string} folder relative to `base`; one that is missing has no files
 * @param {(file: string) => boolean} [wanted] on the relative path
 * @returns {string[]}
 */
export function filesBelow(base, folder, wanted = () => true) {
  const absolute = path.join(base, folder)
  if (!existsSync(absolute)) return []
  /** @type {string[]} */
  const found = []
  const entries = readdirSync(absolute, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const relative = path.posix.join(folder, entry.name)
    if (entry.isDirectory()) {
      if (!GENERATED.test(entry.name)) found.push(...filesBelow(base, relative, wanted))
    } else if (entry.isFile() && wanted(relative)) {
      found.push(relative)
    }
  }
  return found
}

/** @param {string} file */
export const isScript = (file) => /\.[mc]?[jt]s$/.test(file)
/** @param {string} file */
export const isCpp = (file) => /\.(cc|h)$/.test(file)

/**
 * The value after each `--name` of a command line, and what is left.
 *
 * @param {string[]} argv
 * @param {string} name with its dashes
 * @returns {{ values: string[], rest: string[] }}
 */
export function takeOption(argv, name) {
  /** @type {string[]} */
  const values = []
  /** @type {string[]} */
  const rest = []
  for (let i = 0; i < argv.length; i++) {
    if (argv[i] !== name) rest.push(argv[i])
    else if (i + 1 < argv.length) values.push(argv[++i])
    else throw new Error(`${name} needs a value`)
  }
  return { values, rest }
}
