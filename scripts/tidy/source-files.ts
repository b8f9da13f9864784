import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export type RepositoryFile = { readonly path: string; readonly text: string }

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** The repository's files that git tracks or would track, with paths relative to its root. */
export function sourceFiles(matches: (path: string) => boolean): readonly RepositoryFile[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'], {
    cwd: root,
    encoding: 'utf8',
  })
  return listed
    .split('\n')
    .filter((path) => path !== '' && matches(path))
    .flatMap((path) => {
      try {
        return [{ path, text: readFileSync(root + path, 'utf8') }]
      } catch {
        return [] // deleted, not yet committed
      }
    })
}

export const isTypeScript = (path: string): boolean => /^(packages|apps|interop|bench|scripts)\/.*\.tsx?$/.test(path)
/** Tests and what only tests use. */
export const isTest = (path: string): boolean =>
  /\.(test|process-test)\.ts$/.test(path) ||
  /\/(testing|simulation)\//.test(path) ||
  /^(interop|bench|scripts)\//.test(path)

export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')
}
