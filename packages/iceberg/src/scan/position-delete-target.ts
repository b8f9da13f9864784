import { MoraineError } from '@moraine/stdx/error'
import { type ContentFile, isDeletionVector } from '../manifest/content-file.ts'
import { DELETE_FILE_PATH_FIELD_ID } from '../schema/reserved-field-ids.ts'

/** Which data files a position delete file can name: exactly one, or those whose path lies within the bounds. */
export type PositionDeleteTarget =
  | { readonly kind: 'one-file'; readonly path: string }
  | { readonly kind: 'partition'; readonly lower?: Uint8Array; readonly upper?: Uint8Array }

export function positionDeleteTarget(file: ContentFile): PositionDeleteTarget {
  if (file.referencedDataFile !== undefined) return { kind: 'one-file', path: file.referencedDataFile }
  if (isDeletionVector(file)) {
    throw new MoraineError(
      'corrupt',
      `deletion vector ${file.filePath} does not name its data file (referenced_data_file)`,
    )
  }
  const metrics = file.metrics()
  const lower = metrics.lowerBounds.get(DELETE_FILE_PATH_FIELD_ID)
  const upper = metrics.upperBounds.get(DELETE_FILE_PATH_FIELD_ID)
  // A truncated upper bound is rounded up, so equal bounds are never truncated: the path is exact.
  if (lower !== undefined && upper !== undefined && Buffer.compare(lower, upper) === 0) {
    return { kind: 'one-file', path: Buffer.from(lower).toString('utf8') }
  }
  return { kind: 'partition', ...(lower && { lower }), ...(upper && { upper }) }
}
