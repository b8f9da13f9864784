import type { ColumnMetadata } from './file-metadata.ts'

export type ByteRange = { readonly offset: number; readonly length: number }

/**
 * The pages of a column chunk. It begins at the dictionary page if there is one; some writers state an offset of 0,
 * or one behind the data, for a dictionary that does not exist.
 */
export function chunkRange(metadata: ColumnMetadata): ByteRange {
  const dictionary = metadata.dictionaryPageOffset
  const hasDictionary = dictionary !== undefined && dictionary > 0 && dictionary < metadata.dataPageOffset
  return { offset: hasDictionary ? dictionary : metadata.dataPageOffset, length: metadata.totalCompressedSize }
}
