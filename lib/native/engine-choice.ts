import { optionInvalid } from '../errors'
import { type Backend, type Drive, Engine, checkEngineOptions } from './engine'

/**
 * Which engine the options `engine`, `drive`, `backend` and `spinUs` of a class mean: the one given, a private one, or the one that
 * this JavaScript thread's sockets share. The engine is made when the result is called, after everything else was checked.
 *
 * @throws ERR_NETVOLLEY_OPTION_INVALID, ERR_NETVOLLEY_OPTION_UNSUPPORTED, ERR_NETVOLLEY_BACKEND_UNAVAILABLE
 */
export function chooseEngine(options: {
  readonly engine?: unknown
  readonly drive?: unknown
  readonly backend?: unknown
  readonly spinUs?: unknown
}): () => { engine: Engine; owned: boolean } {
  const { engine, drive, backend, spinUs } = options
  const own = Object.entries({ drive, backend, spinUs }).filter(([, value]) => value !== undefined)
  if (engine !== undefined) {
    if (!(engine instanceof Engine)) throw optionInvalid('engine', engine, 'an Engine')
    const beside = own[0]
    if (beside !== undefined) throw optionInvalid(beside[0], beside[1], 'left out beside "engine", which has its own')
    return () => ({ engine, owned: false })
  }
  if (own.length === 0) return () => ({ engine: Engine.shared(), owned: false })
  const given = Object.fromEntries(own) as { drive?: Drive; backend?: Backend; spinUs?: number }
  checkEngineOptions(given)
  return () => ({ engine: new Engine(given), owned: true })
}
