// @ts-check
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const START_TIMEOUT_MS = 15_000
const STOP_TIMEOUT_MS = 5000

/**
 * @typedef {object} ChildServer
 * @property {number} port
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a DNS server in a process of its own and waits for its line `listening on ADDRESS:PORT`.
 *
 * @param {string} script path; it takes `--zone FILE --port 0`
 * @param {string[]} args
 * @returns {Promise<ChildServer>}
 * @throws {Error} with what it printed when it ends or stays silent
 */
export async function startChildServer(script, args) {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  const port = await new Promise((resolve, reject) => {
    /** @param {string} why */
    const fail = (why) => {
      child.kill('SIGKILL')
      reject(new Error(`${script} ${why}\n${printed}`))
    }
    const timer = setTimeout(() => fail(`printed no address within ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS)
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      fail(`ended with ${code ?? signal}`)
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        printed += text
        const line = /^listening on \S+:(\d+) /m.exec(printed)
        if (line === null) return
        clearTimeout(timer)
        resolve(Number(line[1]))
      })
    }
  })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    child.kill('SIGTERM')
    await exited
    clearTimeout(timer)
  }
  return { port, stop }
}
