// What every driver does beside serving: `PORT n` on standard output when it listens on 127.0.0.1, and an end when its
// standard input ends, with its own statistics as one line of JSON. The pipe closes however the runner ends, so a driver
// never outlives it.

export function announce(port: number): void {
  process.stdout.write(`PORT ${port}\n`)
}

export function endWithInput(finish: () => Promise<object>): void {
  process.stdin.resume()
  process.stdin.once('end', () => {
    finish().then(
      (statistics) => process.stdout.write(`${JSON.stringify(statistics)}\n`, () => process.exit(0)),
      (error: unknown) => fail(error),
    )
  })
}

export function fail(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
