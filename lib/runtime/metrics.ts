/** One figure as a metrics registry reads it; names and labels follow Prometheus' rules. */
export interface MetricSample {
  readonly name: string
  /** A counter only grows; a gauge is a level. */
  readonly kind: 'counter' | 'gauge'
  readonly value: number
  readonly labels?: Readonly<Record<string, string>>
  readonly help?: string
}

/** Whatever has figures. Asked when somebody reads them: between two readings it costs nothing. */
export interface MetricsSource {
  collect(): readonly MetricSample[]
}
