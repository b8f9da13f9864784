import { partitionPath } from '@moraine/iceberg/partition/partition-path'
import type { PartitionSpec } from '@moraine/iceberg/partition/partition-spec'
import { partitionFieldTypes } from '@moraine/iceberg/partition/partition-type'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { type AttemptOutput, dataFileLocation, deleteFileLocation, vectorFileLocation } from '../plan/output-names.ts'
import type { OutputDataFile, OutputDeleteFile, RewriteResult } from '../plan/rewrite-result.ts'

type Attempt = { readonly output: AttemptOutput; readonly baseSequenceNumber: number }
type Table = { readonly schema: Schema; readonly partitionSpecs: readonly PartitionSpec[] }

/**
 * Which output is not one of the attempt's own files; `undefined` if all are. Each location is built anew as its writer
 * builds it, and compared letter for letter: nothing has to be known of `..`, escapes, and schemes that mean the same.
 */
export function outputNameFault(attempt: Attempt, result: RewriteResult, table: Table): string | undefined {
  const expected = [
    ...result.dataFiles.map((file) => [file.filePath, expectedDataFile(attempt, file, table)] as const),
    ...result.deleteFiles.map((file) => [file.filePath, expectedDeleteFile(attempt, file)] as const),
  ]
  const foreign = expected.find(([filePath, own]) => filePath !== own)
  return foreign && `output ${foreign[0]} is not a file of this attempt, which would name it ${foreign[1]}`
}

function expectedDataFile(
  { output }: Attempt,
  { filePath, movedTo }: OutputDataFile,
  { schema, partitionSpecs }: Table,
): string {
  const spec = partitionSpecs.find(({ specId }) => specId === movedTo?.specId)
  const path =
    movedTo === undefined || spec === undefined
      ? ''
      : partitionPath(spec, partitionFieldTypes(spec, schema), movedTo.partition)
  return dataFileLocation(output, numberIn(filePath), path === '' ? '' : `${path}/`)
}

function expectedDeleteFile(
  { output, baseSequenceNumber }: Attempt,
  { filePath, fileFormat, referencedDataFile }: OutputDeleteFile,
): string {
  return fileFormat === 'puffin'
    ? vectorFileLocation(output, baseSequenceNumber)
    : deleteFileLocation(output, numberIn(filePath), referencedDataFile, baseSequenceNumber)
}

/** The files of an attempt are counted; which number one has is the attempt's own affair. */
function numberIn(filePath: string): number {
  return Number(/-(\d{1,9})\.parquet$/.exec(filePath)?.[1] ?? 0)
}
