import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { Clock } from '@moraine/stdx/clock'
import type { CommitOutcome, TableCommit } from '../catalog.ts'
import { type AppliedBase, type AppliedCommit, applyCommit } from './apply-commit.ts'
import { type MetadataFiles, removeQuietly } from './metadata-files.ts'
import { rebaseRefused } from './rebase-refused.ts'

type CommitFiles = Pick<MetadataFiles, 'io' | 'random' | 'onLeftover' | 'boundsFiles'> & {
  readonly clock: Pick<Clock, 'now'>
}

/** With the manifest list of an append that was rebased, which nothing points to yet. */
export type MadeCommit =
  | { readonly kind: 'applied'; readonly metadata: TableMetadata; readonly manifestList?: string }
  | Exclude<AppliedCommit, { kind: 'applied' }>

/** As {@link applyCommit}, where a commit that conflicts is looked at again ({@link rebaseRefused}). */
export async function applyOrRebase(
  files: CommitFiles,
  base: AppliedBase | undefined,
  commit: TableCommit,
  signal: AbortSignal | undefined,
): Promise<MadeCommit> {
  const apply = (each: TableCommit) => applyCommit(files, base, each)
  const applied = apply(commit)
  if (applied.kind !== 'conflict' || base === undefined) return applied
  return rebaseRefused(files, base.metadata, { commit, reason: applied.reason, apply }, signal)
}

/** Makes what was applied; the manifest list that was written for it is removed unless the table has it, or may have it. */
export async function orRemoveList(
  files: Pick<MetadataFiles, 'io' | 'onLeftover'>,
  manifestList: string | undefined,
  make: () => Promise<CommitOutcome>,
): Promise<CommitOutcome> {
  let outcome: CommitOutcome | undefined
  try {
    outcome = await make()
    return outcome
  } finally {
    const isRefused = outcome === undefined || outcome.kind === 'conflict'
    if (manifestList !== undefined && isRefused) await removeQuietly(files, [manifestList])
  }
}
