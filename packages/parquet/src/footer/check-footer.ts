import { MoraineError } from '@moraine/stdx/error'
import { chunkRange } from './chunk-range.ts'
import type { ColumnChunk, FileMetadata, RowGroup } from './file-metadata.ts'
import type { SchemaLeaf } from './schema-tree.ts'

type CheckedFooter = {
  readonly metadata: FileMetadata
  readonly leaves: readonly SchemaLeaf[]
  readonly file: { readonly metadataOffset: number }
}

/**
 * Checks that a footer does not contradict itself or its file: rows add up, each row group has a chunk per column
 * under the column's name and type, and chunks lie inside the file. Whoever uses a footer may rely on it.
 *
 * @throws {MoraineError} `corrupt`
 */
export function checkFooter({ metadata, leaves, file }: CheckedFooter): void {
  metadata.rowGroups.forEach((group, at) => {
    checkRowGroup(group, leaves, file.metadataOffset, `row group ${at}`)
  })
  checkRowCount(metadata.numRows, metadata.rowGroups)
}

/** @throws {MoraineError} `corrupt` if the row groups do not have as many rows as the file claims */
export function checkRowCount(claimed: number, rowGroups: readonly Pick<RowGroup, 'numRows'>[]): void {
  let rows = 0
  for (const [at, { numRows }] of rowGroups.entries()) {
    if (numRows < 0) throw new MoraineError('corrupt', `row group ${at} has ${numRows} rows`)
    rows += numRows
  }
  if (rows !== claimed) {
    throw new MoraineError('corrupt', `the row groups have ${rows} rows, the file claims ${claimed}`)
  }
}

function checkRowGroup(group: RowGroup, leaves: readonly SchemaLeaf[], end: number, where: string): void {
  if (group.columns.length !== leaves.length) {
    const columns = `${group.columns.length} columns, the schema ${leaves.length}`
    throw new MoraineError('corrupt', `${where} has ${columns}`)
  }
  leaves.forEach((leaf, at) => {
    const chunk = group.columns[at]
    if (chunk !== undefined) checkChunk(chunk, leaf, end, `column ${leaf.path.join('.')} of ${where}`)
  })
}

function checkChunk(chunk: ColumnChunk, leaf: SchemaLeaf, end: number, where: string): void {
  const { metadata } = chunk
  if (metadata === undefined) {
    if (chunk.cryptoMetadata !== undefined) return
    throw new MoraineError('corrupt', `${where} has no metadata`)
  }
  if (metadata.type !== leaf.type) {
    throw new MoraineError('corrupt', `${where} is of type ${metadata.type}, in the schema ${leaf.type}`)
  }
  if (metadata.path.length !== leaf.path.length || metadata.path.some((name, at) => name !== leaf.path[at])) {
    throw new MoraineError('corrupt', `${where} is named ${metadata.path.join('.')}`)
  }
  if (metadata.numValues < 0) throw new MoraineError('corrupt', `${where} has ${metadata.numValues} values`)
  // The offsets count inside another file; some writers give chunks without values none that mean anything.
  if (chunk.filePath !== undefined || metadata.numValues === 0) return
  const { offset, length } = chunkRange(metadata)
  if (offset < 4 || length < 0 || offset + length > end || metadata.dataPageOffset > offset + length) {
    throw new MoraineError('corrupt', `${where} lies at ${offset}..${offset + length}, outside of the file's 4..${end}`)
  }
}
