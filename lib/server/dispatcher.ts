import type { RequestLink } from '../native'
import type { ReplyWriter } from './reply-writer'
import { RequestBatch } from './request-batch'
import { ServerRequest } from './server-request'
import type { BatchHandler, Handler, Reply } from './types'

/** Told of what a handler threw or rejected with; must not throw. */
export type ReportFailure = (error: unknown, request: ServerRequest | null) => void

/** Runs the user's handler over the requests of a burst. */
export interface Dispatcher {
  run(first: number, end: number): void
}

/** One call for each request. A handler that fails, fails that request only. */
export class HandlerDispatcher implements Dispatcher {
  readonly #link: RequestLink
  readonly #writer: ReplyWriter
  readonly #handler: Handler
  readonly #report: ReportFailure

  constructor(link: RequestLink, writer: ReplyWriter, handler: Handler, report: ReportFailure) {
    this.#link = link
    this.#writer = writer
    this.#handler = handler
    this.#report = report
  }

  run(first: number, end: number): void {
    for (let i = first; i < end; i++) {
      const request = new ServerRequest(this.#link, this.#writer, i)
      try {
        const result = this.#handler(request)
        if (result === undefined) continue
        if (result instanceof Uint8Array || Array.isArray(result)) request.reply(result)
        else void this.#replyLater(request, result as Promise<Reply | void>)
      } catch (error) {
        this.#fail(request, error)
      }
    }
  }

  async #replyLater(request: ServerRequest, result: Promise<Reply | void>): Promise<void> {
    try {
      const reply = await result
      if (reply !== undefined) request.reply(reply)
    } catch (error) {
      this.#fail(request, error)
    }
  }

  #fail(request: ServerRequest, error: unknown): void {
    if (!request.answered) request.fail()
    this.#report(error, request)
  }
}

/** One call for all of them. */
export class BatchDispatcher implements Dispatcher {
  readonly #link: RequestLink
  readonly #writer: ReplyWriter
  readonly #handler: BatchHandler
  readonly #report: ReportFailure
  #batch: RequestBatch

  constructor(link: RequestLink, writer: ReplyWriter, handler: BatchHandler, report: ReportFailure) {
    this.#link = link
    this.#writer = writer
    this.#handler = handler
    this.#report = report
    this.#batch = new RequestBatch(link, writer)
  }

  run(first: number, end: number): void {
    const batch = this.#batch
    batch.begin(first, end)
    try {
      const result = this.#handler(batch)
      if (result !== undefined) {
        batch.retain()
        void this.#releaseLater(batch, result)
      } else if (!batch.retained) batch.release()
    } catch (error) {
      batch.release()
      this.#report(error, null)
    }
    if (batch.retained) this.#batch = new RequestBatch(this.#link, this.#writer)
  }

  async #releaseLater(batch: RequestBatch, result: Promise<void>): Promise<void> {
    try {
      await result
    } catch (error) {
      this.#report(error, null)
    }
    batch.release()
  }
}
