import { EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import { sampleFile } from '@moraine/parquet/testing/sample-file'
import type { FileIO } from '@moraine/storage/file-io'
import { type AttemptOutput, dataFileLocation } from '../../plan/output-names.ts'
import type { RewriteGroup } from '../../plan/rewrite-plan.ts'
import type { OutputDataFile, RewriteResult } from '../../plan/rewrite-result.ts'
import type { ReportedResult } from '../commit-rewrite.ts'

/** Where the first attempt of a group puts its files, below a directory that ends with a slash. */
export function attemptOutput({ groupId }: RewriteGroup, directory: string, attempt = 1): AttemptOutput {
  return { directory, filePrefix: `0000${groupId}-run-${attempt}` }
}

/** What an attempt reports that rewrote a group to one file, which is written: Parquet with as many rows as it says. */
export async function reportedRewrite(io: FileIO, group: RewriteGroup, output: AttemptOutput): Promise<ReportedResult> {
  const bytes = parquetOfRows(rowsOf(group))
  const filePath = dataFileLocation(output, 0)
  await io.write(filePath, bytes)
  return { result: resultOf(group, { filePath, fileSizeBytes: bytes.length }), output }
}

/** A report of one output whose counts and evidence agree with each other, whatever the file is. */
export function resultOf(group: RewriteGroup, file: Pick<OutputDataFile, 'filePath' | 'fileSizeBytes'>): RewriteResult {
  const rows = rowsOf(group)
  return {
    resultVersion: 1,
    groupId: group.groupId,
    method: { kind: 'rewrite', reason: 'test' },
    dataFiles: [{ ...file, recordCount: rows, splitOffsets: [4], sortOrderId: 0, metrics: EMPTY_METRICS }],
    deleteFiles: [],
    evidence: { kind: 'row-hash', inputRows: rows, deletedRows: 0, outputRows: rows, inputHash: 'a', outputHash: 'a' },
    cost: { elapsedMs: 1, cpuMs: 1, peakRssBytes: 1, inputBytes: 1, outputBytes: 1 },
  }
}

export function parquetOfRows(rows: number): Uint8Array {
  return sampleFile({ firstRow: 0, rows })
}

function rowsOf({ inputs }: RewriteGroup): number {
  return inputs.reduce((sum, input) => sum + input.recordCount, 0)
}
