/** `sleep` and `deadline` in terms of `schedule`: one copy for every clock, real or simulated. */
import { ErrorCode, NetvolleyError } from '../errors'
import type { Clock } from './clock'

type Scheduler = Pick<Clock, 'schedule'>

/** See `Clock.sleep`. */
export function sleepOn(clock: Scheduler, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error)
      return
    }
    const onAbort = (): void => {
      timer.cancel()
      reject(signal?.reason as Error)
    }
    const timer = clock.schedule(
      ms,
      () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      },
      { ref: true },
    )
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** See `Clock.deadline`. */
export function deadlineOn(clock: Scheduler, ms: number, parent?: AbortSignal): AbortSignal & Disposable {
  const controller = new AbortController()
  const dispose = (): void => {
    timer?.cancel()
    parent?.removeEventListener('abort', onParentAbort)
  }
  const onParentAbort = (): void => {
    dispose()
    controller.abort(parent?.reason)
  }
  const onTime = (): void => {
    dispose()
    controller.abort(timeoutError(ms))
  }
  const timer = parent?.aborted ? null : clock.schedule(ms, onTime)
  if (parent?.aborted) controller.abort(parent.reason)
  else parent?.addEventListener('abort', onParentAbort, { once: true })
  return Object.defineProperty(controller.signal, Symbol.dispose, { value: dispose }) as AbortSignal & Disposable
}

/** Carries the name that the reason of `AbortSignal.timeout()` has, so that code written for that one knows it. */
function timeoutError(ms: number): NetvolleyError {
  const error = new NetvolleyError(ErrorCode.TIMEOUT, `the deadline of ${String(ms)} ms has passed`)
  return Object.defineProperty(error, 'name', { value: 'TimeoutError' })
}
