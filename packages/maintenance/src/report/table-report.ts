import { contentFileKey } from '@moraine/iceberg/manifest/content-file'
import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import { type HealthScore, healthScore } from '../plan/health-score.ts'
import type { OptimizingPolicy } from '../plan/optimizing-policy.ts'
import type { EvaluatedPartition } from '../plan/plan-rewrite.ts'
import type { TableFiles } from '../plan/table-files.ts'

/** A table's files in figures: what `inspect` shows and the service serves. Sizes are bytes. */
export type TableReport = {
  readonly partitions: number
  readonly dataFiles: FileFigures
  readonly positionDeletes: FileFigures
  readonly deletionVectors: FileFigures
  readonly equalityDeletes: FileFigures
  /** Records of delete files per record of data files; equality deletes count once, however many rows they hit. */
  readonly deleteRatio: number
  readonly sizeClasses: { readonly fragments: number; readonly undersized: number; readonly targetSize: number }
  /** Delete files that apply to no live data file. */
  readonly danglingDeletes: number
  readonly health: HealthScore
}

export type FileFigures = { readonly files: number; readonly bytes: number; readonly records: number }

export function tableReport(
  files: TableFiles,
  evaluated: readonly EvaluatedPartition[],
  policy: OptimizingPolicy,
): TableReport {
  const tasks = files.partitions.flatMap((partition) => partition.files)
  const dataFiles = figures(tasks.map((task) => task.data))
  const applied = new Set(tasks.flatMap((task) => task.deletes.map((entry) => contentFileKey(entry.file))))
  const ofKind = (matches: (entry: ManifestEntry) => boolean) => figures(files.deletes.filter(matches))
  const classified = evaluated.flatMap(({ evaluation }) => evaluation.files)
  const inClass = (sizeClass: string) => classified.filter((file) => file.sizeClass === sizeClass).length
  const deleted = files.deletes.reduce((sum, entry) => sum + entry.file.recordCount, 0)
  return {
    partitions: files.partitions.length,
    dataFiles,
    positionDeletes: ofKind(({ file }) => file.content === 'position-deletes' && file.fileFormat !== 'puffin'),
    deletionVectors: ofKind(({ file }) => file.content === 'position-deletes' && file.fileFormat === 'puffin'),
    equalityDeletes: ofKind(({ file }) => file.content === 'equality-deletes'),
    deleteRatio: dataFiles.records === 0 ? 0 : deleted / dataFiles.records,
    sizeClasses: {
      fragments: inClass('fragment'),
      undersized: inClass('undersized'),
      targetSize: inClass('target-size'),
    },
    danglingDeletes: files.deletes.filter((entry) => !applied.has(contentFileKey(entry.file))).length,
    health: healthScore(
      evaluated.map(({ evaluation }) => evaluation),
      policy,
    ),
  }
}

function figures(entries: readonly ManifestEntry[]): FileFigures {
  let bytes = 0
  let records = 0
  for (const { file } of entries) {
    bytes += file.contentSizeBytes ?? file.fileSizeBytes
    records += file.recordCount
  }
  return { files: entries.length, bytes, records }
}
