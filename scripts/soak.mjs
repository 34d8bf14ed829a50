// @ts-check
// node scripts/soak.mjs: one process that sends and receives UDP at full rate for SOAK_SECONDS (600), in all the ways
// that there are: runs, send batches, messages, answers, leases that are let go of in any order. Each second, after 15 to
// get warm, it counts its memory (after a collection), descriptors and slots, and checks every sum of the statistics.
// Prints one line of JSON; exit code 1 where memory grows by 1 MiB or more in a minute (least squares without the first
// fifth, over the lowest of each five seconds), where a descriptor or a slot is missing at the end, or where a sum is wrong.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const SECONDS = Number(process.env.SOAK_SECONDS ?? 600)
const WARM_UP = 0.2
const MOST_MIB_A_MINUTE = 1
/** For the end of a child: what it does after its time is over. */
const PATIENCE_MS = 90_000

/**
 * @typedef {{ at: number, rss: number, descriptors: number, slots: number, wrong: string[] }} Sample at in s, rss in bytes
 * @typedef {{ before: number, after: number, slots: number, slotsBack: number, wrong: string[], totals: Record<string, number> }} End
 */

/**
 * Least squares.
 *
 * @param {readonly Sample[]} samples
 * @returns {number} MiB a minute
 */
function growth(samples) {
  const meanAt = samples.reduce((sum, { at }) => sum + at, 0) / samples.length
  const meanRss = samples.reduce((sum, { rss }) => sum + rss, 0) / samples.length
  const above = samples.reduce((sum, { at, rss }) => sum + (at - meanAt) * (rss - meanRss), 0)
  const below = samples.reduce((sum, { at }) => sum + (at - meanAt) ** 2, 0)
  return ((above / below) * 60) / 2 ** 20
}

/**
 * The lowest of every five in a row: a burst that is under way while it is counted is no growth.
 *
 * @param {readonly Sample[]} all
 * @returns {Sample[]}
 */
function lowest(all) {
  const size = all.length >= 25 ? 5 : 1
  const groups = Array.from({ length: Math.floor(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size))
  return groups.map((group) => group.reduce((low, sample) => (sample.rss < low.rss ? sample : low)))
}

const script = fileURLToPath(new URL('lib/soak-load.mjs', import.meta.url))
// What is free is given back at once: the memory counted is what is in use, not what was at some time.
const env = { ...process.env, MALLOC_MMAP_THRESHOLD_: '32768', MALLOC_TRIM_THRESHOLD_: '65536', MALLOC_ARENA_MAX: '1' }
const child = fork(script, [String(SECONDS)], { env, execArgv: ['--expose-gc', '--max-semi-space-size=2'] })
/** @type {Sample[]} */
const samples = []
/** @type {End | undefined} */
let end
child.on('message', (/** @type {{ sample?: Sample, end?: End }} */ message) => {
  if (message.sample) samples.push(message.sample)
  end = message.end ?? end
})
const timer = setTimeout(() => child.kill('SIGKILL'), SECONDS * 1000 + PATIENCE_MS)
const [code, signal] = await once(child, 'exit')
clearTimeout(timer)

const steady = samples.filter(({ at }) => at >= SECONDS * WARM_UP)
const mibAMinute = growth(lowest(steady))
const wrong = [
  ...new Set([...samples.flatMap((sample) => sample.wrong), ...(end?.wrong ?? ['it did not end by itself'])]),
]
const ok =
  code === 0 &&
  steady.length >= 3 &&
  mibAMinute < MOST_MIB_A_MINUTE &&
  end !== undefined &&
  end.after === end.before &&
  end.slotsBack === end.slots &&
  samples.every(({ slots }) => slots === end?.slots) &&
  wrong.length === 0
const mib = (/** @type {number | undefined} */ bytes) => Number(((bytes ?? 0) / 2 ** 20).toFixed(1))
console.log(
  JSON.stringify({
    ...{ ok, seconds: SECONDS, samples: samples.length, mibAMinute: Number(mibAMinute.toFixed(3)) },
    ...{ rssStartMiB: mib(steady.at(0)?.rss), rssEndMiB: mib(steady.at(-1)?.rss) },
    ...{ descriptorsMost: Math.max(...samples.map(({ descriptors }) => descriptors)) },
    ...{ descriptorsBefore: end?.before, descriptorsAfter: end?.after, slots: end?.slots, slotsBack: end?.slotsBack },
    ...{ ...end?.totals, exit: signal ?? code, wrong },
  }),
)
process.exitCode = ok ? 0 : 1
