import type { DeleteState } from './delete-state.ts'
import { fragmentSizeBytes, minTargetSizeBytes, type OptimizingPolicy } from './optimizing-policy.ts'

export type SizeClass = 'fragment' | 'undersized' | 'target-size'

/**
 * How the files of a partition are judged: by the triggers, as full optimizing does, or as full optimizing does with
 * files of an older partition spec, whose rows it moves into the current one.
 */
export type Judgement = 'triggered' | 'full' | 'full-move'

/**
 * What optimizing wants of a file:
 *
 * - `rewrite`: new data files without its deleted rows
 * - `merge`: worth rewriting only together with others like it
 * - `convert`: keep the data, turn its deletes into one position delete file or vector
 * - `keep`
 */
export type Wish = 'rewrite' | 'merge' | 'convert' | 'keep'

/** The policy of a table in the figures that every file is measured by; made once, used for millions of files. */
export type ClassifyRules = {
  readonly fragmentBytes: number
  readonly minTargetBytes: number
  readonly duplicateRatio: number
  /** Whether full mode wants every file that is not in the table's sort order and partition spec. */
  readonly rewritesAll: boolean
  /** The table's sort order; 0 if it has none. */
  readonly sortOrderId: number
}

export function classifyRules(policy: OptimizingPolicy, sortOrderId: number): ClassifyRules {
  return {
    fragmentBytes: fragmentSizeBytes(policy),
    minTargetBytes: minTargetSizeBytes(policy),
    duplicateRatio: policy.duplicateRatio,
    rewritesAll: policy.fullRewriteAllFiles,
    sortOrderId,
  }
}

export function sizeClassOf(sizeBytes: number, rules: ClassifyRules): SizeClass {
  if (sizeBytes <= rules.fragmentBytes) return 'fragment'
  return sizeBytes <= rules.minTargetBytes ? 'undersized' : 'target-size'
}

/** @param isMuchDeleted whether its position deletes remove more than the duplicate ratio of its rows */
export function wishOf(sizeClass: SizeClass, deletes: DeleteState, isMuchDeleted: boolean): Wish {
  if (sizeClass === 'fragment' || isMuchDeleted) return 'rewrite'
  if (sizeClass === 'undersized') return 'merge'
  return needsConversion(deletes) ? 'convert' : 'keep'
}

// A file of target size without deletes and in the table's sort order and partition spec is as good as it can get. It is
// left alone even with `full.rewrite-all-files`, which would otherwise write the whole table anew at every interval for
// nothing.
export function wishInFullMode(
  sizeClass: SizeClass,
  deletes: DeleteState,
  fileSortOrderId: number,
  judgement: Judgement,
  rules: ClassifyRules,
): Wish {
  if (sizeClass !== 'target-size' || deletes.effective.length > 0) return 'rewrite'
  const isInOrder = rules.sortOrderId === 0 || fileSortOrderId === rules.sortOrderId
  return rules.rewritesAll && (!isInOrder || judgement === 'full-move') ? 'rewrite' : 'keep'
}

/** Equality deletes cost every reader a join, and scattered position deletes an open file each. */
export function needsConversion(deletes: DeleteState): boolean {
  return deletes.equality.length > 0 || !deletes.isCompact
}
