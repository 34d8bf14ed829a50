/** What a network can do. Asking for what is false throws `ERR_NETVOLLEY_OPTION_UNSUPPORTED`, unless it is emulated. */
export interface ProviderCapabilities {
  /** The same seed gives the same run. */
  readonly deterministic: boolean
  readonly virtualTime: boolean
  /** One system call per burst of datagrams. */
  readonly batchDatagrams: boolean
  readonly gso: boolean
  readonly tcpInfo: boolean
  readonly userTimeout: boolean
  readonly unixSockets: boolean
  /** A stream can be ended by RST. */
  readonly reset: boolean
  readonly halfOpen: boolean
  /** `StreamBackend.accepted` is exact, also after close; else it is a lower bound. */
  readonly exactWrites: boolean
}

export type NetworkName = 'native' | 'node' | 'sim' | 'chaos'
