import { MoraineError } from '@moraine/stdx/error'
import { f, opt, struct } from '@moraine/thrift/struct'
import {
  binary,
  bool,
  i16,
  i32,
  list,
  safeI64,
  string,
  type ThriftType,
  type ValueOf,
} from '@moraine/thrift/thrift-type'
import { WireType } from '@moraine/thrift/wire-type'
import { logicalType } from './logical-type.ts'

// The parts of parquet.thrift that we interpret. Everything else survives in the footer's tree.

export type PhysicalType = (typeof PHYSICAL_TYPES)[number]
export type Repetition = (typeof REPETITIONS)[number]

const PHYSICAL_TYPES = [
  'BOOLEAN',
  'INT32',
  'INT64',
  'INT96',
  'FLOAT',
  'DOUBLE',
  'BYTE_ARRAY',
  'FIXED_LEN_BYTE_ARRAY',
] as const
const REPETITIONS = ['REQUIRED', 'OPTIONAL', 'REPEATED'] as const

/** The codes of the two enums on the wire. */
export const physicalCode = (type: PhysicalType): number => PHYSICAL_TYPES.indexOf(type)
export const repetitionCode = (value: Repetition): number => REPETITIONS.indexOf(value)

const physicalType = named(PHYSICAL_TYPES, 'physical type')
const repetition = named(REPETITIONS, 'repetition type')

// Written for people by many programs; a wrong byte in it is no reason to refuse a file.
const looseText: ThriftType<string> = {
  wireType: WireType.binary,
  read: (reader) => Buffer.from(reader.binary()).toString(),
  write: (writer, value) => writer.binary(Buffer.from(value)),
}

/** Depth first: an element's children follow it. The first one is the root. */
const schemaElement = struct('SchemaElement', {
  type: opt(1, physicalType),
  typeLength: opt(2, i32),
  repetition: opt(3, repetition),
  name: f(4, string),
  numChildren: opt(5, i32),
  convertedType: opt(6, i32),
  scale: opt(7, i32),
  precision: opt(8, i32),
  fieldId: opt(9, i32),
  logicalType: opt(10, logicalType),
})
export type SchemaElement = ValueOf<typeof schemaElement>

/** Bounds in plain encoding without lengths. `min` and `max` are an older form, ordered as signed. */
const statistics = struct('Statistics', {
  max: opt(1, binary),
  min: opt(2, binary),
  nullCount: opt(3, safeI64),
  distinctCount: opt(4, safeI64),
  maxValue: opt(5, binary),
  minValue: opt(6, binary),
  isMaxValueExact: opt(7, bool),
  isMinValueExact: opt(8, bool),
  nanCount: opt(9, safeI64),
})
export type Statistics = ValueOf<typeof statistics>

const keyValue = struct('KeyValue', { key: f(1, looseText), value: opt(2, looseText) })
export type KeyValue = ValueOf<typeof keyValue>

/** Offsets count from the beginning of the file, sizes are in bytes and include page headers. */
const columnMetadata = struct('ColumnMetaData', {
  type: f(1, physicalType),
  encodings: f(2, list(i32)),
  path: f(3, list(string)),
  codec: f(4, i32),
  /** Including nulls, and every element of lists and maps. */
  numValues: f(5, safeI64),
  totalUncompressedSize: f(6, safeI64),
  totalCompressedSize: f(7, safeI64),
  dataPageOffset: f(9, safeI64),
  indexPageOffset: opt(10, safeI64),
  dictionaryPageOffset: opt(11, safeI64),
  statistics: opt(12, statistics),
  bloomFilterOffset: opt(14, safeI64),
  bloomFilterLength: opt(15, i32),
})
export type ColumnMetadata = ValueOf<typeof columnMetadata>

const anyStruct = struct('', {})

export const columnChunk = struct('ColumnChunk', {
  filePath: opt(1, string),
  fileOffset: f(2, safeI64),
  /** Absent only where the column is encrypted. */
  metadata: opt(3, columnMetadata),
  offsetIndexOffset: opt(4, safeI64),
  offsetIndexLength: opt(5, i32),
  columnIndexOffset: opt(6, safeI64),
  columnIndexLength: opt(7, i32),
  cryptoMetadata: opt(8, anyStruct),
  encryptedMetadata: opt(9, binary),
})
export type ColumnChunk = ValueOf<typeof columnChunk>

const sortingColumn = struct('SortingColumn', {
  columnIndex: f(1, i32),
  descending: f(2, bool),
  nullsFirst: f(3, bool),
})

const rowGroup = struct('RowGroup', {
  columns: f(1, list(columnChunk)),
  totalByteSize: f(2, safeI64),
  numRows: f(3, safeI64),
  sortingColumns: opt(4, list(sortingColumn)),
  fileOffset: opt(5, safeI64),
  totalCompressedSize: opt(6, safeI64),
  ordinal: opt(7, i16),
})
export type RowGroup = ValueOf<typeof rowGroup>

export const fileMetadata = struct('FileMetaData', {
  version: f(1, i32),
  schema: f(2, list(schemaElement)),
  numRows: f(3, safeI64),
  rowGroups: f(4, list(rowGroup)),
  keyValues: opt(5, list(keyValue)),
  createdBy: opt(6, looseText),
  encryptionAlgorithm: opt(8, anyStruct),
})
export type FileMetadata = ValueOf<typeof fileMetadata>

/** The same, of which nothing is taken but the rows. */
export const fileRows = struct('FileMetaData', {
  numRows: f(3, safeI64),
  rowGroups: f(4, list(struct('RowGroup', { numRows: f(3, safeI64) }))),
})

const pageLocation = struct('PageLocation', {
  offset: f(1, safeI64),
  compressedPageSize: f(2, i32),
  firstRowIndex: f(3, safeI64),
})

export const offsetIndex = struct('OffsetIndex', { pageLocations: f(1, list(pageLocation)) })
export const columnIndex = struct('ColumnIndex', { nullPages: f(1, list(bool)) })

export const bloomFilterHeader = struct('BloomFilterHeader', { numBytes: f(1, i32) })

function named<const Name extends string>(names: readonly Name[], what: string): ThriftType<Name> {
  return {
    wireType: WireType.i32,
    read(reader) {
      const code = reader.i32()
      const name = names[code]
      if (name === undefined) throw new MoraineError('unsupported', `${what} ${code} is unknown to this version`)
      return name
    },
    write: (writer, name) => writer.i32(names.indexOf(name)),
  }
}
