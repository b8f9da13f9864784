import { type ContentFile, isDeletionVector } from '../manifest/content-file.ts'
import { partitionKey } from '../partition/partition-path.ts'

export type SummaryInput = {
  readonly added: readonly ContentFile[]
  readonly removed: readonly ContentFile[]
  /** Summary of the parent snapshot; `undefined` if there is no parent. */
  readonly parent: Readonly<Record<string, string>> | undefined
}

/** What one kind of change counts. */
type Counters = {
  dataFiles: number
  records: number
  bytes: number
  deleteFiles: number
  positionDeleteFiles: number
  deletionVectors: number
  equalityDeleteFiles: number
  positionDeletes: number
  equalityDeletes: number
}

/**
 * The figures of a snapshot's summary (table spec, "Snapshot Summary", Appendix F): what was added and removed, where
 * not zero, and the table's totals. A total is left out if the parent does not state it, rather than made up.
 */
export function snapshotSummary({ added, removed, parent }: SummaryInput): Record<string, string> {
  const plus = count(added)
  const minus = count(removed)
  const partitions = new Set([...added, ...removed].map((file) => partitionKey(file.specId, file.partition)))
  const summary: Record<string, string> = {}
  for (const [key, value] of changes(plus, minus)) if (value > 0) summary[key] = String(value)
  if (partitions.size > 0) summary['changed-partition-count'] = String(partitions.size)
  for (const [key, difference] of totals(plus, minus)) {
    const before = parent === undefined ? 0 : Number(parent[key] ?? Number.NaN)
    const total = before + difference
    if (Number.isSafeInteger(total) && total >= 0) summary[key] = String(total)
  }
  return summary
}

/**
 * The summary of a snapshot that moves from one parent to another: what it changed stays, its totals move by what the
 * parents' differ. A total that one of the three does not state is left out.
 */
export function rebasedSummary(
  summary: Readonly<Record<string, string>>,
  parents: {
    readonly from: Readonly<Record<string, string>> | undefined
    readonly to: Readonly<Record<string, string>>
  },
): Record<string, string> {
  const { from, to } = parents
  const rebased: Record<string, string> = { ...summary }
  for (const key of TOTALS) {
    const before = from === undefined ? 0 : Number(from[key] ?? Number.NaN)
    const total = Number(summary[key] ?? Number.NaN) - before + Number(to[key] ?? Number.NaN)
    if (Number.isSafeInteger(total) && total >= 0) rebased[key] = String(total)
    else delete rebased[key]
  }
  return rebased
}

const TOTALS = [
  'total-records',
  'total-files-size',
  'total-data-files',
  'total-delete-files',
  'total-position-deletes',
  'total-equality-deletes',
] as const

function changes(plus: Counters, minus: Counters): readonly (readonly [string, number])[] {
  return [
    ['added-data-files', plus.dataFiles],
    ['deleted-data-files', minus.dataFiles],
    ['added-records', plus.records],
    ['deleted-records', minus.records],
    ['added-files-size', plus.bytes],
    ['removed-files-size', minus.bytes],
    ['added-delete-files', plus.deleteFiles],
    ['removed-delete-files', minus.deleteFiles],
    ['added-position-delete-files', plus.positionDeleteFiles],
    ['removed-position-delete-files', minus.positionDeleteFiles],
    ['added-dvs', plus.deletionVectors],
    ['removed-dvs', minus.deletionVectors],
    ['added-equality-delete-files', plus.equalityDeleteFiles],
    ['removed-equality-delete-files', minus.equalityDeleteFiles],
    ['added-position-deletes', plus.positionDeletes],
    ['removed-position-deletes', minus.positionDeletes],
    ['added-equality-deletes', plus.equalityDeletes],
    ['removed-equality-deletes', minus.equalityDeletes],
  ]
}

function totals(plus: Counters, minus: Counters): readonly (readonly [(typeof TOTALS)[number], number])[] {
  return [
    ['total-records', plus.records - minus.records],
    ['total-files-size', plus.bytes - minus.bytes],
    ['total-data-files', plus.dataFiles - minus.dataFiles],
    ['total-delete-files', plus.deleteFiles - minus.deleteFiles],
    ['total-position-deletes', plus.positionDeletes - minus.positionDeletes],
    ['total-equality-deletes', plus.equalityDeletes - minus.equalityDeletes],
  ]
}

function count(files: readonly ContentFile[]): Counters {
  const counters: Counters = {
    dataFiles: 0,
    records: 0,
    bytes: 0,
    deleteFiles: 0,
    positionDeleteFiles: 0,
    deletionVectors: 0,
    equalityDeleteFiles: 0,
    positionDeletes: 0,
    equalityDeletes: 0,
  }
  for (const file of files) countFile(counters, file)
  return counters
}

function countFile(counters: Counters, file: ContentFile): void {
  // A vector is a part of its Puffin file, which may hold others.
  counters.bytes += isDeletionVector(file) ? (file.contentSizeBytes ?? 0) : file.fileSizeBytes
  if (file.content === 'data') {
    counters.dataFiles += 1
    counters.records += file.recordCount
    return
  }
  counters.deleteFiles += 1
  if (file.content === 'equality-deletes') {
    counters.equalityDeleteFiles += 1
    counters.equalityDeletes += file.recordCount
    return
  }
  counters.positionDeletes += file.recordCount
  if (isDeletionVector(file)) counters.deletionVectors += 1
  else counters.positionDeleteFiles += 1
}
