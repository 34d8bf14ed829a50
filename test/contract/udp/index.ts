/** Every case of the contract of UdpSocket. */
import { accountingContract } from './accounting'
import { backpressureContract } from './backpressure'
import { batchesContract } from './batches'
import { bindContract } from './bind'
import { connectContract } from './connect'
import { errorsContract } from './errors'
import { familiesContract } from './families'
import { flushContract } from './flush'
import { inputContract } from './input'
import { leasesContract } from './leases'
import { lifecycleContract } from './lifecycle'
import { messagesContract } from './messages'
import { metadataContract } from './metadata'
import { multicastContract } from './multicast'
import { optionsContract } from './options'
import { oversizeContract } from './oversize'
import { prioritiesContract } from './priorities'
import { repliesContract } from './replies'
import { segmentsContract } from './segments'
import { sendAsyncContract } from './send-async'
import { sendBatchContract } from './send-batch'
import { shardsContract } from './shards'
import { statisticsContract } from './statistics'
import type { UdpContract } from './subject'

export const udpContract: UdpContract = (t, subject) => {
  for (const contract of [
    bindContract,
    connectContract,
    messagesContract,
    batchesContract,
    leasesContract,
    sendBatchContract,
    segmentsContract,
    repliesContract,
    sendAsyncContract,
    flushContract,
    backpressureContract,
    prioritiesContract,
    metadataContract,
    familiesContract,
    multicastContract,
    shardsContract,
    errorsContract,
    oversizeContract,
    accountingContract,
    lifecycleContract,
    optionsContract,
    inputContract,
    statisticsContract,
  ]) {
    contract(t, subject)
  }
}
