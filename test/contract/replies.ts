import { frame } from '../support/tcp-client'
import { until } from '../support/until'
import type { Answer, Contract } from './contract'
import { U16, U32, echo, pattern, running, thrown } from './running'

/** Does what the first letter of the body says. */
const obedient: Answer = (call) => {
  const what = String.fromCharCode(call.body[0])
  if (what === 'n') call.noReply()
  else if (what === 'f') call.fail()
  else if (what === 'c') call.reply(call.body, { close: true })
  else call.reply(call.body)
}

const outcomes: Contract = (t, subject) => {
  t.test('[SV16] noReply gives the place in the order back, on TCP and on UDP', () =>
    running(t, subject, {}, obedient, async ({ tcp, udp, stats }) => {
      const client = await tcp()
      client.send(Buffer.concat(['a', 'n1', 'n2', 'b', 'n3', 'c'].map((body) => frame(2, body))))
      for (const body of ['a', 'b', 'c']) t.equal((await client.receiveFrame(2)).toString(), body)
      const datagrams = await udp()
      datagrams.send('n')
      t.equal((await datagrams.ask('x')).toString(), 'x')
      t.equal(stats().requests.noReply, 4)
    }),
  )

  t.test('[SV24] fail closes the connection after the answers before it; on UDP it is silence', () =>
    running(t, subject, {}, obedient, async ({ tcp, udp, stats }) => {
      const client = await tcp()
      client.send(Buffer.concat(['a', 'f', 'b'].map((body) => frame(2, body))))
      t.equal((await client.rest()).toString(), frame(2, 'a').toString())
      t.equal(await client.ended, 'end')
      const datagrams = await udp()
      datagrams.send('f')
      t.equal((await datagrams.ask('x')).toString(), 'x')
      t.equal(stats().requests.failed, 2)
      await until(() => stats().connections.closed.handler === 1, 'the connection is counted as closed by the handler')
    }),
  )

  t.test('[SV13] the close option ends the connection behind that reply; what was asked after it is not answered', () =>
    running(t, subject, {}, obedient, async ({ tcp, stats }) => {
      const client = await tcp()
      client.send(Buffer.concat(['a', 'close', 'b'].map((body) => frame(2, body))))
      t.equal((await client.rest()).toString(), Buffer.concat([frame(2, 'a'), frame(2, 'close')]).toString())
      t.equal(await client.ended, 'end')
      await until(() => stats().connections.closed.handler === 1, 'closed by the handler')
    }),
  )
}

const onceOnly: Contract = (t, subject) => {
  t.test('[SV24] a second answer throws ERR_NETVOLLEY_REPLY_TWICE and the first one stands', () => {
    const codes: unknown[] = []
    const answer: Answer = (call) => {
      call.reply(Buffer.from('first'))
      const again = [
        () => {
          call.reply(Buffer.from('second'))
        },
        () => {
          call.replyInPlace(2, 1)
        },
        () => {
          call.noReply()
        },
        () => {
          call.fail()
        },
      ]
      codes.push(...again.map((act) => thrown(act).code))
    }
    return running(t, subject, {}, answer, async ({ tcp, stats }) => {
      const client = await tcp()
      client.send(Buffer.concat([frame(2, 'x'), frame(2, 'y')]))
      t.equal((await client.receiveFrame(2)).toString(), 'first')
      t.equal((await client.receiveFrame(2)).toString(), 'first')
      t.equal(codes, Array(8).fill('ERR_NETVOLLEY_REPLY_TWICE'))
      t.equal(stats().requests.replied, 2)
    })
  })
}

const inPlace: Contract = (t, subject) => {
  t.test('[SV35] replyInPlace with frameReplies sends a part of the body behind its length', () => {
    const answer: Answer = (call) => {
      const at = call.header.length
      const length = call.body.length
      for (const [offset, bytes] of [
        [at, length + 1],
        [-1, 1],
        [at, -1],
        [at + length + 1, 0],
        [at + 0.5, 1],
        [NaN, 1],
      ]) {
        const error = thrown(() => {
          call.replyInPlace(offset, bytes)
        })
        t.equal(error.name, 'RangeError', `${String(offset)}, ${String(bytes)}`)
      }
      // The length would lie before the request.
      if (call.transport === 'tcp') {
        t.equal(
          thrown(() => {
            call.replyInPlace(0, 1)
          }).name,
          'RangeError',
        )
      }
      call.replyInPlace(at + 1, length - 1)
    }
    return running(t, subject, {}, answer, async ({ tcp, udp }) => {
      const client = await tcp()
      client.send(Buffer.concat([frame(2, '-hello'), frame(2, '-'), frame(2, pattern(60000))]))
      t.equal((await client.receiveFrame(2)).toString(), 'hello')
      t.equal((await client.receiveFrame(2)).toString(), '')
      t.equal((await client.receiveFrame(2)).equals(pattern(60000).subarray(1)), true)
      t.equal((await (await udp()).ask('-datagram')).toString(), 'datagram')
    })
  })

  t.test('[SV35] replyInPlace of the whole frame echoes it untouched without frameReplies', () => {
    const framing = { kind: 'lengthPrefixed', bytes: 4, offset: 28 } as const
    const answer: Answer = (call) => {
      call.replyInPlace(0, call.header.length + call.body.length)
    }
    return running(t, subject, { framing, frameReplies: false }, answer, async ({ tcp, udp }) => {
      const client = await tcp()
      const frames = Buffer.concat(
        Array.from({ length: 50 }, (_, i) => Buffer.concat([pattern(28, i), frame(4, pattern(64, i))])),
      )
      client.send(frames)
      t.equal((await client.receive(frames.length)).equals(frames), true)
      t.equal((await (await udp()).ask(pattern(3000))).equals(pattern(3000)), true)
    })
  })
}

const sizes: Contract = (t, subject) => {
  t.test('[SV24] a reply that is too large is refused at once, and the request can still be answered', () => {
    const codes: unknown[] = []
    const answer: Answer = (call) => {
      const limit = call.transport === 'udp' ? 65507 : 65535
      const error = thrown(() => {
        call.reply(Buffer.alloc(limit + 1))
      })
      codes.push(error.code, error.message.includes(String(limit)))
      call.reply(pattern(limit))
    }
    return running(t, subject, { framing: U16 }, answer, async ({ tcp, udp }) => {
      const client = await tcp()
      client.send(frame(2, 'x'))
      t.equal((await client.receiveFrame(2)).equals(pattern(65535)), true)
      t.equal((await (await udp()).ask('x')).equals(pattern(65507)), true)
      t.equal(codes, ['ERR_NETVOLLEY_REPLY_TOO_LARGE', true, 'ERR_NETVOLLEY_REPLY_TOO_LARGE', true])
    })
  })

  t.test('[SV24] maxReplyBytes counts all pieces of a reply', () => {
    const answer: Answer = (call) => {
      const error = thrown(() => {
        call.reply([Buffer.alloc(60), Buffer.alloc(41)])
      })
      t.equal(error.code, 'ERR_NETVOLLEY_REPLY_TOO_LARGE')
      call.reply([pattern(60, 1), new Uint8Array(0), pattern(40, 2)])
    }
    return running(t, subject, { maxReplyBytes: 100 }, answer, async ({ tcp, udp }) => {
      const whole = Buffer.concat([pattern(60, 1), pattern(40, 2)])
      const client = await tcp()
      client.send(frame(2, 'x'))
      t.equal((await client.receiveFrame(2)).equals(whole), true)
      t.equal((await (await udp()).ask('x')).equals(whole), true)
    })
  })

  t.test('[SV24] empty replies, and no pieces at all, are answers of no bytes', () => {
    let calls = 0
    return running(
      t,
      subject,
      {},
      () => (++calls % 2 === 0 ? [] : new Uint8Array(0)),
      async ({ tcp, udp, stats }) => {
        const client = await tcp()
        client.send(Buffer.concat([frame(2, 'x'), frame(2, 'y')]))
        t.equal((await client.receive(4)).toString('hex'), '00000000')
        t.equal((await (await udp()).ask('x')).length, 0)
        t.equal(stats().requests.replied, 3)
      },
    )
  })
}

const copies: Contract = (t, subject) => {
  t.test('[SV24] the bytes of a reply are copied before reply() returns', () => {
    const answer: Answer = (call) => {
      const data = Buffer.from(call.body)
      call.reply(data)
      data.fill(0)
      call.body.fill(0)
    }
    return running(t, subject, {}, answer, async ({ tcp, udp }) => {
      const client = await tcp()
      client.send(frame(2, 'kept'))
      t.equal((await client.receiveFrame(2)).toString(), 'kept')
      t.equal((await (await udp()).ask('kept')).toString(), 'kept')
    })
  })

  t.test("[SV35] a handler that gives its request's own bytes back sends them, framed or not", async () => {
    const body: Answer = (call) => {
      call.reply(call.body)
    }
    const whole: Answer = (call) => {
      call.reply([call.header, call.body])
    }
    const turned: Answer = (call) => {
      call.reply([call.body, call.header])
    }
    const bytes = frame(2, 'own')
    for (const [answer, frameReplies, expected] of [
      [body, true, bytes],
      [body, false, Buffer.from('own')],
      [whole, true, frame(2, bytes)],
      [whole, false, bytes],
      [turned, false, Buffer.concat([Buffer.from('own'), bytes.subarray(0, 2)])],
    ] as const) {
      await running(t, subject, { frameReplies }, answer, async ({ tcp, udp }) => {
        const client = await tcp()
        client.send(Buffer.concat([bytes, bytes]))
        const twice = Buffer.concat([expected, expected])
        t.equal((await client.receive(twice.length)).toString('hex'), twice.toString('hex'))
        t.equal((await (await udp()).ask('datagram')).toString(), 'datagram')
      })
    }
  })

  t.test('[SV35] an answer that only gives a part of its own request back is not overwritten by the next one', () =>
    running(t, subject, { framing: U32 }, echo, async ({ tcp }) => {
      const client = await tcp()
      const bytes = Buffer.concat(Array.from({ length: 60 }, (_, i) => frame(4, pattern(5000 + i, i))))
      client.send(bytes)
      t.equal((await client.receive(bytes.length)).equals(bytes), true)
    }),
  )
}

export const repliesContract: Contract = (t, subject) => {
  for (const part of [outcomes, onceOnly, inPlace, sizes, copies]) part(t, subject)
}
