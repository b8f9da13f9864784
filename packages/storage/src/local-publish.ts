import { link, lstat, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { WriteOutcome } from './file-io.ts'
import { errnoOf, localError } from './local-error.ts'
import { makeDirectories } from './make-directories.ts'

/**
 * Gives a finished, synced file its name, durably and in one step: by `link` if it must not replace another (which,
 * unlike `rename`, fails if the name is taken), else by `rename`. Both paths are on one file system. `temporary` is
 * gone afterwards, whatever the outcome; after a failure it may still be there.
 */
export async function publishFile(temporary: string, path: string, createOnly: boolean): Promise<WriteOutcome> {
  const outcome = createOnly ? await linkFile(temporary, path) : await renameFile(temporary, path)
  // Also after a rename: it does nothing if both names are one file already.
  await rm(temporary, { force: true })
  await syncDirectory(dirname(path))
  return outcome
}

/** Makes the missing directories above `path`, durably. */
export async function makeParents(path: string): Promise<void> {
  const parent = dirname(path)
  const first = await makeDirectories(parent).catch((cause: unknown) => {
    if (!isKind(cause, 'invalid-input')) throw cause
    throw new MoraineError('invalid-input', `${path} cannot be written: ${cause.message}`, { cause })
  })
  if (first === undefined) return
  // A directory survives a crash once the one that names it is synced; `parent` itself is synced with its file.
  for (let made = parent; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made))
}

/** Makes the names in a directory survive a crash. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch((cause: unknown) => {
    throw localError(cause, `syncing the directory ${directory}`)
  })
  try {
    await handle.sync()
  } catch (cause) {
    // Some network file systems sync names by themselves and refuse this.
    if (errnoOf(cause) !== 'EINVAL') throw localError(cause, `syncing the directory ${directory}`)
  } finally {
    await handle.close()
  }
}

async function linkFile(temporary: string, path: string): Promise<WriteOutcome> {
  try {
    await link(temporary, path)
    return 'written'
  } catch (cause) {
    const code = errnoOf(cause)
    if (code === 'EEXIST') return settleLink(temporary, path)
    if (code !== 'EPERM') throw localError(cause, `creating ${path}`)
    throw new MoraineError('unsupported', `creating ${path} failed: its file system has no hard links (${code})`, {
      cause,
    })
  }
}

/** NFS may answer that the name is taken to a link that it made: the request was sent twice. */
async function settleLink(temporary: string, path: string): Promise<WriteOutcome> {
  const [ours, found] = await Promise.all([temporary, path].map((name) => lstat(name, { bigint: true })))
  if (ours?.ino === found?.ino && ours?.dev === found?.dev) return 'written'
  await refuseDirectory(path)
  return 'exists'
}

async function renameFile(temporary: string, path: string): Promise<WriteOutcome> {
  await rename(temporary, path).catch(async (cause: unknown) => {
    await refuseDirectory(path)
    throw localError(cause, `writing ${path}`)
  })
  return 'written'
}

async function refuseDirectory(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found?.isDirectory()) throw new MoraineError('invalid-input', `${path} cannot be written: it is a directory`)
}
