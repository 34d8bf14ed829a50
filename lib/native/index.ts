/** The native addon, wrapped: nothing else touches it. */
export { AttachedDatagram, type SharedDatagram } from './attached-datagram'
export { Engine, checkEngineOptions, type Backend, type Drive, type EngineOptions } from './engine'
export { chooseEngine } from './engine-choice'
export { isIpLiteral } from './ip-literal'
export {
  type EngineCounters,
  RequestFlag,
  ReplyFlag,
  SERVER_COUNTERS,
  type ServerCounters,
  type ServerFields,
} from './layout'
export type { RemoteAddress } from './peer-page'
export { NativeDatagram } from './native-datagram'
export { RequestLink } from './request-link'
