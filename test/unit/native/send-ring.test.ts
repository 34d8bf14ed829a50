import { smallRandom } from '../../support/small-random'
import { SEED } from '../../support/seed'
import { SendFlag } from '../../../lib/native/datagram-layout'
import { SendModel } from './send-model'

const bytes = (n: number): Buffer => Buffer.alloc((n * 37) % 150, n)

it('[U14] entries become visible with publish(), all at once and once', () => {
  const model = new SendModel()
  expect(model.rings.publish()).toBe(false)
  expect([model.put(Buffer.from('one'), 1, 7), model.put(Buffer.from('two'), 1, 8, 99)]).toEqual([true, true])
  expect(model.published(1)).toBe(0)
  expect([model.rings.publish(), model.rings.publish(), model.published(1)]).toEqual([true, false, 2])
  expect(model.take(1)).toMatchObject({ data: Buffer.from('one'), to: 7, flags: 0, area: 0 })
  expect(model.take(1)).toMatchObject({ data: Buffer.from('two'), to: 8, flags: SendFlag.token, token: 99 })
})

it('[U8] places are aligned to 8 bytes, and an empty ring begins at its start again', () => {
  const model = new SendModel()
  const places = [1, 9, 8, 3].map((size) => {
    const at = model.rings.reserve(size, 1, 1)
    model.rings.commit(size, 1, 0, null, 0)
    return at
  })
  expect(places.map((at) => at - places[0])).toEqual([0, 8, 24, 32])
  model.rings.publish()
  model.takeAll()
  model.rings.refresh()
  expect(model.rings.reserve(1, 1, 1)).toBe(places[0])
})

it('[U44] empty datagrams take an entry and no bytes', () => {
  const model = new SendModel()
  for (const text of ['', 'x', '']) model.put(Buffer.from(text))
  model.rings.publish()
  expect([model.take(1), model.take(1), model.take(1)].map(({ data }) => data.toString())).toEqual(['', 'x', ''])
})

it('[U30, U31, U32] what a datagram carries is written only where it is given', () => {
  const model = new SendModel()
  const meta = {
    flags: SendFlag.trafficClass | SendFlag.source,
    trafficClass: 3,
    hopLimit: 9,
    localFamily: 4,
    interfaceIndex: 2,
    localAddress: new Uint8Array(16).fill(5),
    expiresMs: 1,
  }
  model.rings.reserve(1, 1, 1)
  model.rings.commit(1, 1, 0, meta, 4)
  model.put(Buffer.from('plain'))
  model.rings.publish()
  expect([model.take(1).flags, model.take(1).flags]).toEqual([
    SendFlag.trafficClass | SendFlag.source | SendFlag.token,
    0,
  ])
})

it(`[U46] random senders of three classes: every datagram comes out whole, in order, and is freed once (seed ${String(SEED)})`, () => {
  const random = smallRandom(SEED)
  const model = new SendModel({ maxQueuedPackets: 40, maxQueuedBytes: 6000, reservedHighPackets: 0 }, 128, 3 * 4096)
  const written = [0, 0, 0]
  const read = [0, 0, 0]
  let refused = 0
  for (let step = 0; step < 60_000; step++) {
    const sendClass = Math.floor(random() * 3) as 0 | 1 | 2
    const choice = random()
    if (choice < 0.5) {
      if (model.put(bytes(written[sendClass]), sendClass, written[sendClass] + 1)) written[sendClass]++
      else refused++
    } else if (choice < 0.7) model.rings.publish()
    else if (model.published(sendClass) > 0) {
      const { data, to } = model.take(sendClass)
      const whole = to === read[sendClass] + 1 && data.equals(bytes(read[sendClass]))
      if (!whole)
        throw new Error(`entry ${String(read[sendClass])} of class ${String(sendClass)} came out as ${String(to)}`)
      read[sendClass]++
    }
  }
  model.rings.publish()
  model.takeAll()
  model.rings.refresh()
  expect([model.rings.pendingPackets, model.rings.pendingBytes]).toEqual([0, 0])
  expect(model.freed).toHaveLength(written.reduce((sum, count) => sum + count))
  expect(Math.min(...read)).toBeGreaterThan(1000)
  expect(refused).toBeGreaterThan(100)
})
