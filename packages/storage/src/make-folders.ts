import { checkAborted } from '@moraine/stdx/abort'
import type { FileIO } from './file-io.ts'
import { makeDirectories } from './make-directories.ts'

/**
 * Makes the folders that are missing, where they are of this machine and files may be written there; elsewhere there are no
 * folders, or they come with the first file.
 *
 * @throws {MoraineError} as of a write there
 */
export async function makeFolders(
  io: Pick<FileIO, 'localPath'>,
  folders: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  for (const folder of folders) {
    checkAborted(signal, `making the folder ${folder}`)
    const path = io.localPath?.(folder)
    if (path !== undefined) await makeDirectories(path)
  }
}
