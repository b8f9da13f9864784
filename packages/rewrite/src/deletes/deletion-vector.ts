import { decodeDeletionVector } from '@moraine/iceberg/puffin/deletion-vector'
import { loadPuffinBlob } from '@moraine/iceberg/puffin/puffin-reader'
import type { DeleteInput } from '@moraine/maintenance/plan/rewrite-plan'
import { MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'

/**
 * The positions that one deletion vector holds, in ascending order. It is told by path, offset and length together:
 * several may share one Puffin file.
 *
 * @throws {MoraineError} `corrupt` if it is damaged or has another number of positions than its manifest says
 */
export async function readDeletionVector(io: FileIO, input: DeleteInput, signal: AbortSignal): Promise<BigInt64Array> {
  const { filePath, contentOffset, contentSizeBytes, fileSizeBytes, recordCount } = input
  if (
    contentOffset === undefined ||
    contentSizeBytes === undefined ||
    contentOffset + contentSizeBytes > fileSizeBytes
  ) {
    throw new MoraineError('corrupt', `${filePath}: its manifest does not place the deletion vector inside of it`)
  }
  const what = `the deletion vector at ${contentOffset}+${contentSizeBytes} of ${filePath}`
  const blob = await loadPuffinBlob(io, filePath, { offset: contentOffset, length: contentSizeBytes }, signal)
  const positions = decodeDeletionVector(blob, what)
  if (positions.length !== recordCount) {
    throw new MoraineError('corrupt', `${what} has ${positions.length} positions, its manifest says ${recordCount}`)
  }
  return BigInt64Array.from(positions, BigInt)
}
