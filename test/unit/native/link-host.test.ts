import { type EngineLink, LinkHost } from '../../../lib/native/link-host'

class Host extends LinkHost {
  readonly drive = 'thread'
  readonly closed = false
  readonly sleeps = new Int32Array(1)
  rings = 0
  protected settle(): void {
    this.rings++
  }
  protected setRef(): void {}
}

function linked(): { host: Host; published: () => number } {
  const host = new Host()
  let published = 0
  const link: Partial<EngineLink> = {
    publish: () => {
      published++
      return true
    },
  }
  host.attach(link as EngineLink)
  return { host, published: () => published }
}

test('flush() rings a reactor that sleeps, once, and no other', () => {
  const { host, published } = linked()
  host.flush()
  expect([host.rings, published()]).toEqual([0, 1])
  host.sleeps[0] = 1
  host.flush()
  host.flush()
  expect([host.rings, host.sleeps[0], published()]).toEqual([1, 0, 3])
})

test('[U20] settleNow() rings also one that is awake: it may have looked before, and go to sleep without looking again', () => {
  const { host, published } = linked()
  host.settleNow()
  expect([host.rings, published()]).toEqual([1, 1])
})
