import { applyUpdates } from '@moraine/iceberg/metadata/apply-updates'
import { checkRequirements } from '@moraine/iceberg/metadata/check-requirements'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { EpochMs } from '@moraine/stdx/brand'
import { isKind } from '@moraine/stdx/error'
import type { TableCommit } from '../catalog.ts'

/** The location is absent for a state that has no file of its own, since others are made on top of it at once. */
export type AppliedBase = { readonly metadata: TableMetadata; readonly metadataLocation?: string }

/** What a commit makes of a table. `missing`: there is no table, and the commit is not one that creates it. */
export type AppliedCommit =
  | { readonly kind: 'applied'; readonly metadata: TableMetadata }
  | { readonly kind: 'conflict'; readonly reason: string }
  | { readonly kind: 'missing' }

/**
 * The next state of the table. It is the same value as `base.metadata` if nothing changes.
 *
 * @throws {MoraineError} `invalid-input` if an update can never be applied to the table
 */
export function applyCommit(
  base: AppliedBase | undefined,
  { requirements, updates }: TableCommit,
  context: { readonly now: EpochMs; readonly newTableUuid: string },
): AppliedCommit {
  if (base === undefined && !requirements.some(({ type }) => type === 'assert-create')) return { kind: 'missing' }
  const check = checkRequirements(base?.metadata, requirements)
  if (check.kind === 'violated') return { kind: 'conflict', reason: check.message }
  try {
    const { now, newTableUuid } = context
    const where =
      base === undefined
        ? { newTableUuid }
        : base.metadataLocation === undefined
          ? {}
          : { baseLocation: base.metadataLocation }
    return { kind: 'applied', metadata: applyUpdates(base?.metadata, updates, { now, ...where }) }
  } catch (error) {
    // The updates rest on a state of the table that has passed.
    if (isKind(error, 'conflict')) return { kind: 'conflict', reason: error.message }
    throw error
  }
}
