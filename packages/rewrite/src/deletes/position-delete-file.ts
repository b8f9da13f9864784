import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { FileMetrics } from '@moraine/iceberg/manifest/content-file'
import { DELETE_FILE_PATH_FIELD_ID, DELETE_FILE_POS_FIELD_ID } from '@moraine/iceberg/schema/reserved-field-ids'
import { encodeSingleValue } from '@moraine/iceberg/value/single-value'
import { must } from '@moraine/stdx/assert'
import type { CompressionCodec, SchemaElement } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { CREATED_BY } from '../created-by.ts'

/**
 * A position delete file (table spec, "Position Delete Files") of one data file: both columns required, with the
 * reserved ids.
 *
 * @param positions ascending, at least one
 * @param compression in Iceberg's words
 */
export function encodePositionDeletes(dataFile: string, positions: ArrayLike<bigint>, compression: string): Uint8Array {
  const buffer = parquetWriteBuffer({
    schema: [...SCHEMA],
    columnData: [
      { name: 'file_path', data: new Array<string>(positions.length).fill(dataFile) },
      { name: 'pos', data: Array.from(positions) },
    ],
    codec: CODECS[compression.toLowerCase()] ?? 'ZSTD',
    compressors: { ZSTD: (bytes) => zstdCompressSync(bytes), GZIP: (bytes) => gzipSync(bytes) },
    // Bounds that are not shortened say exactly which data file is meant.
    statisticsTruncateLength: Number.POSITIVE_INFINITY,
    rowGroupSize: ROW_GROUP_ROWS,
    kvMetadata: [{ key: 'delete-type', value: 'position' }],
    createdBy: CREATED_BY,
  })
  return new Uint8Array(buffer)
}

/** What the manifest entry of such a file says; the bounds are exact, so that readers know its one data file. */
export function positionDeleteMetrics(dataFile: string, positions: ArrayLike<bigint>): FileMetrics {
  const path = encodeSingleValue({ kind: 'string' }, dataFile)
  const position = (at: number) => encodeSingleValue({ kind: 'long' }, must(positions[at], 'a position'))
  const rows = positions.length
  return {
    columnSizes: new Map(),
    valueCounts: perColumn(rows, rows),
    nullValueCounts: perColumn(0, 0),
    nanValueCounts: new Map(),
    lowerBounds: perColumn(path, position(0)),
    upperBounds: perColumn(path, position(rows - 1)),
  }
}

function perColumn<T>(path: T, position: T): ReadonlyMap<number, T> {
  return new Map([
    [DELETE_FILE_PATH_FIELD_ID, path],
    [DELETE_FILE_POS_FIELD_ID, position],
  ])
}

const ROW_GROUP_ROWS = 1_000_000

const SCHEMA: readonly SchemaElement[] = [
  { name: 'table', num_children: 2 },
  {
    name: 'file_path',
    type: 'BYTE_ARRAY',
    converted_type: 'UTF8',
    logical_type: { type: 'STRING' },
    repetition_type: 'REQUIRED',
    field_id: DELETE_FILE_PATH_FIELD_ID,
  },
  { name: 'pos', type: 'INT64', repetition_type: 'REQUIRED', field_id: DELETE_FILE_POS_FIELD_ID },
]

// Node has no LZ4; such tables get Zstandard here, which every reader of theirs has as well.
const CODECS: Readonly<Record<string, CompressionCodec | undefined>> = {
  zstd: 'ZSTD',
  gzip: 'GZIP',
  snappy: 'SNAPPY',
  uncompressed: 'UNCOMPRESSED',
  none: 'UNCOMPRESSED',
}
