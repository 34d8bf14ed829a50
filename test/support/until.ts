/** Looks again and again until a condition holds; a test that waits for one fails with its name, not with a dead time limit. */
export async function until(condition: () => boolean, what: string, limitMs = 10_000): Promise<void> {
  const start = performance.now()
  while (!condition()) {
    if (performance.now() - start > limitMs) throw new Error(`after ${String(limitMs)} ms still not true: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
