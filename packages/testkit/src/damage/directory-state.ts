import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Every file below a directory, hidden ones too, by its path relative to it. */
export type DirectoryState = ReadonlyMap<string, Uint8Array>

export function directoryState(directory: string): DirectoryState {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()
  const files = names.filter((name) => statSync(join(directory, name)).isFile())
  return new Map(files.map((name) => [name, readFileSync(join(directory, name))]))
}

export type DirectoryChanges = {
  readonly added: readonly string[]
  readonly changed: readonly string[]
  readonly removed: readonly string[]
}

export const NO_CHANGES: DirectoryChanges = { added: [], changed: [], removed: [] }

/** What is different, byte for byte. */
export function directoryChanges(before: DirectoryState, after: DirectoryState): DirectoryChanges {
  return {
    added: [...after.keys()].filter((name) => !before.has(name)),
    changed: [...before].flatMap(([name, bytes]) => {
      const now = after.get(name)
      return now === undefined || Buffer.from(now).equals(bytes) ? [] : [name]
    }),
    removed: [...before.keys()].filter((name) => !after.has(name)),
  }
}

/** Makes a directory what it was. Directories that came stay, empty. */
export function restoreDirectory(directory: string, state: DirectoryState): void {
  const { added, changed, removed } = directoryChanges(state, directoryState(directory))
  for (const name of added) rmSync(join(directory, name))
  for (const name of [...changed, ...removed]) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), state.get(name) ?? new Uint8Array())
  }
}
