import { describeError, MoraineError } from '@moraine/stdx/error'
import type { ReadLimits } from '@moraine/thrift/thrift-reader'
import { decodeCompactTree, encodeCompactTree, type ThriftStruct } from '@moraine/thrift/thrift-tree'
import { decodeCompact } from '@moraine/thrift/thrift-type'
import type { RangeReader } from '../range-reader.ts'
import { checkFooter, checkRowCount } from './check-footer.ts'
import { type FileMetadata, fileMetadata, fileRows } from './file-metadata.ts'
import { type SchemaLeaf, type SchemaNode, schemaTree } from './schema-tree.ts'

/** A Parquet file's footer, understood (`metadata`, `schema`) and whole (`tree`: nothing unknown is lost). */
export type ParquetFooter = {
  readonly file: FileFrame
  readonly metadata: FileMetadata
  readonly schema: SchemaNode
  readonly leaves: readonly SchemaLeaf[]
  readonly tree: ThriftStruct
}

/** What is known about the file outside of its metadata. */
export type FileFrame = {
  /** For messages, for example the location. */
  readonly name: string
  readonly sizeBytes: number
  /** Where the metadata begins: all pages, indexes and filters lie before it. */
  readonly metadataOffset: number
}

/**
 * Reads and checks a footer: one range read, two if it is longer than usual.
 *
 * @throws {MoraineError} `corrupt` for what is not a whole Parquet file or contradicts itself, `unsupported` for an
 * encrypted footer and for one of more than {@link MAX_FOOTER_BYTES}.
 */
export async function readFooter(reader: RangeReader, name: string, signal?: AbortSignal): Promise<ParquetFooter> {
  const { bytes, file } = await readMetadata(reader, name, signal)
  return decodeMetadata(bytes, file)
}

/**
 * How many rows a file holds, by what it says and by its row groups. Reads what {@link readFooter} reads and fails as it
 * does, but passes over all else, which takes a small part of the time where there are many columns.
 */
export async function readRowCount(reader: RangeReader, name: string, signal?: AbortSignal): Promise<number> {
  const { bytes } = await readMetadata(reader, name, signal)
  return namingFooter(name, () => {
    const { numRows, rowGroups } = decodeCompact(fileRows, bytes, 0, LIMITS)
    checkRowCount(numRows, rowGroups)
    return numRows
  })
}

async function readMetadata(
  reader: RangeReader,
  name: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly bytes: Uint8Array; readonly file: FileFrame }> {
  const size = reader.sizeBytes
  if (size < 12) throw new MoraineError('corrupt', `${name} is not a Parquet file: it has only ${size} bytes`)
  const tailLength = Math.min(size, TAIL_BYTES)
  const tail = await reader.readRange(size - tailLength, tailLength, signal)
  const length = metadataLength(tail, size, name)
  const file = { name, sizeBytes: size, metadataOffset: size - 8 - length }
  // Of its own memory: statistics stay views of it, and must not keep the whole tail.
  const bytes =
    length + 8 <= tailLength
      ? new Uint8Array(tail.subarray(tailLength - 8 - length, tailLength - 8))
      : await reader.readRange(file.metadataOffset, length, signal)
  return { bytes, file }
}

/** Decodes and checks the metadata between the last page and the footer's length. */
export function decodeMetadata(bytes: Uint8Array, file: FileFrame): ParquetFooter {
  return namingFooter(file.name, () => {
    const tree = decodeCompactTree(bytes, 0, LIMITS)
    const metadata = decodeCompact(fileMetadata, bytes, 0, LIMITS)
    const { root, leaves } = schemaTree(metadata.schema)
    const footer = { file, metadata, schema: root, leaves, tree }
    checkFooter(footer)
    return footer
  })
}

function namingFooter<T>(name: string, decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (!(error instanceof MoraineError)) throw error
    throw new MoraineError(error.kind, `footer of ${name}: ${describeError(error)}`, { cause: error.cause })
  }
}

/** The footer of the same file with other metadata, for example after an edit; checked like one that was read. */
export function withTree(footer: ParquetFooter, tree: ThriftStruct): ParquetFooter {
  return decodeMetadata(encodeCompactTree(tree), footer.file)
}

/** Metadata, its length and the closing magic: what ends a Parquet file. */
export function encodeFooter(tree: ThriftStruct): Uint8Array {
  const metadata = encodeCompactTree(tree)
  const footer = Buffer.allocUnsafe(metadata.length + 8)
  footer.set(metadata)
  footer.writeUInt32LE(metadata.length, metadata.length)
  footer.set(PARQUET_MAGIC, metadata.length + 4)
  return footer
}

/** `PAR1`: the first and the last four bytes of a file. */
export const PARQUET_MAGIC: Uint8Array = Uint8Array.of(0x50, 0x41, 0x52, 0x31)

const MAX_FOOTER_BYTES: number = 64 * 1024 * 1024

// Most footers fit; a larger first read costs more than a rare second one.
const TAIL_BYTES = 64 * 1024
const LIMITS: ReadLimits = { maxDepth: 64, maxElements: 8 * 1024 * 1024 }

function metadataLength(tail: Uint8Array, size: number, name: string): number {
  const end = Buffer.from(tail.buffer, tail.byteOffset + tail.length - 8, 8)
  const magic = end.toString('latin1', 4)
  if (magic === 'PARE') throw new MoraineError('unsupported', `${name} has an encrypted footer`)
  if (magic !== 'PAR1')
    throw new MoraineError('corrupt', `${name} is not a whole Parquet file: it does not end in PAR1`)
  const length = end.readUInt32LE(0)
  if (length + 12 > size) {
    throw new MoraineError('corrupt', `${name} is damaged: a footer of ${length} bytes in a file of ${size}`)
  }
  if (length > MAX_FOOTER_BYTES) {
    throw new MoraineError(
      'unsupported',
      `${name} has a footer of ${length} bytes; at most ${MAX_FOOTER_BYTES} are read`,
    )
  }
  return length
}
