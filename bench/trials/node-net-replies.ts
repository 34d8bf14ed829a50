import { nodeDriver } from '../drivers/node-driver.js'
import { type Competitor, type Trial } from '../runner/trial.js'
import { echoLoad } from './echo.js'

function nodeNet(replies: string): Competitor {
  return nodeDriver(`node-net-${replies}`, 'node-net-echo.js', '--replies', replies)
}

/** Shows that the program which the echo trial calls `node-net` is the fastest of those that have a handler. */
export const nodeNetReplies: Trial = {
  name: 'node-net-replies',
  variant: 'tcp, 50 connections x 16, 32-byte header, 64-byte body',
  about: 'how a framed echo on node:net writes its replies: joined, corked, or the chunk as it came (no handler)',
  competitors: [nodeNet('joined'), nodeNet('corked'), nodeNet('chunk')],
  load: echoLoad,
  mayLose: false,
  goals: [],
  sanity: [],
}
