export type { Framing, LengthPrefixedFraming } from './framing'
export type { RequestServerOptions } from './options'
export type { RequestBatch } from './request-batch'
export { RequestServer } from './request-server'
export type { ServerRequest } from './server-request'
export type { RequestServerStats } from './stats'
export type {
  BatchHandler,
  CloseOptions,
  DrainReport,
  Handler,
  ListenOptions,
  Reply,
  ReplyOptions,
  ServerAddress,
  ServerState,
} from './types'
