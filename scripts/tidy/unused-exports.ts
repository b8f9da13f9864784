import { importedPath, importsOf } from './imports-of.ts'
import { isTest, type RepositoryFile, withoutComments } from './source-files.ts'

/** An exported name that nothing needs to be exported, as `path name`, and why. */
export type UnusedExport = { readonly at: string; readonly why: 'dead' | 'used only in its file' }

/**
 * Exported names that no other file imports. What only tests import is dead too, unless its own file uses it: then it is
 * a part that is tested by itself. A type may be exported for a signature of its file. For the files of tests themselves
 * (`testing/`, testkit) any importer counts.
 */
export function unusedExports(files: readonly RepositoryFile[]): readonly UnusedExport[] {
  const known = new Set(files.map(({ path }) => path))
  const users = { production: new Set<string>(), any: new Set<string>() }
  for (const file of files) {
    for (const { target, names } of importsOf(file)) {
      const path = importedPath(file.path, target, (candidate) => known.has(candidate))
      if (path === undefined) continue
      for (const name of names === 'all' ? ['*'] : names) {
        users.any.add(`${path} ${name}`)
        if (!isTestCase(file.path)) users.production.add(`${path} ${name}`)
      }
    }
  }
  return files
    .filter(({ path }) => /^(packages|apps)\//.test(path) && !isTestCase(path))
    .flatMap((file) => exportsOf(file).flatMap((found) => judge(file, found, users)))
}

type Export = { readonly name: string; readonly isType: boolean }
type Users = { readonly production: ReadonlySet<string>; readonly any: ReadonlySet<string> }

function judge(file: RepositoryFile, { name, isType }: Export, users: Users): readonly UnusedExport[] {
  const at = `${file.path} ${name}`
  const whole = `${file.path} *`
  const counted = isTest(file.path) || file.path.startsWith('packages/testkit/') ? users.any : users.production
  if (counted.has(at) || counted.has(whole)) return []
  const isUsedAtHome = [...withoutComments(file.text).matchAll(new RegExp(`\\b${name}\\b`, 'g'))].length > 1
  if (!isUsedAtHome) return [{ at, why: 'dead' }]
  return isType || users.any.has(at) || users.any.has(whole) ? [] : [{ at, why: 'used only in its file' }]
}

function exportsOf(file: RepositoryFile): readonly Export[] {
  const declaration = /^export (?:async )?(?:abstract )?(function\*?|const|let|class|enum|interface|type) (\w+)/gm
  return [...file.text.matchAll(declaration)].map(([, kind = '', name = '']) => {
    return { name, isType: kind === 'type' || kind === 'interface' }
  })
}

/** Files that only the test runner, a lab or a person starts. Other scripts write documents: they are users. */
function isTestCase(path: string): boolean {
  return /\.(test|process-test)\.ts$/.test(path) || /^(interop|bench|scripts\/tidy)\//.test(path)
}
