import { importedPath, importsOf } from './imports-of.ts'
import { isTest, type RepositoryFile, withoutComments } from './source-files.ts'

/**
 * Folders that decide and never do. What is not listed may do I/O, so a pure file may run nothing of it: it imports
 * values only from pure files. Types are erased and may come from elsewhere (`FileIO` as a parameter), but only across
 * packages: inside a package the way is from the shell to the core.
 */
const PURE = [
  'packages/stdx/src/',
  'packages/avro/src/',
  'packages/iceberg/src/',
  'packages/parquet/src/',
  'packages/lifecycle/src/',
  'packages/management/src/',
  'packages/api/src/',
  'packages/maintenance/src/plan/',
  'packages/maintenance/src/verify/',
  'packages/thrift/src/',
]
/** The sockets of `thrift`; the rest of it turns bytes into values. */
const IMPURE = /^packages\/thrift\/src\/(client|connection|server|server-connection)\.ts$/
/** Where the ambient sources that the rest of the code takes as parameters are made. */
const SOURCES_OF_AMBIENCE = new Set(['packages/stdx/src/clock.ts', 'packages/stdx/src/random.ts'])
const PURE_LIBRARIES = new Set([
  'node:zlib',
  'node:crypto',
  'node:buffer',
  'croner',
  're2js',
  'typebox',
  'typebox/value',
])

// `process` is also what the service calls a run: only what Node's global has is refused.
const MEMBERS_OF_PROCESS = [...Object.getOwnPropertyNames(process), 'on', 'once', 'emit']
  .filter((name) => /^[a-z]\w*$/i.test(name))
  .join('|')
const AMBIENT: readonly RegExp[] = [
  /\b(?:systemClock|systemRandom|globalThis)\b/,
  /(?<![.\w])(?:fetch|require|setTimeout|setInterval|setImmediate|queueMicrotask)\(/,
  /\bnew (?:WebSocket|EventSource|BroadcastChannel|MessageChannel)\b/,
  /(?<![.\w])console\./,
  new RegExp(`(?<![.\\w])process\\.(?:${MEMBERS_OF_PROCESS})\\b`),
  /(?<![.\w])process\[/,
]

/** Whether a file may neither read nor change anything but its arguments. */
export function isPure(path: string): boolean {
  return PURE.some((folder) => path.startsWith(folder)) && !IMPURE.test(path) && !isTest(path)
}

/** What keeps a file of a pure folder from being pure; nothing for other files. */
export function impurities(file: RepositoryFile): readonly string[] {
  if (!isPure(file.path) || SOURCES_OF_AMBIENCE.has(file.path)) return []
  const imported = importsOf(file).flatMap(({ target, typeOnly }) => {
    const path = importedPath(file.path, target)
    if (path !== undefined && isPure(path)) return []
    if (target.startsWith('.')) return [`${file.path} imports ${target}, which may do I/O`]
    return typeOnly || PURE_LIBRARIES.has(target) ? [] : [`${file.path} imports a value of ${target}, which may do I/O`]
  })
  const text = withoutComments(file.text)
  const used = AMBIENT.flatMap((pattern) => {
    const found = pattern.exec(text)
    return found === null ? [] : [`${file.path} uses ${found[0]}`]
  })
  return [...imported, ...used]
}
