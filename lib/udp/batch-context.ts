import type { Clock, DatagramBackend, DatagramBatch } from '../runtime'
import type { LocalAddresses } from './batch-address'
import type { PeerBook } from './peers'
import type { ReceivedBatch } from './received-batch'
import type { Sender } from './sender'

/** What the batches of one socket share. */
export interface BatchContext {
  readonly backend: DatagramBackend
  readonly peers: PeerBook
  readonly sender: Sender
  readonly addresses: LocalAddresses
  readonly clock: Clock
  readonly slotBytes: number
  /** Use after release throws. */
  readonly debug: boolean
  makeLease(columns: DatagramBatch, first: number, end: number, datagrams: number): ReceivedBatch
}
