import type { Dir, Dirent } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'
import { checkAborted } from '@moraine/stdx/abort'
import type { EpochMs } from '@moraine/stdx/brand'
import type { FileStatus } from './file-io.ts'
import { isAbsent, localError } from './local-error.ts'
import { isTemporaryName } from './local-temporary.ts'

/**
 * The regular files below the directory `path` (absolute, with a trailing slash) whose path goes on with `namePrefix`,
 * and that no write has yet to finish. Symbolic links are neither followed nor listed, except in `path` itself, so that
 * nothing outside is reached. Holds one open directory per level and one batch of names; what is removed meanwhile is left out.
 * `location` of a result is `spelling` followed by the path below `path`.
 */
export async function* listLocalFiles(
  path: string,
  namePrefix: string,
  spelling: string,
  signal?: AbortSignal,
): AsyncGenerator<FileStatus> {
  const levels: Level[] = []
  await enter(levels, path, spelling)
  try {
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      checkAborted(signal, `listing ${path}`)
      const below = level.pending.pop()
      if (below !== undefined) {
        await enter(levels, `${level.path}${below}/`, `${level.spelling}${below}/`)
        continue
      }
      const entries = await readBatch(level.directory)
      if (entries.length === 0) await levels.pop()?.directory.close()
      const prefix = levels.length === 1 ? namePrefix : ''
      const matching = entries.filter((entry) => entry.name.startsWith(prefix))
      level.pending = matching.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
      const files = matching.filter((entry) => entry.isFile() && !isTemporaryName(entry.name))
      yield* await statFiles(level, files)
    }
  } finally {
    for (const { directory } of levels) await directory.close()
  }
}

type Level = { readonly directory: Dir; readonly path: string; readonly spelling: string; pending: string[] }

const BATCH = 128

async function enter(levels: Level[], path: string, spelling: string): Promise<void> {
  try {
    levels.push({ directory: await opendir(path, { bufferSize: BATCH }), path, spelling, pending: [] })
  } catch (cause) {
    if (!isAbsent(cause)) throw localError(cause, `listing ${path}`)
  }
}

/** The next names; none at the end. */
async function readBatch(directory: Dir): Promise<readonly Dirent[]> {
  const batch: Dirent[] = []
  try {
    while (batch.length < BATCH) {
      const entry = await directory.read()
      if (entry === null) break
      batch.push(entry)
    }
    return batch
  } catch (cause) {
    throw localError(cause, `listing ${directory.path}`)
  }
}

async function statFiles(level: Level, entries: readonly Dirent[]): Promise<readonly FileStatus[]> {
  const found = await Promise.all(entries.map(({ name }) => statFile(level.path + name, level.spelling + name)))
  return found.filter((status) => status !== undefined)
}

async function statFile(path: string, location: string): Promise<FileStatus | undefined> {
  try {
    const found = await lstat(path)
    return found.isFile() ? fileStatus(location, found) : undefined
  } catch (cause) {
    if (isAbsent(cause)) return undefined
    throw localError(cause, `listing ${path}`)
  }
}

export function fileStatus(location: string, found: { readonly size: number; readonly mtimeMs: number }): FileStatus {
  return { location, sizeBytes: found.size, modifiedAt: Math.floor(found.mtimeMs) as EpochMs }
}
