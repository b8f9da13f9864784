import { OutputBuffer } from '@moraine/thrift/output-buffer'
import { f, struct } from '@moraine/thrift/struct'
import { decodeCompactTree, type ThriftStruct } from '@moraine/thrift/thrift-tree'
import { encodeCompact, i32 } from '@moraine/thrift/thrift-type'
import { columnChunk } from '../footer/file-metadata.ts'
import { encodeDeltaSequence, writeVarint } from './delta-sequence.ts'

export type SequenceColumn = {
  readonly name: string
  /** Whether the schema has it OPTIONAL; the page then states that no value is null. */
  readonly isOptional: boolean
  readonly first: bigint
  readonly delta: 0n | 1n
}

/** A column chunk of one page that holds an arithmetic sequence of `rows` INT64 values, and its footer entry. */
export function sequenceChunk(
  column: SequenceColumn,
  rows: number,
  offset: number,
): { bytes: Uint8Array; tree: ThriftStruct } {
  const levels = column.isOptional ? allDefined(rows) : new Uint8Array(0)
  const values = encodeDeltaSequence(column.first, column.delta, rows)
  const pageSize = levels.length + values.length
  const header = encodeCompact(pageHeader, {
    type: DATA_PAGE,
    uncompressedPageSize: pageSize,
    compressedPageSize: pageSize,
    dataPageHeader: {
      numValues: rows,
      encoding: DELTA_BINARY_PACKED,
      definitionLevelEncoding: RLE,
      repetitionLevelEncoding: RLE,
    },
  })
  const bytes = Buffer.concat([header, levels, values])
  const minValue = littleEndian(column.first)
  const maxValue = littleEndian(column.first + column.delta * BigInt(rows - 1))
  const chunk = encodeCompact(columnChunk, {
    fileOffset: 0,
    metadata: {
      type: 'INT64',
      encodings: [RLE, DELTA_BINARY_PACKED],
      path: [column.name],
      codec: UNCOMPRESSED,
      numValues: rows,
      totalUncompressedSize: bytes.length,
      totalCompressedSize: bytes.length,
      dataPageOffset: offset,
      statistics: { nullCount: 0, maxValue, minValue, isMaxValueExact: true, isMinValueExact: true },
    },
  })
  return { bytes, tree: decodeCompactTree(chunk) }
}

const DATA_PAGE = 0
const UNCOMPRESSED = 0
const RLE = 3
const DELTA_BINARY_PACKED = 5

const dataPageHeader = struct('DataPageHeader', {
  numValues: f(1, i32),
  encoding: f(2, i32),
  definitionLevelEncoding: f(3, i32),
  repetitionLevelEncoding: f(4, i32),
})
const pageHeader = struct('PageHeader', {
  type: f(1, i32),
  uncompressedPageSize: f(2, i32),
  compressedPageSize: f(3, i32),
  dataPageHeader: f(5, dataPageHeader),
})

// Definition levels of a data page v1: their length, then one run of `rows` ones.
function allDefined(rows: number): Uint8Array {
  const run = new OutputBuffer(16)
  writeVarint(run, BigInt(rows) << 1n)
  run.byte(1)
  const levels = Buffer.alloc(4 + run.length)
  levels.writeUInt32LE(run.length)
  levels.set(run.finish(), 4)
  return levels
}

function littleEndian(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(value)
  return bytes
}
