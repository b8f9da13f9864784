import { join } from 'node:path'
import type { NameMapping } from '@moraine/iceberg/schema/name-mapping'
import type { IcebergType } from '@moraine/iceberg/schema/type'
import { readFooter } from '@moraine/parquet/footer/parquet-footer'
import { schemaFingerprint } from '@moraine/parquet/footer/schema-fingerprint'
import { MoraineError } from '@moraine/stdx/error'
import { fileColumns } from '../read-plan/file-column.ts'
import type { SourceFile } from '../read-plan/row-source.ts'
import { stagingEdits } from '../read-plan/staging-edits.ts'
import { type ColumnFigures, columnFigures } from './column-figures.ts'
import { editFooterInPlace } from './edit-footer.ts'
import { withLocalReader } from './local-reader.ts'
import { checkPages } from './page-checksums.ts'
import { checkSchemaWitness } from './schema-witness.ts'
import { type StagedFile, unshare } from './stage-file.ts'

/** A source file and what its footer says of its size and its columns. */
export type PreparedFile = SourceFile & {
  readonly rows: number
  readonly uncompressedBytes: number
  readonly figures: ReadonlyMap<number, ColumnFigures>
}

export type FileFacts = {
  readonly recordCount: number
  readonly dataSequenceNumber: number
  readonly firstRowId?: bigint
}

export type PrepareOptions = {
  /** For files without field ids. */
  readonly mapping: NameMapping | undefined
  /** Types of the fields that are read, by id. */
  readonly wanted: ReadonlyMap<number, IcebergType>
}

/**
 * Reads the footer of a staged file, checks its pages' checksums if it has any, and, where DuckDB could not read the file exactly, edits the footer of a copy.
 *
 * @throws {MoraineError} `corrupt` if the file holds another number of rows than its manifest says
 */
export async function prepareFile(
  staged: StagedFile,
  facts: FileFacts,
  options: PrepareOptions,
  signal: AbortSignal,
): Promise<PreparedFile> {
  const footer = await withLocalReader(staged.path, async (reader) => {
    const found = await readFooter(reader, staged.location)
    checkSchemaWitness(found)
    await checkPages(reader, found, signal)
    return found
  })
  const { numRows, rowGroups } = footer.metadata
  if (numRows !== facts.recordCount) {
    throw new MoraineError(
      'corrupt',
      `${staged.location} holds ${numRows} rows, its manifest says ${facts.recordCount}: one of the two is damaged, and the file is left as it is`,
    )
  }
  if (numRows >= MAX_ROWS)
    throw new MoraineError(
      'unsupported',
      `${staged.location} has ${numRows} rows, and a file of ${MAX_ROWS} or more is not rewritten here: have an engine split it`,
    )
  const columns = fileColumns(footer, options.mapping)
  const edits = stagingEdits(columns, options.wanted)
  const readable = edits.length === 0 ? staged : await unshare(staged, `${staged.path}.edited`)
  if (edits.length > 0) await editFooterInPlace(readable.path, staged.location, edits)
  return {
    filePath: staged.location,
    stagedPath: readable.path,
    columns,
    shape: schemaFingerprint(footer.schema, { ignoreNullability: true }),
    dataSequenceNumber: facts.dataSequenceNumber,
    ...(facts.firstRowId !== undefined && { firstRowId: facts.firstRowId }),
    rows: numRows,
    uncompressedBytes: rowGroups.reduce((sum, group) => sum + group.totalByteSize, 0),
    figures: columnFigures(footer),
  }
}

/** The path of the n-th file of a kind in the task directory. */
export function stagedPath(taskDirectory: string, kind: 'data' | 'delete', ordinal: number): string {
  return join(taskDirectory, `${kind}-${ordinal}.parquet`)
}

// Keys of rows have 32 bits for the position in the file.
const MAX_ROWS = 2 ** 32
