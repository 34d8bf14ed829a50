import * as program from '../drivers/flow-programs.js'
import { lossPoints, rateOf, senderCpuRatio } from '../runner/figures.js'
import { type FlowCompetitor, type FlowTrial, type Program } from '../runner/trial.js'
import { atLeast } from './goals.js'

function into(receiver: Program, name: string, sender: Program, optional = false): FlowCompetitor {
  return { name, receiver, sender, optional }
}

const sink = program.cReceiver('gro')

const senders: readonly FlowCompetitor[] = [
  into(sink, 'c-gso', program.cSender('gso')),
  into(sink, 'c-sendmmsg', program.cSender('sendmmsg')),
  into(sink, 'c-sendto', program.cSender('sendto')),
  into(sink, 'nv-segments', program.netvolleySender('segments')),
  into(sink, 'nv-commit', program.netvolleySender('commit')),
  into(sink, 'nv-add', program.netvolleySender('add')),
  into(sink, 'node', program.nodeSender),
  into(sink, 'bun', program.bunSender, true),
  into(sink, 'udx', program.udxSender, true),
]

function sendTrial(payload: number, timesNode: number): FlowTrial {
  return {
    kind: 'flow',
    group: 'udp',
    name: `udp-send-${payload}`,
    variant: `gso+gro, loopback; ${payload} bytes, one destination, inline drive`,
    about: `sending ${payload}-byte datagrams to one destination; counted by a C++ receiver that takes them joined`,
    competitors: senders,
    flow: { payload, destinations: 1, measure: 'flow' },
    goals: [
      atLeast('U4', 'nv-segments', 'c-gso', 0.9),
      atLeast('U4', 'nv-commit', 'c-gso', 0.75),
      atLeast('U4', 'nv-add', 'c-gso', 0.65),
      atLeast('U4', 'nv-segments', 'node', timesNode),
    ],
    sanity: [atLeast('sanity', 'c-sendmmsg', 'c-sendto', 1)],
  }
}

const wildcardSink = program.cReceiver('recvmmsg')

const scatter: FlowTrial = {
  kind: 'flow',
  group: 'udp',
  name: 'udp-scatter',
  variant: 'loopback; 64 bytes, 1,024 destinations in turn, inline drive',
  about: 'sending each 64-byte datagram to another of 1,024 destinations; nothing can be joined',
  competitors: [
    into(wildcardSink, 'c-sendmmsg', program.cSender('sendmmsg')),
    into(wildcardSink, 'c-sendto', program.cSender('sendto')),
    into(wildcardSink, 'nv-add', program.netvolleySender('add')),
    into(wildcardSink, 'node', program.nodeSender),
  ],
  flow: { payload: 64, destinations: 1024, measure: 'flow' },
  goals: [
    atLeast('U5', 'nv-add', 'c-sendmmsg', 0.95),
    atLeast('U5', 'nv-add', 'node', 1.5),
    {
      id: 'U5',
      variant: 'sender CPU per datagram, nv-add / node',
      figure: senderCpuRatio('nv-add', 'node'),
      comparison: '<=',
      threshold: 0.65,
    },
  ],
  sanity: [],
}

const pair: FlowTrial = {
  kind: 'flow',
  group: 'udp',
  name: 'udp-pair',
  variant: 'gso+gro, loopback; 1,024 bytes, sender and receiver of one kind, inline drive',
  about: '1,024-byte datagrams from process to process, sender and receiver of one kind',
  competitors: [
    into(program.cReceiver('gro'), 'c', program.cSender('gso')),
    into(program.cReceiver('recvmmsg'), 'c-plain', program.cSender('sendmmsg')),
    into(program.netvolleyReceiver('volley', 'on'), 'nv', program.netvolleySender('segments')),
    into(program.netvolleyReceiver('volley', 'off'), 'nv-plain', program.netvolleySender('commit')),
    into(program.nodeReceiver, 'node', program.nodeSender),
    into(program.bunReceiver, 'bun', program.bunSender, true),
  ],
  flow: { payload: 1024, destinations: 1, measure: 'flow' },
  goals: [
    atLeast('U6', 'nv', 'node', 20),
    {
      id: 'U6',
      variant: 'loss of nv beyond that of c, points',
      figure: lossPoints('nv', 'c'),
      comparison: '<=',
      threshold: 1,
    },
    { id: 'U6', variant: 'nv, datagrams/s', figure: rateOf('nv'), comparison: '>=', threshold: 4_760_000 },
  ],
  sanity: [],
}

export const udpSendTrials: readonly FlowTrial[] = [sendTrial(64, 40), sendTrial(1200, 20), scatter, pair]
