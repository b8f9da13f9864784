import { posix } from 'node:path'
import type { RepositoryFile } from './source-files.ts'

/** One import or re-export. `names` are the names in the other file, or 'all' when any of them may be used. */
export type Import = {
  readonly target: string
  readonly names: readonly string[] | 'all'
  /** Erased by type stripping: the other file is never loaded because of it. */
  readonly typeOnly: boolean
}

/** What a file imports, statically or by `import()`, in the order of the text. */
export function importsOf({ text }: Pick<RepositoryFile, 'text'>): readonly Import[] {
  const statement =
    /^(?:import|export)\s+(?:(type)\s+)?(?:(\w+|\*(?:\s+as\s+\w+)?)\s*,?\s*)?(?:\{([^}]*)\}\s*)?from\s+['"]([^'"\n]+)['"]|^import\s+['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/gm
  return [...text.matchAll(statement)].map(([, type, whole, braces, from, bare, dynamic]) => ({
    target: from ?? bare ?? dynamic ?? '',
    names: bare !== undefined ? [] : dynamic !== undefined || whole !== undefined ? 'all' : namesIn(braces ?? ''),
    typeOnly: type !== undefined,
  }))
}

/** The path of the imported file when it is one of ours (`packages/stdx/src/error.ts`), else undefined. */
export function importedPath(
  importer: string,
  target: string,
  exists: (path: string) => boolean = () => true,
): string | undefined {
  if (target.startsWith('.')) return posix.join(posix.dirname(importer), target)
  const [, name, subpath] = /^@moraine\/([^/]+)\/(.+)$/.exec(target) ?? []
  if (name === undefined) return undefined
  return [`packages/${name}/src/${subpath}.ts`, `apps/${name}/src/${subpath}.ts`].find(exists)
}

function namesIn(braces: string): readonly string[] {
  return braces
    .split(',')
    .map((part) => /^(?:type\s+)?(\w+)/.exec(part.trim())?.[1] ?? '')
    .filter((name) => name !== '')
}
