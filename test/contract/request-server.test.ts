/** The contract of RequestServer, by jest. `node scripts/contract.mjs` runs the same functions without it. */
import { Engine, RequestServer } from 'netvolley'
import { requestServerContract } from '.'
import { jestKit } from './jest-kit'

for (const drive of ['inline', 'thread'] as const) {
  for (const style of ['handler', 'batchHandler'] as const) {
    const name = `${drive}, ${style}`
    describe(name, () => {
      requestServerContract(jestKit, { name, drive, style, RequestServer, Engine })
    })
  }
}
