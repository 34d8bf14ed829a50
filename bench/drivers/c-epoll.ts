// The C++ reference: not a Node program around it but the executable itself, which keeps the drivers' protocol, so that
// its CPU time is its own.
import { type Competitor } from '../runner/trial.js'

export function cEpoll(...args: string[]): Competitor {
  return { name: 'c-epoll', executable: 'netvolley_epoll_server', args }
}
