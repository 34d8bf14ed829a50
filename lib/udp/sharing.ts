import { optionInvalid, optionUnsupported } from '../errors'
import {
  type AttachedDatagramOptions,
  type DatagramBackend,
  type DatagramSink,
  type Network,
  checkObject,
} from '../runtime'
import { socketState } from './checks'
import type { UdpCore } from './core'
import { type CheckedUdpOptions, checkAttachOptions } from './options'
import type { AttachOptions, UdpSocketHandle } from './types'

/** What another thread needs to attach: plain data and shared memory. */
export function share(core: UdpCore, receive: boolean): UdpSocketHandle {
  const { local, remote, state, isOpen } = core.life
  if (!isOpen || local === null) throw socketState(`share() of a socket that is ${state}`)
  const shared = core.backend.share(receive)
  if (shared === null) throw optionUnsupported('share', 'this network keeps a socket to one thread')
  const { family, ecn, packetInfo, receiveHopLimit, timestamps, slotBytes, poison, maxPeers } = core.options.datagram
  const { maxQueuedPackets, maxQueuedBytes, reservedHighPackets, drainRatio, overflow, batchSize } =
    core.options.datagram
  const options = {
    ...{ ecn, packetInfo, receiveHopLimit, timestamps: timestamps ? 'software' : false, slotBytes, poison, maxPeers },
    ...{ maxQueuedPackets, maxQueuedBytes, reservedHighPackets, drainRatio, overflow, batchSize },
    trafficClass: core.sender.trafficClass,
  }
  return { kind: 'netvolley.UdpSocket', receive, local, remote, family, options, shared }
}

/** The one argument of UdpSocket's constructor that is not the user's. */
export class Attachment {
  readonly handle: UdpSocketHandle
  readonly options: CheckedUdpOptions
  readonly #attached: AttachedDatagramOptions

  constructor(handle: UdpSocketHandle, options: AttachOptions | undefined) {
    const { kind } = checkObject('handle', handle)
    if (kind !== 'netvolley.UdpSocket') throw optionInvalid('handle', handle, 'what UdpSocket.share() returned')
    const { attached, ...checked } = checkAttachOptions(options, { ...handle.options, family: handle.family })
    this.handle = handle
    this.options = checked
    this.#attached = attached
  }

  open(network: Network, sink: DatagramSink): DatagramBackend {
    if (network.attachDatagram === undefined) {
      throw optionUnsupported('attach', `the network "${network.name}" keeps a socket to one thread`)
    }
    return network.attachDatagram(this.handle.shared, this.#attached, sink)
  }
}
