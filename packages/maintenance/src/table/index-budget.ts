import { MoraineError } from '@moraine/stdx/error'
import { counted, humanBytes } from '@moraine/stdx/human-text'

export type LiveFiles = { readonly data: number; readonly deletes: number }

/** Of a data file in an index at most (docs/adr/0011-file-index.md), and of a delete file, which stays an object with its path and bounds. */
const DATA_FILE_BYTES = 50
const DELETE_FILE_BYTES = 1000

/**
 * Whether a table's files fit into memory is known before they are read: an index that grows until its thread dies would be begun
 * again at every look.
 *
 * @throws {MoraineError} `exhausted` if the index of so many files takes more than `bytesMax`
 */
export function checkIndexFits({ data, deletes }: LiveFiles, bytesMax: number): void {
  const bytes = data * DATA_FILE_BYTES + deletes * DELETE_FILE_BYTES
  if (bytes <= bytesMax) return
  const files = `${counted(data, 'data file')} and ${counted(deletes, 'delete file')}`
  throw new MoraineError(
    'exhausted',
    `its ${files} take ${humanBytes(bytes)} of memory to look at, and one table may take ${humanBytes(bytesMax)} here; compact it with an engine, or give the service more memory`,
    { context: { data, deletes, bytesMax } },
  )
}
