/** Every case of the contract of RequestServer. */
import { addressesContract } from './addresses'
import { backpressureContract } from './backpressure'
import { batchContract } from './batch'
import type { Contract } from './contract'
import { datagramsContract } from './datagrams'
import { deadlinesContract } from './deadlines'
import { departuresContract } from './departures'
import { drainContract } from './drain'
import { echoContract } from './echo'
import { failuresContract } from './failures'
import { lifecycleContract } from './lifecycle'
import { limitsContract } from './limits'
import { mixedContract } from './mixed'
import { optionsContract } from './options'
import { repliesContract } from './replies'
import { statisticsContract } from './statistics'

export const requestServerContract: Contract = (t, subject) => {
  for (const contract of [
    echoContract,
    limitsContract,
    datagramsContract,
    repliesContract,
    backpressureContract,
    deadlinesContract,
    departuresContract,
    failuresContract,
    lifecycleContract,
    drainContract,
    addressesContract,
    statisticsContract,
    batchContract,
    mixedContract,
    optionsContract,
  ]) {
    contract(t, subject)
  }
}
