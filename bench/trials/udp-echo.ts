import { cEpoll } from '../drivers/c-epoll.js'
import { nodeDriver } from '../drivers/node-driver.js'
import { rateRatio } from '../runner/figures.js'
import { type Competitor, type EchoTrial } from '../runner/trial.js'

function netvolley(variant: string): Competitor {
  const args = ['--transport', 'udp', '--variant', variant, '--drive', 'inline']
  return nodeDriver(`netvolley-${variant}`, 'netvolley-echo.js', ...args)
}

export const udpEcho: EchoTrial = {
  kind: 'echo',
  group: 'server',
  name: 'udp-echo',
  variant: 'udp, 64 outstanding, 64 bytes, inline drive',
  about: 'UDP echo of 64 bytes, 64 outstanding over one connected socket, replies and requests in batches',
  competitors: [
    cEpoll('--udp'),
    nodeDriver('node-dgram', 'node-dgram-echo.js'),
    netvolley('friendly'),
    netvolley('in-place'),
    netvolley('volley'),
  ],
  load: 'udp-echo --outstanding 64 --body 64'.split(' '),
  mayLose: true,
  goals: [
    {
      id: 'T5',
      variant: 'friendly / node',
      figure: rateRatio('netvolley-friendly', 'node-dgram'),
      comparison: '>=',
      threshold: 2.4,
    },
    {
      id: 'T5',
      variant: 'volley / node',
      figure: rateRatio('netvolley-volley', 'node-dgram'),
      comparison: '>=',
      threshold: 3,
    },
    {
      id: 'T5',
      variant: 'volley / C',
      figure: rateRatio('netvolley-volley', 'c-epoll'),
      comparison: '>=',
      threshold: 0.95,
    },
  ],
  sanity: [],
}
