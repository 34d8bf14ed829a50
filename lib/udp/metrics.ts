import type { MetricSample, MetricsSource } from '../runtime'
import type { UdpStats } from './stats-types'

interface Described {
  readonly name: string
  readonly kind: MetricSample['kind']
  readonly help: string
  readonly value: (stats: UdpStats) => number | Readonly<Record<string, number>>
  /** The label of the values, where there are several. */
  readonly label?: string
}

const counter = (name: string, help: string, value: Described['value'], label?: string): Described => ({
  name: `netvolley_udp_${name}_total`,
  kind: 'counter',
  help,
  value,
  ...(label === undefined ? {} : { label }),
})
const gauge = (name: string, help: string, value: Described['value'], label?: string): Described => ({
  ...counter(name, help, value, label),
  name: `netvolley_udp_${name}`,
  kind: 'gauge',
})

const METRICS: readonly Described[] = [
  counter('packets_queued', 'Datagrams taken by send()', (s) => s.send.packetsQueued),
  counter('packets_refused', 'Datagrams refused by send()', (s) => s.send.packetsRefused),
  counter('packets_sent', 'Datagrams that the kernel took', (s) => s.send.packetsSent),
  counter('packets_failed', 'Datagrams that the kernel refused', (s) => s.send.packetsFailed),
  counter('packets_dropped', 'Queued datagrams that were not sent', (s) => ({ ...s.send.packetsDropped }), 'reason'),
  counter('bytes_sent', 'Payload bytes that the kernel took', (s) => s.send.bytesSent),
  counter('send_calls', 'System calls that send', (s) => s.sendCalls.sendCalls),
  counter('gso_sends', 'Messages that the kernel was given to cut', (s) => s.sendCalls.gsoSends),
  counter('packets_received', 'Datagrams that the kernel handed over', (s) => s.receive.packetsReceived),
  counter('bytes_received', 'Payload bytes received', (s) => s.receive.bytesReceived),
  counter('packets_delivered', 'Datagrams given to the program', (s) => s.receive.packetsDelivered),
  counter('receive_dropped', 'Received and not delivered', (s) => ({ ...s.receive.receiveDropped }), 'reason'),
  counter('kernel_drops', "Datagrams that the socket's buffer had no room for", (s) => s.receive.kernelDrops),
  counter('receive_calls', 'System calls that receive', (s) => s.receive.receiveCalls),
  counter('errors', 'Errors of the system, by code', (s) => s.errors.errorsByCode, 'code'),
  counter('peer_errors', 'Errors that peers or routers reported', (s) => s.errors.peerErrors),
  gauge('packets_pending', 'Datagrams queued and not sent yet', (s) => byClass(s.send.pendingByClass), 'class'),
  gauge('slots_free', 'Free receive slots', (s) => s.memory.slotsFree),
  gauge('leases_active', 'Leases that hold receive slots', (s) => s.memory.leasesActive),
  gauge('peers', 'Senders that are remembered', (s) => s.memory.peers),
]

const byClass = ([low, normal, high]: readonly [number, number, number]): Record<string, number> => ({
  low,
  normal,
  high,
})

/** The statistics of a socket for a metrics registry: `registry.register(udpMetrics(socket, { socket: 'game' }))`. */
export function udpMetrics(
  socket: { stats(): UdpStats },
  labels: Readonly<Record<string, string>> = {},
): MetricsSource {
  return { collect: () => METRICS.flatMap((metric) => samplesOf(metric, socket.stats(), labels)) }
}

function samplesOf(metric: Described, stats: UdpStats, labels: Readonly<Record<string, string>>): MetricSample[] {
  const { name, kind, help, label } = metric
  const value = metric.value(stats)
  if (typeof value === 'number') return [{ name, kind, help, value, labels }]
  return Object.entries(value).map(([key, one]) => {
    return { name, kind, help, value: one, labels: { ...labels, [label ?? 'kind']: key } }
  })
}
