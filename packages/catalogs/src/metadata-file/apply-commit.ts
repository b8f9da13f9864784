import { applyUpdates } from '@moraine/iceberg/metadata/apply-updates'
import { checkRequirements } from '@moraine/iceberg/metadata/check-requirements'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { Clock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { type Random, uuidV4 } from '@moraine/stdx/random'
import type { TableCommit } from '../catalog.ts'
import { checkNamedFiles } from './own-files.ts'

/** The location is absent for a state that has no file of its own, since others are made on top of it at once. */
export type AppliedBase = { readonly metadata: TableMetadata; readonly metadataLocation?: string }

/** What a commit makes of a table. `missing`: there is no table, and the commit is not one that creates it. */
export type AppliedCommit =
  | { readonly kind: 'applied'; readonly metadata: TableMetadata }
  | { readonly kind: 'conflict'; readonly reason: string }
  | { readonly kind: 'missing' }

type CommitStore = {
  readonly clock: Pick<Clock, 'now'>
  /** For the uuid of a new table. */
  readonly random: Random
  /** Whether files of metadata that the updates name have to lie in the table's places. */
  readonly boundsFiles: boolean
}

/**
 * The next state of the table. It is the same value as `base.metadata` if nothing changes.
 *
 * @throws {MoraineError} `invalid-input` if an update can never be applied to the table, or names a file out of bounds
 */
export function applyCommit(
  { clock, random, boundsFiles }: CommitStore,
  base: AppliedBase | undefined,
  { requirements, updates }: TableCommit,
): AppliedCommit {
  // Before all else: whoever rebases a commit that came too late reads what it names.
  if (boundsFiles) checkNamedFiles(base?.metadata, updates)
  if (base === undefined && !requirements.some(({ type }) => type === 'assert-create')) return { kind: 'missing' }
  const check = checkRequirements(base?.metadata, requirements)
  if (check.kind === 'violated') return { kind: 'conflict', reason: check.message }
  try {
    const where =
      base === undefined
        ? { newTableUuid: uuidV4(random) }
        : base.metadataLocation === undefined
          ? {}
          : { baseLocation: base.metadataLocation }
    return { kind: 'applied', metadata: applyUpdates(base?.metadata, updates, { now: clock.now(), ...where }) }
  } catch (error) {
    // The updates rest on a state of the table that has passed.
    if (isKind(error, 'conflict')) return { kind: 'conflict', reason: error.message }
    throw error
  }
}
