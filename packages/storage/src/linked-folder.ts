import { realpath } from 'node:fs/promises'
import type { FileIO } from './file-io.ts'
import { isAbsent, localError } from './local-error.ts'

/**
 * Where a folder of this machine really is, if a symbolic link on the way there, or the folder itself, leads elsewhere:
 * what is removed below would be removed there. Links on the way to `root`, if the folder lies in it, are whose who set it
 * up. `undefined` if there is none, or no such folder, and in other stores.
 *
 * @throws {MoraineError} as of a {@link FileIO}
 */
export async function linkedFolder(
  io: Pick<FileIO, 'localPath'>,
  folder: string,
  root: string | undefined,
): Promise<string | undefined> {
  const path = localPath(io, folder)
  if (path === undefined) return undefined
  const base = (root === undefined ? undefined : localPath(io, root)) ?? ''
  const isInside = path.startsWith(`${base}/`)
  try {
    const real = await realpath(path)
    const straight = isInside && base !== '' ? (await realpath(base)) + path.slice(base.length) : path
    return real === straight ? undefined : real
  } catch (cause) {
    if (isAbsent(cause)) return undefined
    throw localError(cause, `looking for links in ${folder}`)
  }
}

function localPath(io: Pick<FileIO, 'localPath'>, location: string): string | undefined {
  return io.localPath?.(location.replace(/\/+$/, '') || '/')?.replace(/\/$/, '')
}
