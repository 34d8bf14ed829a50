/** Figures of sockets for a monitoring system. */
export type { MetricSample, MetricsSource } from '../runtime'
export { prometheusText } from './prometheus-text'
export { MetricsRegistry } from './registry'
