import { nodeDriver } from '../drivers/node-driver.js'
import { type Competitor, type EchoTrial } from '../runner/trial.js'
import { echoLoad } from './echo.js'

function nodeNet(replies: string): Competitor {
  return nodeDriver(`node-net-${replies}`, 'node-net-echo.js', '--replies', replies)
}

/** What the choice of the program that the echo trial calls `node-net` (`corked`) makes of its ratios. */
export const nodeNetReplies: EchoTrial = {
  kind: 'echo',
  group: 'server',
  name: 'node-net-replies',
  variant: 'tcp, 50 connections x 16, 32-byte header, 64-byte body',
  about:
    'how a framed echo on node:net writes its replies: each by itself, corked, joined, or the chunk as it came (no handler)',
  competitors: [nodeNet('each'), nodeNet('corked'), nodeNet('corked-each'), nodeNet('joined'), nodeNet('chunk')],
  load: echoLoad,
  mayLose: false,
  goals: [],
  sanity: [],
}
