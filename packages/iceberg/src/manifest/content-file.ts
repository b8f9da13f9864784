import type { PartitionTuple } from '../partition/partition-spec.ts'

export type FileContent = 'data' | 'position-deletes' | 'equality-deletes'
export type FileFormat = 'parquet' | 'orc' | 'avro' | 'puffin'

/**
 * A data file or delete file as its manifest entry describes it (table spec, "Manifests"). A deletion vector has
 * content `position-deletes`, format `puffin`, and is identified by path, offset and length together.
 */
export type ContentFile = {
  readonly content: FileContent
  readonly filePath: string
  readonly fileFormat: FileFormat
  readonly specId: number
  readonly partition: PartitionTuple
  readonly recordCount: number
  readonly fileSizeBytes: number
  /** Column metrics, decoded when asked for: most decisions never need them. */
  readonly metrics: () => FileMetrics
  readonly keyMetadata?: Uint8Array
  readonly splitOffsets?: readonly number[]
  readonly equalityIds?: readonly number[]
  readonly sortOrderId?: number
  /** v3 data files: id of the first row, inherited from the manifest where the entry has none. */
  readonly firstRowId?: bigint
  readonly referencedDataFile?: string
  readonly contentOffset?: number
  readonly contentSizeBytes?: number
}

/** Per field id; a field that is missing has no figure. Bounds are in the binary single-value form (spec, Appendix D). */
export type FileMetrics = {
  readonly columnSizes: ReadonlyMap<number, number>
  readonly valueCounts: ReadonlyMap<number, number>
  readonly nullValueCounts: ReadonlyMap<number, number>
  readonly nanValueCounts: ReadonlyMap<number, number>
  readonly lowerBounds: ReadonlyMap<number, Uint8Array>
  readonly upperBounds: ReadonlyMap<number, Uint8Array>
}

export const EMPTY_METRICS: FileMetrics = {
  columnSizes: new Map(),
  valueCounts: new Map(),
  nullValueCounts: new Map(),
  nanValueCounts: new Map(),
  lowerBounds: new Map(),
  upperBounds: new Map(),
}

export function isDeletionVector(file: Pick<ContentFile, 'content' | 'fileFormat'>): boolean {
  return file.content === 'position-deletes' && file.fileFormat === 'puffin'
}

/** What tells two delete files apart: several deletion vectors may share one Puffin file. */
export function contentFileKey(
  file: Pick<ContentFile, 'content' | 'fileFormat' | 'filePath'> & {
    readonly contentOffset?: number | undefined
    readonly contentSizeBytes?: number | undefined
  },
): string {
  return isDeletionVector(file) ? `${file.filePath}#${file.contentOffset}+${file.contentSizeBytes}` : file.filePath
}
