// @ts-check
// Child processes of the scripts: their output is streamed and kept, so that a summary can be read from it.
import { spawn } from 'node:child_process'
import path from 'node:path'
import { root } from './project.mjs'

/**
 * @typedef {object} RunResult
 * @property {number} code exit status; 127 where the program could not be started, 128 where a signal ended it
 * @property {string} output standard output and standard error in order of arrival
 * @property {number} ms how long it ran
 */

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: Record<string, string>, cwd?: string, quiet?: boolean }} [options] `quiet` keeps the output without
 *   printing it; `env` is added to this process's own
 * @returns {Promise<RunResult>}
 */
export function run(command, args, { env = {}, cwd = root, quiet = false } = {}) {
  const started = performance.now()
  /** @type {string[]} */
  const chunks = []
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    /** @param {number} code */
    const finish = (code) => resolve({ code, output: chunks.join(''), ms: performance.now() - started })
    for (const [from, to] of /** @type {const} */ ([
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ])) {
      from.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        chunks.push(text)
        if (!quiet) to.write(text)
      })
    }
    child.on('error', (error) => {
      chunks.push(`${command}: ${error.message}\n`)
      if (!quiet) process.stderr.write(`${command}: ${error.message}\n`)
      finish(127)
    })
    child.on('close', (code) => finish(code ?? 128))
  })
}

/**
 * Runs a program of node_modules/.bin.
 *
 * @param {string} name
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export const runBin = (name, args, options) => run(path.join(root, 'node_modules/.bin', name), args, options)

/**
 * Runs one of our own scripts with this Node.js.
 *
 * @param {string} script relative to the repository
 * @param {readonly string[]} [args]
 * @param {Parameters<typeof run>[2]} [options]
 */
export const runScript = (script, args = [], options) =>
  run(process.execPath, [path.join(root, script), ...args], options)
