/** The contract of RequestServer, by jest. `node scripts/contract.mjs` runs the same functions without it. */
import { Engine, RequestServer } from 'netvolley'
import { requestServerContract } from '.'
import type { Kit } from './contract'

const kit: Kit = {
  test: (title, run) => {
    it(title, async () => run())
  },
  equal: (actual, expected, what) => {
    try {
      expect(actual).toEqual(expected)
    } catch (error) {
      if (what !== undefined && error instanceof Error) error.message = `${what}\n${error.message}`
      throw error
    }
  },
  rejects: async (promise, code) => {
    const error: unknown = await promise.then(
      () => new Error('it resolved'),
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code })
    return error as NodeJS.ErrnoException
  },
}

for (const drive of ['inline', 'thread'] as const) {
  for (const style of ['handler', 'batchHandler'] as const) {
    const name = `${drive}, ${style}`
    describe(name, () => {
      requestServerContract(kit, { name, drive, style, RequestServer, Engine })
    })
  }
}
