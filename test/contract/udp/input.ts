import type { SendOptions, UdpSocket, UdpTarget } from 'netvolley'
import { thrown } from '../running'
import { running } from './running'
import { receive } from './received'
import type { UdpContract } from './subject'

const HERE: UdpTarget = { address: '127.0.0.1', port: 9 }
const code = (name: string): string => `ERR_NETVOLLEY_${name}`

/** What goes wrong, by what code, and a part of the message that tells what is allowed. */
type Bad = readonly [what: string, code: string, allowed: string, call: (socket: UdpSocket) => unknown]

const to = (target: unknown) => (socket: UdpSocket) => socket.send('x', target as UdpTarget)
const how = (options: unknown) => (socket: UdpSocket) => socket.send('x', HERE, options as SendOptions)
const what =
  (data: unknown, target = HERE) =>
  (socket: UdpSocket) =>
    socket.send(data as string, target)

const BAD: readonly Bad[] = [
  ['no destination', 'DESTINATION_REQUIRED', 'a destination is needed', to(undefined)],
  ['a host name', 'ADDRESS_INVALID', 'an IP literal', to({ address: 'localhost', port: 9 })],
  ['a bad literal', 'ADDRESS_INVALID', 'an IP literal', to({ address: '127.0.0.256', port: 9 })],
  ['an octal literal', 'ADDRESS_INVALID', 'an IP literal', to({ address: '0177.0.0.1', port: 9 })],
  ['a literal with a port', 'ADDRESS_INVALID', 'an IP literal', to({ address: '127.0.0.1:9', port: 9 })],
  ['a literal with a space', 'ADDRESS_INVALID', 'an IP literal', to({ address: ' 127.0.0.1', port: 9 })],
  ['an empty address', 'ADDRESS_INVALID', 'an IP literal', to({ address: '', port: 9 })],
  ['no address', 'ADDRESS_INVALID', 'an IP literal', to({ port: 9 })],
  ['a number as address', 'ADDRESS_INVALID', 'an IP literal', to({ address: 2130706433, port: 9 })],
  ['a literal with NUL', 'ADDRESS_INVALID', 'an IP literal', to({ address: '127.0.0.1\0', port: 9 })],
  ['IPv6 on an IPv4 socket', 'ADDRESS_INVALID', 'family is "ipv4"', to({ address: '::1', port: 9 })],
  ['port 0', 'PORT_INVALID', 'from 1 to 65535', to({ address: '127.0.0.1', port: 0 })],
  ['port 65536', 'PORT_INVALID', 'from 1 to 65535', to({ address: '127.0.0.1', port: 65536 })],
  ['port 1.5', 'PORT_INVALID', 'from 1 to 65535', to({ address: '127.0.0.1', port: 1.5 })],
  ['port NaN', 'PORT_INVALID', 'from 1 to 65535', to({ address: '127.0.0.1', port: NaN })],
  ['a string as port', 'PORT_INVALID', 'from 1 to 65535', to({ address: '127.0.0.1', port: '9' })],
  ['priority -1', 'PRIORITY_INVALID', 'from 0 to 255', how({ priority: -1 })],
  ['priority 256', 'PRIORITY_INVALID', 'from 0 to 255', how({ priority: 256 })],
  ['priority 1.5', 'PRIORITY_INVALID', 'from 0 to 255', how({ priority: 1.5 })],
  ['priority "high"', 'PRIORITY_INVALID', 'from 0 to 255', how({ priority: 'high' })],
  ['ecn 4', 'OPTION_INVALID', '0, 1, 2, 3', how({ ecn: 4 })],
  ['hopLimit 0', 'OPTION_INVALID', 'from 1 to 255', how({ hopLimit: 0 })],
  ['hopLimit 256', 'OPTION_INVALID', 'from 1 to 255', how({ hopLimit: 256 })],
  ['a name as localAddress', 'ADDRESS_INVALID', 'an IP literal', how({ localAddress: 'localhost' })],
  ['interfaceIndex -1', 'OPTION_INVALID', 'from 0', how({ interfaceIndex: -1 })],
  ['expiresMs -1', 'OPTION_INVALID', 'from 0', how({ expiresMs: -1 })],
  ['options that are none', 'OPTION_INVALID', 'an object', how(7)],
  ['a number as data', 'OPTION_INVALID', 'a Uint8Array or a string', what(7)],
  ['no data', 'OPTION_INVALID', 'a Uint8Array or a string', what(undefined)],
  ['an ArrayBuffer as data', 'OPTION_INVALID', 'a Uint8Array or a string', what(new ArrayBuffer(8))],
  ['65,508 bytes to IPv4', 'MESSAGE_TOO_LARGE', 'at most 65507', what(Buffer.alloc(65508))],
  ['a detached buffer', 'OPTION_INVALID', 'not transferred', what(detached())],
  ['segmentBytes 0', 'OPTION_INVALID', 'from 1 to 65535', (s) => s.sendSegments(Buffer.alloc(9), 0, HERE)],
  ['segmentBytes 1.5', 'OPTION_INVALID', 'from 1 to 65535', (s) => s.sendSegments(Buffer.alloc(9), 1.5, HERE)],
  [
    'a segment of 65,508',
    'MESSAGE_TOO_LARGE',
    'at most 65507',
    (s) => s.sendSegments(Buffer.alloc(70000), 65508, HERE),
  ],
  ['a string as segments', 'OPTION_INVALID', 'a Uint8Array', (s) => s.sendSegments('x' as never, 1, HERE)],
  [
    'more segments than the queue',
    'MESSAGE_TOO_LARGE',
    'the queue holds',
    (s) => s.sendSegments(Buffer.alloc(2000), 1, HERE),
  ],
  ['maxPackets 0', 'OPTION_INVALID', 'from 1 to', (s) => s.createSendBatch({ maxPackets: 0 })],
  ['a batch that is none', 'OPTION_INVALID', 'createSendBatch()', (s) => s.sendBatch({} as never)],
  [
    'a string in a batch',
    'OPTION_INVALID',
    'a Uint8Array',
    (s) => s.createSendBatch().add('x' as never, s.peer('127.0.0.1', 9)),
  ],
  [
    'commit() without reserve()',
    'BATCH_STALE',
    'reserve()',
    (s) => {
      s.createSendBatch().commit(1)
    },
  ],
  ['reserve(-1)', 'OPTION_INVALID', 'from 0 to 65527', (s) => s.createSendBatch().reserve(-1)],
  ['peer() of a name', 'ADDRESS_INVALID', 'an IP literal', (s) => s.peer('localhost', 9)],
  ['peer() of port 0', 'PORT_INVALID', 'from 1 to 65535', (s) => s.peer('127.0.0.1', 0)],
  [
    'onBatch that is no function',
    'OPTION_INVALID',
    'a function or null',
    (s) => {
      s.onBatch = 7 as never
    },
  ],
  ['maxBuffered 0', 'OPTION_INVALID', 'from 1 to', (s) => s.messages({ maxBuffered: 0 })],
]

function detached(): Uint8Array {
  const bytes = new Uint8Array(8)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}

const badInput: UdpContract = (t, subject) => {
  t.test('[U66] bad input throws before anything is queued, and says what is allowed (regression 19)', () =>
    running(t, subject, async ({ open }) => {
      const socket = await open()
      for (const [name, expected, allowed, call] of BAD) {
        const error = thrown(() => call(socket))
        t.equal(error.code, code(expected), `${name}: ${error.message}`)
        t.equal(error.message.includes(allowed), true, `${name}: "${error.message}" says "${allowed}"`)
      }
      const { send } = socket.stats()
      t.equal([send.packetsQueued, send.packetsRefused, socket.queuedPackets], [0, 0, 0])
    }),
  )

  t.test('[U66] sendAsync() rejects for the same reasons', () =>
    running(t, subject, async ({ open }) => {
      const socket = await open()
      await t.rejects(socket.sendAsync('x'), code('DESTINATION_REQUIRED'))
      await t.rejects(socket.sendAsync('x', { address: 'localhost', port: 9 }), code('ADDRESS_INVALID'))
      await t.rejects(socket.sendAsync('x', { ...HERE, port: 0 }), code('PORT_INVALID'))
      await t.rejects(socket.sendAsync('x', HERE, { priority: 256 }), code('PRIORITY_INVALID'))
      await t.rejects(socket.sendAsync(Buffer.alloc(65508), HERE), code('MESSAGE_TOO_LARGE'))
      await t.rejects(socket.sendAsync(detached(), HERE), code('OPTION_INVALID'))
      await t.rejects(socket.sendAsync('x', HERE, { signal: 7 as never }), code('OPTION_INVALID'))
      t.equal(socket.stats().send.packetsQueued, 0)
    }),
  )

  t.test('[U66] a socket that was never bound checks its input too, and stays as it is', () =>
    running(t, subject, async ({ make }) => {
      const socket = make()
      for (const call of [to(undefined), to({ address: 'localhost', port: 9 }), how({ priority: 256 }), what(7)]) {
        t.equal(thrown(() => call(socket)).code?.startsWith('ERR_NETVOLLEY_'), true)
      }
      t.equal(socket.state, 'idle')
      await socket.close()
    }),
  )

  t.test('[U66] a connected socket takes no destination, an unconnected one needs it', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, receiver, received } = await pair()
      for (const target of [receiver.address(), HERE, sender.peer]) {
        t.equal(thrown(() => sender.send('x', target as UdpTarget)).code, code('DESTINATION_FORBIDDEN'))
      }
      t.equal(thrown(() => receiver.send('x')).code, code('DESTINATION_REQUIRED'))
      sender.send('right')
      t.equal((await received.have(1)).texts, ['right'])
    }),
  )

  t.test('[U66] IPv6 takes 65,527 bytes and no more; IPv4 on a dual-stack socket 65,507', () =>
    running(t, subject, async ({ open }) => {
      const both = await open({ family: 'dual' })
      const large = Buffer.alloc(65528)
      const tooLarge = (bytes: number, address: string): string | undefined =>
        thrown(() => both.send(large.subarray(0, bytes), { address, port: 9 })).code
      t.equal(tooLarge(65528, '::1'), code('MESSAGE_TOO_LARGE'))
      t.equal(tooLarge(65508, '127.0.0.1'), code('MESSAGE_TOO_LARGE'))
      t.equal(thrown(() => both.peer('fe80::1%', 9)).code, code('ADDRESS_INVALID'))
    }),
  )
}

const goodInput: UdpContract = (t, subject) => {
  t.test('[U66] bytes of every kind are taken as they are at the call', () =>
    running(t, subject, async ({ pair }) => {
      const { sender, received } = await pair()
      const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(65)
      const whole = Buffer.from('abcdef')
      const used = Buffer.from('first')
      // Newer than the library that this is checked against; Node 18 has none.
      const resizable = Reflect.construct(ArrayBuffer, [4, { maxByteLength: 8 }]) as ArrayBuffer & {
        resize?(bytes: number): void
      }
      const tracking = new Uint8Array(resizable).fill(66)
      resizable.resize?.(2)
      for (const data of [shared, whole.subarray(2, 4), tracking, 'é€𝄞', used]) sender.send(data)
      used.fill('x')
      whole.fill('x')
      await received.have(5)
      t.equal(received.texts, ['AAAA', 'cd', resizable.resize === undefined ? 'BBBB' : 'BB', 'é€𝄞', 'first'])
    }),
  )

  t.test('[U66] what is received cannot be asked for in two ways at once', () =>
    running(t, subject, async ({ open }) => {
      const socket = await open()
      const received = receive(socket, 'message')
      t.equal(
        thrown(() => {
          socket.onBatch = () => undefined
        }).code,
        code('RECEIVE_MODE'),
      )
      socket.off('message', received.onMessage)
      socket.onBatch = () => undefined
      t.equal(thrown(() => socket.on('message', () => undefined)).code, code('RECEIVE_MODE'))
      t.equal(thrown(() => socket.messages()[Symbol.asyncIterator]()).code, code('RECEIVE_MODE'))
    }),
  )
}

export const inputContract: UdpContract = (t, subject) => {
  for (const part of [badInput, goodInput]) part(t, subject)
}
