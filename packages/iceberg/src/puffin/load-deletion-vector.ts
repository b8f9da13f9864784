import { MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import type { ContentFile } from '../manifest/content-file.ts'
import { decodeDeletionVector } from './deletion-vector.ts'
import { loadPuffinBlob } from './puffin-reader.ts'
import type { Positions } from './roaring-positions.ts'

/** Where a deletion vector is: a manifest entry's file, or what a plan keeps of it. */
export type DeletionVectorFile = Pick<
  ContentFile,
  'filePath' | 'fileSizeBytes' | 'recordCount' | 'contentOffset' | 'contentSizeBytes'
>

/**
 * Loads the deleted positions that a manifest entry's deletion vector holds. It is found by path, offset and length
 * together, since one Puffin file may hold the vectors of many data files.
 *
 * @throws {MoraineError} of the FileIO; `corrupt` if the vector is damaged or has not as many positions as its entry.
 */
export async function loadDeletionVector(
  io: FileIO,
  file: DeletionVectorFile,
  signal?: AbortSignal,
): Promise<Positions> {
  const { filePath, fileSizeBytes, contentOffset, contentSizeBytes, recordCount } = file
  if (contentOffset === undefined || contentSizeBytes === undefined) {
    throw new MoraineError('corrupt', `${filePath} is listed as a deletion vector without offset and size`)
  }
  if (contentOffset + contentSizeBytes > fileSizeBytes) {
    throw new MoraineError('corrupt', `${filePath} is listed with a deletion vector beyond its ${fileSizeBytes} bytes`)
  }
  const what = `the deletion vector at ${contentOffset}+${contentSizeBytes} of ${filePath}`
  const blob = await loadPuffinBlob(io, filePath, { offset: contentOffset, length: contentSizeBytes }, signal)
  const positions = decodeDeletionVector(blob, what)
  if (positions.length !== recordCount) {
    throw new MoraineError(
      'corrupt',
      `${what} has ${positions.length} positions, its manifest entry says ${recordCount}`,
    )
  }
  return positions
}
