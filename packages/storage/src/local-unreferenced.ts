import { type FileHandle, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { checkAborted } from '@moraine/stdx/abort'
import { errnoOf, localError } from './local-error.ts'
import { makeParents, syncDirectory } from './local-publish.ts'
import { writeAll } from './local-writer.ts'

/**
 * Writes a file that nobody can look for yet under its own name at once, and waits for its bytes and its name to be on disk
 * side by side: half as long as one after the other. `false` if there is a file of that name, which stays as it is.
 */
export async function writeUnreferenced(
  path: string,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const doing = `writing ${path}`
  checkAborted(signal, doing)
  const handle = await create(path).catch((cause: unknown) => {
    throw localError(cause, doing)
  })
  if (handle === undefined) return false
  try {
    await writeAll(handle, bytes, signal, doing)
    await Promise.all([handle.sync(), syncDirectory(dirname(path))])
    // Whoever has given up was told so already, and forgets the file.
    checkAborted(signal, doing)
    // Nothing hangs on it any more.
    handle.close().catch(() => {})
    return true
  } catch (cause) {
    await handle.close().catch(() => {})
    // A leftover is a file that nobody knows of.
    await rm(path, { force: true }).catch(() => {})
    throw localError(cause, doing)
  }
}

async function create(path: string): Promise<FileHandle | undefined> {
  try {
    return await createNew(path)
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw cause
    await makeParents(path)
    return createNew(path)
  }
}

async function createNew(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'wx')
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') return undefined
    throw cause
  }
}
