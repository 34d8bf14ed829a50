/** The native addon, wrapped: nothing else touches it. */
export { Engine, checkEngineOptions, type Backend, type Drive, type EngineOptions } from './engine'
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
export { RequestLink } from './request-link'
