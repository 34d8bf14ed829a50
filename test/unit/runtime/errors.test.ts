import { createServer, connect } from 'node:net'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { constants } from 'node:os'
import * as errors from '../../../lib/errors'
import { type SystemError, systemError } from '../../../lib/errors'

const { ErrorCode, NetvolleyError, optionInvalid, optionUnsupported, backendUnavailable } = errors

it('[P72] every code is ERR_NETVOLLEY_ and its own name, which is an upper-case noun and state', () => {
  for (const [name, code] of Object.entries(ErrorCode)) {
    expect(code).toBe(`ERR_NETVOLLEY_${name}`)
    expect(name).toMatch(/^[A-Z]+(_[A-Z]+)*$/)
  }
})

it('[P72] an error carries its code, its cause and its class name, and nothing else shows', () => {
  const cause = new Error('below')
  const error = new NetvolleyError(ErrorCode.SERVER_STATE, 'listen() was called twice', { cause })
  expect([error.code, error.name, error.cause, error instanceof Error]).toEqual([
    ErrorCode.SERVER_STATE,
    'NetvolleyError',
    cause,
    true,
  ])
  expect(error.stack).toMatch(/^NetvolleyError: listen\(\) was called twice\n/)
  expect(Object.keys(error)).toEqual(['code'])
})

it('[P72] the message of a bad option says what was given and what is allowed', () => {
  expect(optionInvalid('maxConnections', NaN, 'an integer from 1 to 65535').message).toBe(
    '"maxConnections" must be an integer from 1 to 65535; got NaN',
  )
  expect(optionInvalid('host', 'x'.repeat(1_000), 'an IP literal').message.length).toBeLessThan(200)
  const hostile = { get a() { throw new Error('read') }, toString() { throw new Error('called') } } // prettier-ignore
  expect(optionInvalid('handler', hostile, 'a function').message).toContain('must be a function; got {')
})

it('[P8] the message of an unsupported option says why and what is available', () => {
  const error = optionUnsupported('backend', 'not built yet', ['auto', 'mmsg'])
  expect([error.code, error.message]).toEqual([
    ErrorCode.OPTION_UNSUPPORTED,
    '"backend" is not supported: not built yet; available: auto, mmsg',
  ])
  expect(optionUnsupported('workers', 'not built yet').message).toBe('"workers" is not supported: not built yet')
  expect(backendUnavailable('kqueue', ['mmsg'])).toMatchObject({
    code: ErrorCode.BACKEND_UNAVAILABLE,
    message: 'back end "kqueue" is not available here; available: mmsg',
  })
})

const fieldsOf = ({ code, errno, syscall, address, port, message }: SystemError): unknown => ({
  code,
  errno,
  syscall,
  address,
  port,
  message,
})

describe('system errors', () => {
  it("[P3] equal Node's own of a refused connection", async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')
    const [nodes] = (await once(connect(port, '127.0.0.1'), 'error').catch((error: unknown) => [error])) as [
      SystemError,
    ]
    expect(fieldsOf(systemError(-constants.errno.ECONNREFUSED, 'connect', '127.0.0.1', port))).toEqual(fieldsOf(nodes))
  })

  it("[P3] equal Node's own of a UDP port in use", async () => {
    const first = createSocket('udp4').bind(0, '127.0.0.1')
    await once(first, 'listening')
    const second = createSocket('udp4')
    const { port } = first.address()
    second.bind(port, '127.0.0.1')
    const [nodes] = (await once(second, 'error').catch((error: unknown) => [error])) as [SystemError]
    first.close()
    second.close()
    const ours = systemError(-constants.errno.EADDRINUSE, 'bind', '127.0.0.1', port)
    expect(fieldsOf(ours)).toEqual(fieldsOf(nodes))
    expect(ours.message).toBe(`bind EADDRINUSE 127.0.0.1:${String(port)}`)
  })

  it('[P3] leave out what is not there and name unknown numbers', () => {
    expect(fieldsOf(systemError(-constants.errno.ECONNRESET, 'read'))).toEqual({
      code: 'ECONNRESET',
      errno: -constants.errno.ECONNRESET,
      syscall: 'read',
      message: 'read ECONNRESET',
    })
    expect(systemError(-constants.errno.ENOENT, 'connect', '/run/x.sock', -1).message).toBe(
      'connect ENOENT /run/x.sock',
    )
    expect(systemError(-9_999, 'read').code).toContain('9999')
    expect(systemError(-1, 'read').stack?.split('\n')[1]).not.toContain('lib/errors')
  })
})
