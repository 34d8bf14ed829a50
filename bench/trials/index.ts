import { type Trial } from '../runner/trial.js'
import { echo } from './echo.js'
import { nodeNetReplies } from './node-net-replies.js'
import { udpEcho } from './udp-echo.js'
import { udpEchoOne } from './udp-echo-one.js'
import { udpReceiveTrials } from './udp-receive.js'
import { udpSendTrials } from './udp-send.js'

export const trials: readonly Trial[] = [
  echo,
  nodeNetReplies,
  udpEcho,
  ...udpReceiveTrials,
  ...udpSendTrials,
  udpEchoOne,
]
