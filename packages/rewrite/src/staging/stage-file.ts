import { constants } from 'node:fs'
import { copyFile, stat } from 'node:fs/promises'
import { MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import { localError } from '@moraine/storage/local-error'
import { stageToLocal } from '@moraine/storage/stage-files'

/** A table's file at a path where a child process can read it. */
export type StagedFile = {
  readonly location: string
  readonly path: string
  /** Whether the bytes may be the table's own, reached by a link, and must not be changed. */
  readonly isShared: boolean
}

/**
 * Brings a file of the table into the task directory.
 *
 * @throws {MoraineError} `corrupt` if the file has not the size that its manifest gives
 */
export async function stageFile(
  io: FileIO,
  file: { readonly location: string; readonly sizeBytes: number },
  path: string,
  signal: AbortSignal,
): Promise<StagedFile> {
  await stageToLocal(io, file.location, path, signal)
  const { size, nlink } = await stat(path)
  if (size !== file.sizeBytes) {
    throw new MoraineError('corrupt', `${file.location} has ${size} bytes, its manifest says ${file.sizeBytes}`)
  }
  return { location: file.location, path, isShared: nlink > 1 }
}

/** Makes the staged bytes the task's own, so that they may be changed. */
export async function unshare(file: StagedFile, path: string): Promise<StagedFile> {
  if (!file.isShared) return file
  await copyFile(file.path, path, constants.COPYFILE_FICLONE).catch((cause: unknown) => {
    throw localError(cause, `copying ${file.location} to ${path}`)
  })
  return { location: file.location, path, isShared: false }
}
