// The two ends of a flow by name; the trials put them together.
import { join } from 'node:path'
import { bunExecutable } from './node-driver.js'
import { type Program } from '../runner/trial.js'

/** The C++ reference: mode gro, recvmmsg or recvfrom. */
export function cReceiver(mode: string): Program {
  return { executable: 'netvolley_flow', args: ['receive', '--mode', mode, '--wildcard'] }
}

/** Mode gso, sendmmsg or sendto. */
export function cSender(mode: string): Program {
  return { executable: 'netvolley_flow', args: ['send', '--mode', mode] }
}

function node(program: string, ...args: string[]): Program {
  return { executable: process.execPath, args: [join(__dirname, program), ...args] }
}

export function netvolleyReceiver(face: 'volley' | 'friendly', gro: 'on' | 'off'): Program {
  return node('flow-netvolley.js', '--role', 'receive', '--face', face, '--gro', gro)
}

export function netvolleySender(face: 'segments' | 'commit' | 'add'): Program {
  return node('flow-netvolley.js', '--role', 'send', '--face', face)
}

export const nodeReceiver = node('flow-node-dgram.js', '--role', 'receive')
export const nodeSender = node('flow-node-dgram.js', '--role', 'send')

function bun(role: string): Program {
  return { executable: bunExecutable, args: [join(__dirname, 'flow-bun.js'), '--role', role] }
}

export const bunReceiver = bun('receive')
export const bunSender = bun('send')

/** Optional as well. */
export const udxReceiver = node('flow-udx.js', '--role', 'receive')
export const udxSender = node('flow-udx.js', '--role', 'send')
