import { cEpoll } from '../drivers/c-epoll.js'
import { nodeDriver } from '../drivers/node-driver.js'
import { rateRatio } from '../runner/figures.js'
import { type Competitor, type EchoTrial } from '../runner/trial.js'

function netvolley(variant: string): Competitor {
  const args = ['--transport', 'tcp', '--variant', variant, '--drive', 'inline']
  return nodeDriver(`netvolley-${variant}`, 'netvolley-echo.js', ...args)
}

export const echoLoad = 'tcp-echo --connections 50 --pipeline 16 --body 64 --header 32 --length-offset 28'.split(' ')

export const echo: EchoTrial = {
  kind: 'echo',
  group: 'server',
  name: 'echo',
  variant: 'tcp, 50 connections x 16, 32-byte header, 64-byte body, inline drive',
  about: 'framed TCP echo, u32 big-endian length at offset 28 of a 32-byte header, 64-byte body, 50 connections x 16',
  competitors: [
    cEpoll(),
    nodeDriver('node-net', 'node-net-echo.js', '--replies', 'corked'),
    nodeDriver('node-net-joined', 'node-net-echo.js', '--replies', 'joined'),
    netvolley('friendly'),
    netvolley('in-place'),
    netvolley('volley'),
  ],
  load: echoLoad,
  mayLose: false,
  goals: [
    {
      id: 'T1',
      variant: 'friendly / node',
      figure: rateRatio('netvolley-friendly', 'node-net'),
      comparison: '>=',
      threshold: 2,
    },
    {
      id: 'T1',
      variant: 'volley / node',
      figure: rateRatio('netvolley-volley', 'node-net'),
      comparison: '>=',
      threshold: 3,
    },
  ],
  sanity: [
    {
      id: 'sanity',
      variant: 'c-epoll / node-net',
      figure: rateRatio('c-epoll', 'node-net'),
      comparison: '>=',
      threshold: 2.5,
    },
  ],
}
