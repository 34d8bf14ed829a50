import type { MetricSample } from '../runtime'

/** All samples of one name must stand together, whichever source they come from. */
export function prometheusText(samples: readonly MetricSample[]): string {
  const families = new Map<string, MetricSample[]>()
  for (const sample of samples) {
    const family = families.get(sample.name)
    if (family === undefined) families.set(sample.name, [sample])
    else family.push(sample)
  }
  return [...families].map(([name, family]) => familyText(name, family)).join('')
}

function familyText(name: string, family: readonly MetricSample[]): string {
  const help = family.find((sample) => sample.help !== undefined)?.help
  const lines = help === undefined ? [] : [`# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}`]
  lines.push(`# TYPE ${name} ${family[0].kind}`)
  for (const { labels, value } of family) lines.push(`${name}${labelsText(labels)} ${valueText(value)}`)
  return `${lines.join('\n')}\n`
}

function labelsText(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (value: string): string => value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')

function valueText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}
