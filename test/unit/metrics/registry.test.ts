import { MetricsRegistry } from '../../../lib/metrics'
import type { MetricSample } from '../../../lib/runtime'

const registryOf = (...samples: MetricSample[]): MetricsRegistry => {
  const registry = new MetricsRegistry()
  for (const sample of samples) registry.register({ collect: () => [sample] })
  return registry
}

it('[U68] samples of one name stand together, under one HELP and TYPE', () => {
  const registry = registryOf(
    { name: 'a_total', kind: 'counter', value: 1, labels: { socket: 'x' }, help: 'first\nline' },
    { name: 'b', kind: 'gauge', value: 0.5 },
    { name: 'a_total', kind: 'counter', value: 2, labels: { socket: 'y' } },
  )
  expect(registry.text()).toBe(
    '# HELP a_total first\\nline\n# TYPE a_total counter\na_total{socket="x"} 1\na_total{socket="y"} 2\n# TYPE b gauge\nb 0.5\n',
  )
})

it('[U68] values and labels are written as Prometheus reads them', () => {
  const registry = registryOf(
    { name: 'a', kind: 'gauge', value: Infinity, labels: { path: 'a\\b "c"\nd' } },
    { name: 'b', kind: 'gauge', value: -Infinity },
    { name: 'c', kind: 'gauge', value: NaN },
  )
  expect(registry.text().split('\n')).toEqual(
    expect.arrayContaining(['a{path="a\\\\b \\"c\\"\\nd"} +Inf', 'b -Inf', 'c NaN']),
  )
})

it.each<[string, MetricSample[]]>([
  ['a name', [{ name: '1a', kind: 'gauge', value: 1 }]],
  ['a label', [{ name: 'a', kind: 'gauge', value: 1, labels: { 'a-b': 'x' } }]],
  [
    'two kinds',
    [
      { name: 'a', kind: 'gauge', value: 1 },
      { name: 'a', kind: 'counter', value: 1 },
    ],
  ],
])('[U68] %s that Prometheus would refuse throws', (_, samples) => {
  expect(() => registryOf(...samples).text()).toThrow(expect.objectContaining({ code: 'ERR_NETVOLLEY_OPTION_INVALID' }))
})

it('[U68] a source is asked when somebody reads', () => {
  let asked = 0
  const registry = new MetricsRegistry()
  registry.register({ collect: () => [{ name: 'a', kind: 'counter', value: ++asked }] })
  expect([asked, registry.collect()[0].value, registry.collect()[0].value]).toEqual([0, 1, 2])
  expect(() => registry.register({} as never)).toThrow('an object with the method collect')
})
