import { constants } from 'node:fs'
import { copyFile, link, open, stat } from 'node:fs/promises'
import { MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import { localFailure } from './local-failure.ts'

/** A table's file at a path where a child process can read it. */
export type StagedFile = {
  readonly location: string
  readonly path: string
  /** Whether the bytes are the table's own, reached by a link, and must not be changed. */
  readonly isShared: boolean
}

/**
 * Brings a file of the table into the task directory: a link where the store is this machine's disk, a download
 * otherwise.
 *
 * @throws {MoraineError} `corrupt` if the file has not the size that its manifest gives
 */
export async function stageFile(
  io: FileIO,
  file: { readonly location: string; readonly sizeBytes: number },
  path: string,
  signal: AbortSignal,
): Promise<StagedFile> {
  const local = io.localPath?.(file.location)
  const isShared = local === undefined ? await download(io, file, path, signal) : await linkOrCopy(local, path)
  const { size } = await stat(path)
  if (size !== file.sizeBytes) {
    throw new MoraineError('corrupt', `${file.location} has ${size} bytes, its manifest says ${file.sizeBytes}`)
  }
  return { location: file.location, path, isShared }
}

/** Makes the staged bytes the task's own, so that they may be changed. */
export async function unshare(file: StagedFile, path: string): Promise<StagedFile> {
  if (!file.isShared) return file
  await copyFile(file.path, path, constants.COPYFILE_FICLONE).catch(localFailure(path))
  return { location: file.location, path, isShared: false }
}

const PART_BYTES = 8 * 1024 * 1024

async function linkOrCopy(source: string, path: string): Promise<boolean> {
  try {
    await link(source, path)
    return true
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (!LINK_REFUSED.has(code)) return localFailure(source)(error)
  }
  await copyFile(source, path, constants.COPYFILE_FICLONE).catch(localFailure(source))
  return false
}

// Another disk, a file system without links, a file of another owner, too many links.
const LINK_REFUSED: ReadonlySet<string> = new Set([
  'EXDEV',
  'EPERM',
  'EACCES',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
])

async function download(
  io: FileIO,
  { location, sizeBytes }: { readonly location: string; readonly sizeBytes: number },
  path: string,
  signal: AbortSignal,
): Promise<boolean> {
  const target = await open(path, 'wx').catch(localFailure(path))
  try {
    for (let offset = 0; offset < sizeBytes; offset += PART_BYTES) {
      const bytes = await io.readRange(location, offset, Math.min(PART_BYTES, sizeBytes - offset), signal)
      await target.write(bytes).catch(localFailure(path))
    }
  } finally {
    await target.close()
  }
  return false
}
