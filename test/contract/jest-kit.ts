/** What contract cases get under jest. */
import type { Kit } from './contract'

export const jestKit: Kit = {
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
