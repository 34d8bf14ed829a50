/** The seed of all random tests; NETVOLLEY_SEED=n chooses another. Titles print it. */
export const SEED = Number(process.env.NETVOLLEY_SEED ?? 20_260_101)
if (!Number.isSafeInteger(SEED))
  throw new Error(`NETVOLLEY_SEED must be an integer; got ${String(process.env.NETVOLLEY_SEED)}`)
