// @ts-check
// node scripts/udp-fuzz.mjs: udp_fault_test with one fresh seed after the other until UDP_FUZZ_SECONDS (240) are over,
// each with UDP_FUZZ_STEPS (1,000,000) actions. UDP_FUZZ_SEED is the first seed (default: the clock). A seed that fails
// is printed with the command that repeats it; exit code 1.
// UDP_FUZZ_BUILD: asan (default), debug, release or tsan. The test compares every datagram, slot and counter with books of
// its own in any build; asan sees beside that what is read after it was let go of, or behind its end, keeps assert(),
// and being optimised is as fast as debug. release would run a few times as many actions, but blind to all of that.
import path from 'node:path'
import { buildFolder, buildPreset } from './lib/native-presets.mjs'
import { run } from './lib/run.mjs'
import { SANITIZER_ENV, tsanPrefix } from './lib/sanitizer-run.mjs'

const TARGET = 'udp_fault_test'
const preset = process.env.UDP_FUZZ_BUILD ?? 'asan'
const seconds = Number(process.env.UDP_FUZZ_SECONDS ?? 240)
const steps = Number(process.env.UDP_FUZZ_STEPS ?? 1_000_000)
const first = Number(process.env.UDP_FUZZ_SEED ?? Date.now() % 2 ** 32)
const SUMMARY = /(\d+) actions, (\d+) turns, (\d+) sockets, (\d+) datagrams sent, (\d+) of (\d+) received/

async function main() {
  if ((await buildPreset(preset, { targets: [TARGET] })) !== 0) {
    console.error(`udp-fuzz: ${TARGET} does not build`)
    return 1
  }
  const program = path.join(buildFolder(preset), 'bin', TARGET)
  const [command, ...args] = [...(preset === 'tsan' ? await tsanPrefix() : []), program]
  const totals = { seeds: 0, actions: 0, turns: 0, sent: 0, received: 0 }
  const end = performance.now() + seconds * 1000
  for (let seed = first; totals.seeds === 0 || performance.now() < end; seed++) {
    const settings = { NETVOLLEY_SEED: String(seed), NETVOLLEY_SEEDS: '1', NETVOLLEY_STEPS: String(steps) }
    const { code, output, ms } = await run(command, args, { env: { ...SANITIZER_ENV, ...settings }, quiet: true })
    const found = SUMMARY.exec(output)
    if (code !== 0 || found === null) {
      const words = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
      console.log(`${output}\nudp-fuzz: seed ${seed} FAILED with exit code ${code}; to repeat it:`)
      console.log(`  ${[...words, ...args.slice(0, -1), path.relative('.', program)].join(' ')}`)
      return 1
    }
    const [actions, turns, , sent, received] = found.slice(1).map(Number)
    totals.seeds++
    totals.actions += actions
    totals.turns += turns
    totals.sent += sent
    totals.received += received
    console.log(
      `udp-fuzz: seed ${seed}: ${actions} actions, ${sent} sent, ${received} received in ${(ms / 1000).toFixed(1)} s`,
    )
  }
  const { seeds, actions, turns, sent, received } = totals
  console.log(
    `udp-fuzz: ${preset}: ${seeds} seeds from ${first}, ${actions} actions, ${turns} turns, ${sent} datagrams sent, ` +
      `${received} received: nothing found`,
  )
  return 0
}

process.exitCode = await main()
