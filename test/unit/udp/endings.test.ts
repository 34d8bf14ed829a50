/** What is left of a socket's promises, listeners and events when it ends. */
import { getEventListeners } from 'node:events'
import { FROM, bound, codeOf, rejection, turns } from './socket'

const TO = { address: '127.0.0.1', port: 9 }

it('[U48] a signal that was given to close() holds nothing of the socket afterwards', async () => {
  const { signal } = new AbortController()
  for (let i = 0; i < 3; i++) {
    const { socket } = await bound()
    const closing = socket.close({ signal })
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await closing
    expect(getEventListeners(signal, 'abort')).toEqual([])
  }
})

it('[U11] a signal that was given to sendAsync() holds nothing once that has settled, however it did', async () => {
  const { signal } = new AbortController()
  const { socket, fake } = await bound({ maxQueuedPackets: 1, maxSendWaiters: 1 }, { blocked: true })
  const sent = [0, 1, 2].map(() => rejection(socket.sendAsync('x', TO, { signal })))
  expect((await sent[2]).message).toContain('wait for room')
  expect(getEventListeners(signal, 'abort')).toHaveLength(2)
  fake.release()
  await turns(3)
  await socket.close()
  await Promise.all(sent)
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

it('[U50] messages() of a socket that has ended is over at once', async () => {
  const { socket } = await bound()
  const { signal } = new AbortController()
  const stream = socket.messages({ signal })
  await socket.close()
  const texts: string[] = []
  for await (const { data } of stream) texts.push(data.toString())
  for await (const { data } of socket.messages()) texts.push(data.toString())
  expect([texts, getEventListeners(signal, 'abort')]).toEqual([[], []])
})

it('[U50] messages() that is refused beside onBatch keeps no listener, and works once it is alone', async () => {
  const { socket, fake } = await bound()
  const { signal } = new AbortController()
  const stream = socket.messages({ signal })
  socket.onBatch = () => undefined
  expect(codeOf(() => stream[Symbol.asyncIterator]())).toBe('ERR_NETVOLLEY_RECEIVE_MODE')
  await expect(stream.next()).rejects.toMatchObject({ code: 'ERR_NETVOLLEY_RECEIVE_MODE' })
  expect(getEventListeners(signal, 'abort')).toEqual([])
  socket.onBatch = null
  const next = stream.next()
  fake.arrive(Buffer.from('a'), FROM)
  expect((await next).value?.data.toString()).toBe('a')
  socket.destroy()
})

it('[U50] a stream that nobody reads stops the socket at maxBuffered, also beside a listener', async () => {
  const { socket, fake } = await bound()
  let heard = 0
  socket.on('message', () => heard++)
  const stream = socket.messages({ maxBuffered: 4 })
  stream[Symbol.asyncIterator]()
  for (let i = 0; i < 50; i++) {
    fake.arrive(Buffer.from(String(i)), FROM)
    await turns(2)
  }
  expect(heard).toBe(4)
  for (let i = 0; i < 50; i++) expect((await stream.next()).value?.data.toString()).toBe(String(i))
  expect(heard).toBe(50)
  socket.destroy()
})

it('[U7] a lease that is held too long is told of while the socket is open, not afterwards', async () => {
  const warnings: string[] = []
  const hold = async (name: string) => {
    const { socket, fake } = await bound({ leaseWarnMs: 5 })
    const warned = new Promise<void>((resolve) => {
      socket.on('leaseWarning', ({ kind }) => {
        warnings.push(`${kind} at ${name}`)
        resolve()
      })
    })
    const lease = await new Promise<{ release(): void }>((resolve) => {
      socket.onBatch = (batch) => {
        resolve(batch.retain())
      }
      fake.arrive(Buffer.from('a'), FROM)
    })
    return { socket, lease, warned }
  }
  const closed = await hold('closed')
  await closed.socket.close()
  const open = await hold('open')
  // Its time is over later than that of the first one.
  await open.warned
  for (const { lease } of [closed, open]) lease.release()
  open.socket.destroy()
  expect(warnings).toEqual(['held at open'])
})
