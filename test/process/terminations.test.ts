/** worker.terminate() under load. TERMINATIONS=n chooses how often (default 10). */
import { runToEnd } from '../support/child'
import { SEED } from '../support/seed'

const COUNT = Number(process.env.TERMINATIONS ?? 10)

it(
  `[SV27, SV30] ${String(COUNT)} terminations of workers under load: every request has one outcome, and a server ` +
    `of the main thread loses and doubles nothing (seed ${String(SEED)})`,
  async () => {
    const limitMs = 20_000 + COUNT * 2_000
    const lines = await runToEnd('terminations.mjs', [String(COUNT), String(SEED)], { limitMs })
    console.log(lines.join('\n'))
    const [workers, ...steady] = lines.map((line) => JSON.parse(line))
    expect(workers).toMatchObject({ terminations: COUNT, wrong: 0, balanced: true })
    expect(workers.answered).toBeGreaterThanOrEqual(20 * COUNT)
    expect(steady).toHaveLength(2)
    for (const { asked, answered, cutOff, wrong, counted } of steady) {
      expect({ answered, cutOff, wrong, counted }).toEqual({ answered: asked, cutOff: 0, wrong: 0, counted: asked })
    }
  },
  40_000 + COUNT * 2_000,
)
