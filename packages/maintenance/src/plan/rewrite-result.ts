import type { FileFormat, FileMetrics } from '@moraine/iceberg/manifest/content-file'
import type { PartitionTuple } from '@moraine/iceberg/partition/partition-spec'

/** What one attempt of a group produced, with the evidence by which it is verified before anything is committed. */
export type RewriteResult = {
  readonly resultVersion: 1
  readonly groupId: number
  /** What was done; differs from the plan's method only where the footers ruled it out, and then says why. */
  readonly method: { readonly kind: 'concat' | 'rewrite' | 'convert-deletes'; readonly reason: string }
  readonly dataFiles: readonly OutputDataFile[]
  readonly deleteFiles: readonly OutputDeleteFile[]
  readonly evidence: RewriteEvidence
  readonly cost: RewriteCost
}

export type OutputDataFile = {
  readonly filePath: string
  readonly recordCount: number
  readonly fileSizeBytes: number
  readonly splitOffsets: readonly number[]
  readonly sortOrderId: number
  /** Where its rows were moved to; absent if they stayed in the partition of their group. */
  readonly movedTo?: { readonly specId: number; readonly partition: PartitionTuple }
  readonly metrics: FileMetrics
}

/** A position delete file or deletion vector that replaces every delete of one data file. */
export type OutputDeleteFile = {
  readonly filePath: string
  readonly fileFormat: FileFormat
  readonly recordCount: number
  readonly fileSizeBytes: number
  readonly referencedDataFile: string
  readonly contentOffset?: number
  readonly contentSizeBytes?: number
  readonly metrics: FileMetrics
}

/**
 * - `row-hash`: `inputHash` is the order-independent sum of row hashes over input rows that survive their deletes,
 *   `outputHash` the same over the output files as read back; both modulo 2^128, as hexadecimal text.
 * - `copied-ranges`: the row groups were copied byte by byte; CRC-32 of each range as read and as read back, and which row
 *   group of which input it is.
 * - `deleted-positions`: per data file, the number of rows its deletes hit, and what the new delete files hold.
 */
export type RewriteEvidence =
  | {
      readonly kind: 'row-hash'
      readonly inputRows: number
      readonly deletedRows: number
      readonly outputRows: number
      readonly inputHash: string
      readonly outputHash: string
    }
  | {
      readonly kind: 'copied-ranges'
      readonly inputRows: number
      readonly outputRows: number
      readonly ranges: readonly CopiedRange[]
    }
  | {
      readonly kind: 'deleted-positions'
      readonly files: readonly {
        readonly dataFile: string
        readonly recordCount: number
        readonly deletedRows: number
        readonly writtenPositions: number
      }[]
    }

export type CopiedRange = {
  readonly bytes: number
  readonly crcRead: number
  readonly crcWritten: number
  /** Absent of what was made for the output: lineage, indexes, the footer. */
  readonly rowGroup?: { readonly dataFile: string; readonly offset: number; readonly rows: number }
}

export type RewriteCost = {
  readonly elapsedMs: number
  readonly cpuMs: number
  readonly peakRssBytes: number
  readonly inputBytes: number
  readonly outputBytes: number
}
