import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { ScanTask } from '@moraine/iceberg/scan/delete-index'
import { type DeleteState, deleteStateOf } from './delete-state.ts'
import { fragmentSizeBytes, minTargetSizeBytes, type OptimizingPolicy } from './optimizing-policy.ts'
import { type Unreadable, unreadableReason } from './unreadable-file.ts'

export type SizeClass = 'fragment' | 'undersized' | 'target-size'

/**
 * What optimizing wants of a file:
 *
 * - `rewrite`: new data files without its deleted rows
 * - `merge`: worth rewriting only together with others like it
 * - `convert`: keep the data, turn its deletes into one position delete file or vector
 * - `keep`
 */
export type Wish = 'rewrite' | 'merge' | 'convert' | 'keep'

export type ClassifiedFile = {
  readonly task: ScanTask
  readonly sizeClass: SizeClass
  readonly deletes: DeleteState
  readonly wish: Wish
  /** Why the file is left alone whatever is wished; `undefined` if it can be worked on. */
  readonly unreadable: Unreadable | undefined
}

/** How many rows a position delete file removes from one data file; see {@link apportionedDeletes}. */
export type DeletedRows = (deleteEntry: ManifestEntry, dataEntry: ManifestEntry) => number

/** What classification needs to know besides the file itself. */
export type ClassifyContext = {
  readonly policy: OptimizingPolicy
  readonly fullMode: boolean
  /** The table's sort order; 0 if it has none. */
  readonly sortOrderId: number
  readonly deletedRows: DeletedRows
  /** Of the table's columns: then no file of it is worked on. */
  readonly unwritable?: Unreadable | undefined
}

export function classifyFile(task: ScanTask, context: ClassifyContext): ClassifiedFile {
  const sizeClass = sizeClassOf(task.data.file.fileSizeBytes, context.policy)
  const deletes = deleteStateOf(task)
  const wish = context.fullMode
    ? wishInFullMode(task, sizeClass, deletes, context)
    : wishOf(sizeClass, deletes, isMuchDeleted(task, deletes, context))
  return { task, sizeClass, deletes, wish, unreadable: context.unwritable ?? unreadableReason(task, deletes) }
}

function sizeClassOf(sizeBytes: number, policy: OptimizingPolicy): SizeClass {
  if (sizeBytes <= fragmentSizeBytes(policy)) return 'fragment'
  return sizeBytes <= minTargetSizeBytes(policy) ? 'undersized' : 'target-size'
}

function wishOf(sizeClass: SizeClass, deletes: DeleteState, muchDeleted: boolean): Wish {
  if (sizeClass === 'fragment' || muchDeleted) return 'rewrite'
  if (sizeClass === 'undersized') return 'merge'
  return needsConversion(deletes) ? 'convert' : 'keep'
}

// A file of target size without deletes and in the table's sort order is as good as it can get. It is left alone even
// with `full.rewrite-all-files`, which would otherwise write the whole table anew at every interval for nothing.
function wishInFullMode(task: ScanTask, sizeClass: SizeClass, deletes: DeleteState, context: ClassifyContext): Wish {
  if (sizeClass !== 'target-size' || deletes.effective.length > 0) return 'rewrite'
  return context.policy.fullRewriteAllFiles && !isInOrder(task, context) ? 'rewrite' : 'keep'
}

function isInOrder(task: ScanTask, context: ClassifyContext): boolean {
  return context.sortOrderId === 0 || task.data.file.sortOrderId === context.sortOrderId
}

/** Equality deletes cost every reader a join, and scattered position deletes an open file each. */
export function needsConversion(deletes: DeleteState): boolean {
  return deletes.equality.length > 0 || !deletes.isCompact
}

function isMuchDeleted(task: ScanTask, deletes: DeleteState, context: ClassifyContext): boolean {
  const rows = deletes.positions.reduce((sum, entry) => sum + context.deletedRows(entry, task.data), 0)
  return rows > task.data.file.recordCount * context.policy.duplicateRatio
}
