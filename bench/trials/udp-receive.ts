import * as program from '../drivers/flow-programs.js'
import { type FlowCompetitor, type FlowTrial, type Goal, type Program } from '../runner/trial.js'
import { atLeast } from './goals.js'

const sender = program.cSender('gso')

function fed(name: string, receiver: Program, optional = false): FlowCompetitor {
  return { name, receiver, sender, optional }
}

/** All are fed by the same sender, whose messages the kernel cuts for those that do not take them joined. */
const joined: readonly FlowCompetitor[] = [
  fed('c-gro', program.cReceiver('gro')),
  fed('c-recvmmsg', program.cReceiver('recvmmsg')),
  fed('nv-volley', program.netvolleyReceiver('volley', 'on')),
  fed('nv-friendly', program.netvolleyReceiver('friendly', 'on')),
  fed('node', program.nodeReceiver),
  fed('bun', program.bunReceiver, true),
  fed('udx', program.udxReceiver, true),
]

const segmented: readonly FlowCompetitor[] = [
  fed('c-recvmmsg', program.cReceiver('recvmmsg')),
  fed('c-recvfrom', program.cReceiver('recvfrom')),
  fed('nv-volley', program.netvolleyReceiver('volley', 'off')),
  fed('nv-friendly', program.netvolleyReceiver('friendly', 'off')),
  fed('node', program.nodeReceiver),
  fed('bun', program.bunReceiver, true),
  fed('udx', program.udxReceiver, true),
]

const drained: readonly FlowCompetitor[] = [
  fed('c-gro', program.cReceiver('gro')),
  fed('c-recvmmsg', program.cReceiver('recvmmsg')),
  fed('c-recvfrom', program.cReceiver('recvfrom')),
  fed('nv-gro', program.netvolleyReceiver('volley', 'on')),
  fed('nv-volley', program.netvolleyReceiver('volley', 'off')),
  fed('nv-friendly', program.netvolleyReceiver('friendly', 'off')),
  fed('node', program.nodeReceiver),
]

function joinedTrial(payload: number, goals: readonly Goal[]): FlowTrial {
  return {
    kind: 'flow',
    group: 'udp',
    name: `udp-receive-gro-${payload}`,
    variant: `gso+gro, loopback; ${payload} bytes, inline drive`,
    about: `receiving ${payload}-byte datagrams of a GSO sender, joined where the receiver can (gso+gro, loopback)`,
    competitors: joined,
    flow: { payload, destinations: 1, measure: 'flow' },
    goals: [atLeast('U1', 'nv-volley', 'c-gro', 0.95), ...goals],
    sanity: [],
  }
}

function segmentedTrial(payload: number): FlowTrial {
  return {
    kind: 'flow',
    group: 'udp',
    name: `udp-receive-${payload}`,
    variant: `gso sender, no gro, loopback; ${payload} bytes, inline drive`,
    about: `receiving ${payload}-byte datagrams that the kernel has cut from a GSO sender's messages`,
    competitors: segmented,
    flow: { payload, destinations: 1, measure: 'flow' },
    goals: [
      atLeast('U2', 'nv-volley', 'c-recvmmsg', 0.95),
      atLeast('U2', 'nv-volley', 'node', 4),
      atLeast('U3', 'nv-friendly', 'c-recvmmsg', 0.9),
      atLeast('U3', 'nv-friendly', 'node', 3.5),
    ],
    sanity: [],
  }
}

function drainTrial(payload: number, sanity: readonly Goal[]): FlowTrial {
  return {
    kind: 'flow',
    group: 'udp',
    name: `udp-drain-${payload}`,
    variant: `backlog of a full socket buffer, loopback; ${payload} bytes, inline drive`,
    about: `emptying a full socket buffer of ${payload}-byte datagrams: no sender competes for the processors`,
    competitors: drained,
    flow: { payload, destinations: 1, measure: 'drain' },
    goals: [atLeast('U2', 'nv-volley', 'c-recvmmsg', 0.95), atLeast('U1', 'nv-gro', 'c-gro', 0.95)],
    sanity,
  }
}

export const udpReceiveTrials: readonly FlowTrial[] = [
  joinedTrial(64, [
    atLeast('U1', 'nv-volley', 'node', 40),
    atLeast('U3', 'nv-friendly', 'c-gro', 0.7),
    atLeast('U3', 'nv-friendly', 'node', 20),
  ]),
  joinedTrial(1200, [atLeast('U1', 'nv-volley', 'node', 20), atLeast('U3', 'nv-friendly', 'c-gro', 0.5)]),
  segmentedTrial(64),
  segmentedTrial(1200),
  drainTrial(64, [atLeast('sanity', 'c-gro', 'c-recvfrom', 15)]),
  drainTrial(1200, []),
]
