/** What a contract case gets: no test framework, so that jest and a bare node run the same functions. */
import type {
  BatchHandler,
  Drive,
  Engine,
  Handler,
  Reply,
  ReplyOptions,
  RequestBatch,
  RequestServer,
  RequestServerOptions,
} from 'netvolley'

export interface Kit {
  test(title: string, run: () => Promise<void> | void): void
  /** Deep equality. */
  equal(actual: unknown, expected: unknown, what?: string): void
  /** Resolves to the error, whose `code` is the given one. */
  rejects(promise: Promise<unknown>, code: string): Promise<NodeJS.ErrnoException>
}

export type Style = 'handler' | 'batchHandler'

/** One implementation to be held to the contract. */
export interface Subject {
  readonly name: string
  readonly drive: Exclude<Drive, 'auto'>
  readonly style: Style
  readonly RequestServer: new (options: RequestServerOptions) => RequestServer
  readonly Engine: typeof Engine
}

export type Contract = (t: Kit, subject: Subject) => void

/** What both styles of handler can do with one request. */
export interface Call {
  readonly transport: 'tcp' | 'udp'
  readonly header: Buffer
  readonly body: Buffer
  reply(data: Reply, options?: ReplyOptions): void
  replyInPlace(offset: number, length: number): void
  noReply(): void
  fail(): void
}

export type Answer = (call: Call) => Reply | void | Promise<Reply | void>

/** A batch handler that answers each request by its index, straight from the columns. */
export function overBatch(answer: Answer): BatchHandler {
  return (batch) => {
    const open: Promise<void>[] = []
    for (let i = batch.first; i < batch.end; i++) {
      const result = answer(callOf(batch, i))
      if (result instanceof Promise) {
        open.push(result.then((reply) => (reply === undefined ? undefined : batch.reply(i, reply))))
      } else if (result !== undefined) batch.reply(i, result)
    }
    return open.length === 0 ? undefined : Promise.all(open).then(() => undefined)
  }
}

function callOf(batch: RequestBatch, i: number): Call {
  return {
    transport: (batch.flags[i] & 1) === 1 ? 'udp' : 'tcp',
    header: batch.header(i),
    body: batch.body(i),
    reply: (data, options) => {
      batch.reply(i, data, options)
    },
    replyInPlace: (offset, length) => {
      batch.replyInPlace(i, offset, length)
    },
    noReply: () => {
      batch.noReply(i)
    },
    fail: () => {
      batch.fail(i)
    },
  }
}

/** The handler options of a subject's style. A `Call` of an answer that returns nothing must be answered before it returns. */
export function handlerOf(subject: Subject, answer: Answer): { handler: Handler } | { batchHandler: BatchHandler } {
  return subject.style === 'handler' ? { handler: answer } : { batchHandler: overBatch(answer) }
}
