import { type FileHandle, open } from 'node:fs/promises'
import { childFields } from '@moraine/iceberg/schema/schema-index'
import type { NestedField } from '@moraine/iceberg/schema/type'
import { chunkRange } from '@moraine/parquet/footer/chunk-range'
import { editSchema } from '@moraine/parquet/footer/edit-footer'
import type { ColumnMetadata } from '@moraine/parquet/footer/file-metadata'
import { encodeFooter, type ParquetFooter, readFooter } from '@moraine/parquet/footer/parquet-footer'
import type { RangeReader } from '@moraine/parquet/range-reader'
import { assert, must } from '@moraine/stdx/assert'
import { localError } from '@moraine/storage/local-error'
import { withLocalReader } from '../staging/local-reader.ts'
import { fixedChunk } from './fixed-pages.ts'

/** Lengths of the `fixed` columns among the fields, at any depth, by field id. */
export function fixedLengths(fields: readonly NestedField[]): ReadonlyMap<number, number> {
  const lengths = new Map<number, number>()
  const visit = ({ id, type }: NestedField) => {
    if (type.kind === 'fixed') lengths.set(id, type.length)
    childFields(type).forEach(visit)
  }
  fields.forEach(visit)
  return lengths
}

/**
 * Writes a file of DuckDB's again with its `fixed` columns as the format wants them. DuckDB knows bytes of any length
 * only; their values have been right all along, but not the type, nor the encoding that comes with it.
 *
 * @param lengths by field id, of columns that are BYTE_ARRAY in `source`
 */
export async function writeFixedColumns(
  source: string,
  target: string,
  lengths: ReadonlyMap<number, number>,
): Promise<void> {
  await withLocalReader(source, async (reader) => {
    const footer = await readFooter(reader, source)
    try {
      const file = await open(target, 'wx')
      try {
        await new FixedColumnWriter(reader, footer, file, lengths).run()
      } finally {
        await file.close()
      }
    } catch (cause) {
      throw localError(cause, `writing ${target}`)
    }
  })
}

type Tree = ParquetFooter['tree']
type TreeValue = Tree['fields'][number]['value']

/** Where a chunk is in the new file, and how large. */
type MovedChunk = {
  readonly shift: number
  readonly dataPageOffset: number
  readonly compressedBytes: number
  readonly uncompressedBytes: number
}

class FixedColumnWriter {
  readonly #reader: RangeReader
  readonly #footer: ParquetFooter
  readonly #file: FileHandle
  readonly #lengths: ReadonlyMap<number, number>
  #read = 0
  #written = 0

  constructor(reader: RangeReader, footer: ParquetFooter, file: FileHandle, lengths: ReadonlyMap<number, number>) {
    this.#reader = reader
    this.#footer = footer
    this.#file = file
    this.#lengths = lengths
  }

  async run(): Promise<void> {
    const { metadata, leaves, file, tree } = this.#footer
    const chunks = metadata.rowGroups.flatMap((group, groupAt) =>
      group.columns.map((chunk, at) => ({
        groupAt,
        at,
        leaf: must(leaves[at], 'a leaf'),
        chunk: must(chunk.metadata, 'metadata'),
      })),
    )
    const moved = metadata.rowGroups.map((): MovedChunk[] => [])
    for (const { groupAt, at, leaf, chunk } of chunks.toSorted(
      (a, b) => chunkRange(a.chunk).offset - chunkRange(b.chunk).offset,
    )) {
      const length = this.#lengths.get(leaf.element.fieldId ?? -1)
      const { offset } = chunkRange(chunk)
      await this.#copyTo(offset)
      const shift = this.#written - offset
      must(moved[groupAt], 'a row group')[at] =
        length === undefined ? copiedChunk(chunk, shift) : await this.#writeFixed(chunk, leaf, length, shift)
    }
    await this.#copyTo(file.metadataOffset)
    const footer = editSchema(this.#footer, ({ element }) => {
      const typeLength = this.#lengths.get(element.fieldId ?? -1)
      return typeLength === undefined || element.type === undefined
        ? undefined
        : { type: 'FIXED_LEN_BYTE_ARRAY', typeLength }
    })
    const tail = this.#written - file.metadataOffset
    const groups = structs(field(footer.tree, 4)).map((group, at) =>
      movedGroup(group, must(moved[at], 'a row group'), tail),
    )
    await this.#write(encodeFooter(withField(footer.tree, 4, listOf(field(tree, 4), groups))))
  }

  async #writeFixed(
    chunk: ColumnMetadata,
    leaf: ParquetFooter['leaves'][number],
    length: number,
    shift: number,
  ): Promise<MovedChunk> {
    const range = chunkRange(chunk)
    const fixed = fixedChunk(await this.#reader.readRange(range.offset, range.length), chunk.codec, leaf, length)
    const dataPageOffset = this.#written + fixed.dataPageAt
    await this.#write(fixed.bytes)
    this.#read = range.offset + range.length
    return { shift, dataPageOffset, compressedBytes: fixed.bytes.length, uncompressedBytes: fixed.uncompressedBytes }
  }

  async #copyTo(end: number): Promise<void> {
    while (this.#read < end) {
      const bytes = await this.#reader.readRange(this.#read, Math.min(PART_BYTES, end - this.#read))
      await this.#write(bytes)
      this.#read += bytes.length
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await this.#file.write(bytes, 0, bytes.length, this.#written)
    this.#written += bytes.length
  }
}

const PART_BYTES = 8 * 1024 * 1024

function copiedChunk(chunk: ColumnMetadata, shift: number): MovedChunk {
  return {
    shift,
    dataPageOffset: chunk.dataPageOffset + shift,
    compressedBytes: chunk.totalCompressedSize,
    uncompressedBytes: chunk.totalUncompressedSize,
  }
}

// Field numbers are those of parquet.thrift: RowGroup 1 columns, 2 total_byte_size, 5 file_offset, 6 total_compressed_size;
// ColumnChunk 2 file_offset, 3 meta_data; ColumnMetaData 6 and 7 the sizes, 9 data page, 11 dictionary, 14 bloom filter.
function movedGroup(group: Tree, moved: readonly MovedChunk[], tail: number): Tree {
  const chunks = structs(field(group, 1)).map((chunk, at) => movedChunk(chunk, must(moved[at], 'a chunk'), tail))
  const total = (size: (chunk: MovedChunk) => number) => BigInt(moved.reduce((sum, chunk) => sum + size(chunk), 0))
  let next = withField(group, 1, listOf(field(group, 1), chunks))
  next = withField(next, 2, { type: 'i64', value: total((chunk) => chunk.uncompressedBytes) })
  next = shifted(next, 5, moved[0]?.shift ?? 0)
  return field(next, 6) === undefined
    ? next
    : withField(next, 6, { type: 'i64', value: total((chunk) => chunk.compressedBytes) })
}

function movedChunk(chunk: Tree, moved: MovedChunk, tail: number): Tree {
  const metadata = field(chunk, 3)
  if (metadata?.type !== 'struct') return chunk
  let next = withField(metadata, 6, { type: 'i64', value: BigInt(moved.uncompressedBytes) })
  next = withField(next, 7, { type: 'i64', value: BigInt(moved.compressedBytes) })
  next = withField(next, 9, { type: 'i64', value: BigInt(moved.dataPageOffset) })
  next = shifted(shifted(next, 11, moved.shift), 14, tail)
  return withField(shifted(chunk, 2, moved.shift), 3, next)
}

// Offsets of 0 mean that there is nothing.
function shifted(tree: Tree, id: number, shift: number): Tree {
  const value = field(tree, id)
  return value?.type === 'i64' && value.value > 0n
    ? withField(tree, id, { type: 'i64', value: value.value + BigInt(shift) })
    : tree
}

function field(tree: Tree, id: number): TreeValue | undefined {
  return tree.fields.find((each) => each.id === id)?.value
}

function withField(tree: Tree, id: number, value: TreeValue): Tree {
  return { type: 'struct', fields: tree.fields.map((each) => (each.id === id ? { id, value } : each)) }
}

function structs(value: TreeValue | undefined): readonly Tree[] {
  return value?.type === 'list' ? value.elements.filter((element) => element.type === 'struct') : []
}

function listOf(like: TreeValue | undefined, elements: readonly Tree[]): TreeValue {
  assert(like?.type === 'list', 'row groups and columns are lists')
  return { ...like, elements }
}
