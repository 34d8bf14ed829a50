// @ts-check
// Installs the Debian packages that the long checks want, where it may (root, apt-get); else says what is left out.
// The checks themselves say so when a program is missing, so this script never fails.
import { run } from './lib/run.mjs'

/** @type {readonly { program: string, package: string, purpose: string }[]} */
const WANTED = [
  { program: 'dig', package: 'bind9-dnsutils', purpose: 'interop of the DNS example' },
  { program: 'strace', package: 'strace', purpose: 'system calls counted from outside' },
  { program: 'setarch', package: 'util-linux', purpose: 'ThreadSanitizer with fixed addresses' },
]

/** @param {string} program */
const isInstalled = async (program) =>
  (await run('sh', ['-c', 'command -v "$1"', 'sh', program], { quiet: true })).code === 0

/** @returns {Promise<(typeof WANTED)[number][]>} */
async function findMissing() {
  const installed = await Promise.all(WANTED.map(({ program }) => isInstalled(program)))
  return WANTED.filter((_, i) => !installed[i])
}

let missing = await findMissing()
if (missing.length > 0 && process.getuid?.() === 0 && (await isInstalled('apt-get'))) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const quiet = ['-qq', '-o', 'Dpkg::Use-Pty=0']
  await run('apt-get', [...quiet, 'update'], { env })
  const packages = missing.map((wanted) => wanted.package)
  await run('apt-get', [...quiet, 'install', '-y', '--no-install-recommends', ...packages], { env })
  missing = await findMissing()
}
for (const { program, package: name, purpose } of missing) {
  console.log(`system-packages: left out: ${program} (package ${name}), for: ${purpose}`)
}
console.log(`system-packages: ${WANTED.length - missing.length} of ${WANTED.length} programs are there`)
