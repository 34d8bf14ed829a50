// One page with everything in it: charts are inline SVG, nothing is loaded.
import { type Spread } from './figures.js'
import { type Verdict } from './judge.js'
import { type Machine, type Versions } from './machine.js'
import { type TrialReport } from './report.js'

/** What `--json` writes. */
export interface BenchResult {
  readonly machine: Machine
  readonly versions: Versions
  readonly void: readonly string[]
  readonly goals: readonly Verdict[]
  /** What must hold for the run to count; `void` says what did not. */
  readonly sanity: readonly Verdict[]
  readonly trials: readonly TrialReport[]
}

const style = `body{font:14px/1.5 system-ui,sans-serif;margin:2em auto;max-width:60em;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .8em;border-bottom:1px solid #ddd;text-align:right}
td:first-child,th:first-child{text-align:left}.no{color:#b00;font-weight:bold}.yes{color:#070}
svg text{font:12px system-ui,sans-serif}.void{background:#fdd;padding:.5em}`

const barHeight = 18
const rowHeight = 26
const nameWidth = 150
const chartWidth = 520

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
}

function round(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`
  return `<table>${line(head, 'th')}${rows.map((row) => line(row, 'td')).join('')}</table>`
}

/** A bar for each median, with a whisker from the least to the greatest. */
function chart(rates: Readonly<Record<string, Spread>>): string {
  const entries = Object.entries(rates)
  const most = Math.max(1, ...entries.map(([, { max }]) => max))
  const x = (value: number): number => nameWidth + (value / most) * chartWidth
  const bars = entries.map(([name, { median, min, max }], i) => {
    const top = i * rowHeight
    const middle = top + barHeight / 2
    const color = name.startsWith('nv') || name.startsWith('netvolley') ? '#2a6fbb' : '#9aa5b1'
    return [
      `<text x="${nameWidth - 8}" y="${middle + 4}" text-anchor="end">${escape(name)}</text>`,
      `<rect x="${nameWidth}" y="${top}" width="${(x(median) - nameWidth).toFixed(1)}" height="${barHeight}" fill="${color}"/>`,
      `<path d="M${x(min).toFixed(1)} ${middle}H${x(max).toFixed(1)}" stroke="#222"/>`,
      `<text x="${(x(max) + 6).toFixed(1)}" y="${middle + 4}">${round(median)}</text>`,
    ].join('')
  })
  const width = nameWidth + chartWidth + 110
  return `<svg width="${width}" height="${entries.length * rowHeight}" role="img">${bars.join('')}</svg>`
}

function spreadCells({ median, min, max }: Spread): string[] {
  return [round(median), round(min), round(max)]
}

function trialSection({ name, variant, load, rates, ratios, absent }: TrialReport): string {
  const ratioRows = Object.entries(ratios).map(([pair, spread]) => [escape(pair), ...spreadCells(spread)])
  const missing = absent.map((one) => `<p>Left out: ${escape(one.name)} (${escape(one.reason)})</p>`)
  return `<h2>${escape(name)}</h2><p>${escape(variant)}. Load: <code>${escape(load)}</code></p>${chart(rates)}
${missing.join('')}<details><summary>ratios within a round</summary>${table(['ratio', 'median', 'min', 'max'], ratioRows)}</details>`
}

function goalTable(goals: readonly Verdict[]): string {
  const rows = goals.map(({ id, variant, goal, measured, min, max, met }) => [
    escape(`${id} ${variant}`),
    escape(goal),
    ...spreadCells({ median: measured, min, max }),
    `<span class="${met ? 'yes">yes' : 'no">no'}</span>`,
  ])
  return table(['goal', 'wanted', 'measured', 'min', 'max', 'met'], rows)
}

export function htmlReport({ machine, versions, void: voids, goals, sanity, trials }: BenchResult): string {
  const { cpu, cpus, system, kernel, arch, memoryBytes } = machine
  const where = `${cpus} x ${cpu} (${arch}), ${Math.round(memoryBytes / 2 ** 30)} GiB, ${system} ${kernel}`
  const others = Object.entries(versions.competitors).map(([name, version]) => `${name} ${version}, `)
  const what = `netvolley ${versions.netvolley}, node ${versions.node}, ${others.join('')}C++ reference sha256 ${versions.reference}`
  const warnings = voids.map((reason) => `<p class="void">Void: ${escape(reason)}</p>`).join('')
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>netvolley benches</title><style>${style}</style>
<h1>netvolley benches</h1><p>${escape(where)}<br>${escape(what)}</p>
<p>Bars are medians over the rounds, in answers or received datagrams per second; lines go from the least to the greatest.</p>
${warnings}<h2>Goals</h2>${goalTable(goals)}<h2>Conditions of a run that counts</h2>${goalTable(sanity)}${trials.map(trialSection).join('\n')}</html>
`
}
