/** The public exports, and the one place that registers the default runtime. */
import { nativeNetwork } from './provider'
import { createRuntime, registerDefaultRuntime } from './runtime'

registerDefaultRuntime(() => createRuntime({ network: nativeNetwork() }))

export * from './connect/backoff'
export { ErrorCode, NetvolleyError, type SystemError } from './errors'
export * from './metrics'
export { type Backend, type Drive, Engine, type EngineCounters, type EngineOptions, type RemoteAddress } from './native'
export { type Clock, type RandomSource, type Runtime, type TimerHandle, createRuntime, defaultRuntime } from './runtime'
export * from './server'
export * from './udp'
