import { type Trial } from '../runner/trial.js'
import { echo } from './echo.js'
import { nodeNetReplies } from './node-net-replies.js'
import { udpEcho } from './udp-echo.js'

export const trials: readonly Trial[] = [echo, nodeNetReplies, udpEcho]
