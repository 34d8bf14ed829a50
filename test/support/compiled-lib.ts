/** Parts of lib/ as plain JavaScript in a temporary folder, for programs that must run in a process of their own without a build. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import ts from 'typescript'

export interface CompiledLib {
  /** Folder that mirrors lib/. */
  readonly folder: string
  remove(): void
}

/** @param parts files of lib/, or folders of it (without their subfolders) */
export function compileLib(parts: readonly string[]): CompiledLib {
  const lib = join(__dirname, '../../lib')
  const folder = mkdtempSync(join(tmpdir(), 'netvolley-lib-'))
  const files = parts.flatMap((part) =>
    part.endsWith('.ts')
      ? [part]
      : readdirSync(join(lib, part))
          .filter((name) => name.endsWith('.ts'))
          .map((name) => join(part, name)),
  )
  for (const file of files) {
    const { outputText } = ts.transpileModule(readFileSync(join(lib, file), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true },
    })
    const target = join(folder, dirname(file))
    mkdirSync(target, { recursive: true })
    writeFileSync(join(target, `${basename(file, '.ts')}.js`), outputText)
  }
  return {
    folder,
    remove: () => {
      rmSync(folder, { recursive: true })
    },
  }
}
