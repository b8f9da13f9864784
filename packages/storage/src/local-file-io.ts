import { stat, unlink } from 'node:fs/promises'
import { checkAborted } from '@moraine/stdx/abort'
import { mapBounded } from '@moraine/stdx/bounded'
import type { Random } from '@moraine/stdx/random'
import type { FileIO, FileStatus } from './file-io.ts'
import { errnoOf, isAbsent, localError } from './local-error.ts'
import { fileStatus, listLocalFiles } from './local-list.ts'
import { filePath, localPathOf } from './local-path.ts'
import { LOCAL_READS, type LocalReads } from './local-reads.ts'
import { writeUnreferenced } from './local-unreferenced.ts'
import { openLocalWriter } from './local-writer.ts'
import { parseLocation } from './location.ts'

/**
 * Files of this machine: `/a/b`, `file:/a/b`, `file:///a/b`.
 *
 * - A write goes to `.moraine-<uuid>.tmp` beside its target, is synced and then linked (`createOnly`) or renamed, so
 *   `createOnly` is atomic also between processes. Directories are made as needed and never removed.
 * - One to an unreferenced location goes there at once, which saves one of two waits for the disk.
 * - A process that is killed leaves its temporary file behind. `list` shows neither these nor symbolic links, and follows
 *   none; `read` and `stat` do follow them.
 * - Names that are not UTF-8 can be neither listed nor named.
 *
 * @param reads how files are read: by default with nobody held up meanwhile
 */
export function localFileIO(random: Random, reads: LocalReads = LOCAL_READS): FileIO {
  return {
    ...reads,
    stat: statLocal,
    openWriter: async (location, options, signal) =>
      openLocalWriter(filePath(location), writerOptions(random, options?.createOnly, signal)),
    write: async (location, bytes, options, signal) => {
      if (options?.isUnreferenced === true && (await writeUnreferenced(filePath(location), bytes, signal)))
        return 'written'
      const writer = await openLocalWriter(filePath(location), writerOptions(random, options?.createOnly, signal))
      await writer.write(bytes)
      return writer.close()
    },
    remove: removeFiles,
    list: (prefix, signal) => listLocal(prefix, signal),
    canCreateOnly: () => true,
    localPath: (location) => (parseLocation(location).scheme === 'file' ? filePath(location) : undefined),
  }
}

const PARALLEL_REMOVALS = 16

function writerOptions(random: Random, createOnly: boolean | undefined, signal: AbortSignal | undefined) {
  return { createOnly: createOnly ?? false, random, ...(signal && { signal }) }
}

async function statLocal(location: string, signal?: AbortSignal): Promise<FileStatus | undefined> {
  checkAborted(signal, `looking up ${location}`)
  try {
    const found = await stat(localPathOf(location))
    return found.isFile() ? fileStatus(location, found) : undefined
  } catch (cause) {
    if (isAbsent(cause)) return undefined
    throw localError(cause, `looking up ${location}`)
  }
}

async function removeFiles(locations: readonly string[], signal?: AbortSignal): Promise<void> {
  try {
    await mapBounded(locations, PARALLEL_REMOVALS, removeFile, signal)
  } catch (error) {
    checkAborted(signal, `removing ${locations.length} files`)
    throw error
  }
}

async function removeFile(location: string, signal: AbortSignal): Promise<void> {
  checkAborted(signal, `removing ${location}`)
  await unlink(localPathOf(location)).catch((cause: unknown) => {
    // A directory is no object, so there is none to remove.
    if (!isAbsent(cause) && errnoOf(cause) !== 'EISDIR') throw localError(cause, `removing ${location}`)
  })
}

async function* listLocal(prefix: string, signal: AbortSignal | undefined): AsyncGenerator<FileStatus> {
  const path = localPathOf(prefix)
  const namePrefix = path.slice(path.lastIndexOf('/') + 1)
  const directory = path.slice(0, path.length - namePrefix.length)
  const spelling = prefix.slice(0, prefix.length - namePrefix.length)
  yield* listLocalFiles(directory, namePrefix, spelling, signal)
}
