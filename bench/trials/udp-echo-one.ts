import { cEpoll } from '../drivers/c-epoll.js'
import { bunDriver, nodeDriver } from '../drivers/node-driver.js'
import { p50Ratio } from '../runner/figures.js'
import { type EchoTrial } from '../runner/trial.js'

/** The inline thread polls as long as this before it sleeps: more than one round trip. */
const spinUs = '200'

export const udpEchoOne: EchoTrial = {
  kind: 'echo',
  group: 'udp',
  name: 'udp-echo-one',
  variant: 'udp, 1 outstanding, 64 bytes',
  about: 'how long one datagram of 64 bytes takes to come back, with nothing else under way',
  competitors: [
    cEpoll('--udp'),
    nodeDriver('nv-volley', 'netvolley-udp-echo.js', '--drive', 'inline'),
    nodeDriver('nv-spin', 'netvolley-udp-echo.js', '--drive', 'inline', '--spin', spinUs),
    nodeDriver('node-dgram', 'node-dgram-echo.js'),
    bunDriver('bun', 'bun-udp-echo.js'),
  ],
  load: 'udp-echo --outstanding 1 --body 64'.split(' '),
  mayLose: true,
  goals: [
    {
      id: 'U7',
      variant: 'p50, nv-volley / c-epoll',
      figure: p50Ratio('nv-volley', 'c-epoll'),
      comparison: '<=',
      threshold: 1.1,
    },
    {
      id: 'U7',
      variant: 'p50, nv-spin / c-epoll',
      figure: p50Ratio('nv-spin', 'c-epoll'),
      comparison: '<=',
      threshold: 0.3,
    },
  ],
  sanity: [],
}
