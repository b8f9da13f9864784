import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { PartitionEvaluation } from '../plan/evaluate-partition.ts'
import type { EvaluatedPartition } from '../plan/evaluate-table.ts'
import { type FileIndex, forEachDeleted } from '../plan/file-index.ts'
import { type HealthScore, healthScore } from '../plan/health-score.ts'
import type { OptimizingPolicy } from '../plan/optimizing-policy.ts'

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
  index: FileIndex,
  evaluated: readonly EvaluatedPartition[],
  policy: OptimizingPolicy,
): TableReport {
  const evaluations = evaluated.map(({ evaluation }) => evaluation)
  const sum = (pick: (evaluation: PartitionEvaluation) => number) =>
    evaluations.reduce((total, evaluation) => total + pick(evaluation), 0)
  const dataFiles = {
    files: sum(({ files }) => files.files),
    bytes: sum(({ files }) => files.bytes),
    records: sum(({ files }) => files.records),
  }
  const ofKind = (matches: (entry: ManifestEntry) => boolean) => figures(index.deletes.filter(matches))
  const deleted = index.deletes.reduce((total, entry) => total + entry.file.recordCount, 0)
  return {
    partitions: evaluated.length,
    dataFiles,
    positionDeletes: ofKind(({ file }) => file.content === 'position-deletes' && file.fileFormat !== 'puffin'),
    deletionVectors: ofKind(({ file }) => file.content === 'position-deletes' && file.fileFormat === 'puffin'),
    equalityDeletes: ofKind(({ file }) => file.content === 'equality-deletes'),
    deleteRatio: dataFiles.records === 0 ? 0 : deleted / dataFiles.records,
    sizeClasses: {
      fragments: sum(({ sizeClasses }) => sizeClasses.fragments),
      undersized: sum(({ sizeClasses }) => sizeClasses.undersized),
      targetSize: sum(({ sizeClasses }) => sizeClasses.targetSize),
    },
    danglingDeletes: danglingDeletes(index),
    health: healthScore(evaluations, policy),
  }
}

function danglingDeletes(index: FileIndex): number {
  const applied = new Set<ManifestEntry>()
  forEachDeleted(index, (state) => {
    for (const entry of state.applied) applied.add(entry)
  })
  return index.deletes.filter((entry) => !applied.has(entry)).length
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
