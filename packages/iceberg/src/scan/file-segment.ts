import type { FileFormat } from '../manifest/content-file.ts'
import type { ManifestFile } from '../manifest/manifest-file.ts'

/**
 * The live data files of one manifest, column by column: about 45 bytes a file, and no objects. A row is a file; paths,
 * metrics and the rest are read again from the manifest, where `entryOffsets` leads.
 */
export type FileSegment = {
  /** The manifest's line in the manifest list. */
  readonly manifest: ManifestFile
  readonly length: number
  /** Ordinals in the table's {@link PartitionDictionary}. */
  readonly partitions: Uint32Array
  readonly fileSizesBytes: Float64Array
  readonly recordCounts: Float64Array
  readonly dataSequenceNumbers: Float64Array
  /** -1: none is stated. */
  readonly sortOrderIds: Int32Array
  /** Positions in {@link FORMATS}, with {@link ENCRYPTED} added for files that have key metadata, {@link FOREIGN} for those elsewhere. */
  readonly formats: Uint8Array
  /** Of `pathHash`. */
  readonly pathHashes: Uint32Array
  /** Where the file's entry starts in its block. */
  readonly entryOffsets: Uint32Array
  /** Where the manifest's blocks start in it, and the first row of each. */
  readonly blockOffsets: Float64Array
  readonly blockRows: Uint32Array
  /** v3, where rows have ids. */
  readonly firstRowIds: BigInt64Array | undefined
}

export const FORMATS: readonly FileFormat[] = ['parquet', 'orc', 'avro', 'puffin']
export const ENCRYPTED = 4
/** Of files that do not lie where the table keeps its own, if whoever reads the manifest asks for that. */
export const FOREIGN = 8

/** What a row is made of; a cursor that stands on an entry is one. */
export type SegmentRow = {
  readonly fileSizeBytes: number
  readonly recordCount: number
  readonly dataSequenceNumber: number
  readonly sortOrderId: number | undefined
  readonly fileFormat: FileFormat
  readonly isEncrypted: boolean
  readonly firstRowId: bigint | undefined
  readonly blockOffset: number
  readonly entryOffset: number
  filePathHash(): number
}

/** Collects the rows of a segment in columns that grow. */
export class SegmentBuilder {
  #length = 0
  #columns: Columns
  readonly #blockOffsets: number[] = []
  readonly #blockRows: number[] = []
  #hasRowIds = false

  constructor(expectedRows: number) {
    this.#columns = allocate(Math.max(1, Math.min(expectedRows, ROWS_EXPECTED_MAX)))
  }

  get length(): number {
    return this.#length
  }

  add(row: SegmentRow, partition: number, isForeign = false): void {
    const at = this.#length
    if (at === this.#columns.partitions.length) this.#columns = resized(this.#columns, 2 * at)
    const columns = this.#columns
    columns.partitions[at] = partition
    columns.fileSizesBytes[at] = row.fileSizeBytes
    columns.recordCounts[at] = row.recordCount
    columns.dataSequenceNumbers[at] = row.dataSequenceNumber
    columns.sortOrderIds[at] = row.sortOrderId ?? -1
    columns.formats[at] =
      FORMATS.indexOf(row.fileFormat) + (row.isEncrypted ? ENCRYPTED : 0) + (isForeign ? FOREIGN : 0)
    columns.pathHashes[at] = row.filePathHash()
    columns.entryOffsets[at] = row.entryOffset
    if (row.firstRowId !== undefined) {
      this.#hasRowIds = true
      columns.firstRowIds ??= new BigInt64Array(columns.partitions.length)
      columns.firstRowIds[at] = row.firstRowId
    }
    if (row.blockOffset !== this.#blockOffsets.at(-1)) {
      this.#blockOffsets.push(row.blockOffset)
      this.#blockRows.push(at)
    }
    this.#length = at + 1
  }

  finish(manifest: ManifestFile): FileSegment {
    const length = this.#length
    const columns = this.#columns.partitions.length === length ? this.#columns : resized(this.#columns, length)
    return {
      ...columns,
      manifest,
      length,
      firstRowIds: this.#hasRowIds ? columns.firstRowIds : undefined,
      blockOffsets: Float64Array.from(this.#blockOffsets),
      blockRows: Uint32Array.from(this.#blockRows),
    }
  }
}

/** Where the row's entry is: for `EntryCursor.moveTo`. */
export function blockOffsetOf({ blockOffsets, blockRows }: FileSegment, row: number): number {
  let low = 0
  let high = blockRows.length
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if ((blockRows[middle] ?? 0) <= row) low = middle
    else high = middle
  }
  return blockOffsets[low] ?? -1
}

/** The memory that a segment's columns take. */
export function segmentBytes(segment: FileSegment): number {
  let bytes = segment.firstRowIds?.byteLength ?? 0
  for (const name of COLUMNS) bytes += segment[name].byteLength
  return bytes + segment.blockOffsets.byteLength + segment.blockRows.byteLength
}

/** The same files with their partitions numbered anew. */
export function withPartitions(segment: FileSegment, ordinalOf: (ordinal: number) => number): FileSegment {
  return { ...segment, partitions: segment.partitions.map(ordinalOf) }
}

// A manifest list may claim any number; columns grow to what is found.
const ROWS_EXPECTED_MAX = 1 << 17

type Columns = {
  partitions: Uint32Array
  fileSizesBytes: Float64Array
  recordCounts: Float64Array
  dataSequenceNumbers: Float64Array
  sortOrderIds: Int32Array
  formats: Uint8Array
  pathHashes: Uint32Array
  entryOffsets: Uint32Array
  firstRowIds: BigInt64Array | undefined
}

const COLUMNS = [
  'partitions',
  'fileSizesBytes',
  'recordCounts',
  'dataSequenceNumbers',
  'sortOrderIds',
  'formats',
  'pathHashes',
  'entryOffsets',
] as const

function allocate(rows: number): Columns {
  return {
    partitions: new Uint32Array(rows),
    fileSizesBytes: new Float64Array(rows),
    recordCounts: new Float64Array(rows),
    dataSequenceNumbers: new Float64Array(rows),
    sortOrderIds: new Int32Array(rows),
    formats: new Uint8Array(rows),
    pathHashes: new Uint32Array(rows),
    entryOffsets: new Uint32Array(rows),
    firstRowIds: undefined,
  }
}

function resized(from: Columns, rows: number): Columns {
  const to = allocate(rows)
  for (const name of COLUMNS) to[name].set(from[name].subarray(0, rows))
  if (from.firstRowIds !== undefined) {
    to.firstRowIds = new BigInt64Array(rows)
    to.firstRowIds.set(from.firstRowIds.subarray(0, rows))
  }
  return to
}
