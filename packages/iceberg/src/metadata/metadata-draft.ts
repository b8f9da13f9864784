import type { EpochMs } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import { FIRST_PARTITION_FIELD_ID } from '../partition/partition-spec-json.ts'
import type { Schema } from '../schema/schema.ts'
import type { SnapshotId } from './snapshot.ts'
import type { FormatVersion, TableMetadata } from './table-metadata.ts'

/**
 * Table metadata while a list of updates is applied to it. Lists and maps are replaced, never changed, so that what it
 * was made from stays as it is.
 */
export type MetadataDraft = { -readonly [K in keyof TableMetadata]: TableMetadata[K] } & {
  /** Absent until a new table's `set-location`. */
  location: string
  readonly now: EpochMs
  /** What the updates applied so far have added; -1 means the last of them. */
  readonly added: {
    schemaId?: number
    specId?: number
    sortOrderId?: number
    readonly snapshotIds: Set<SnapshotId>
    /** Snapshots of this list of updates that `main` has been set to. */
    readonly wereCurrent: Set<SnapshotId>
  }
  readonly removedSnapshotIds: Set<SnapshotId>
}

/** A draft of changes to a table. Time does not go backwards in a table, whatever the clock says. */
export function draftOf(base: TableMetadata, now: EpochMs): MetadataDraft {
  return { ...base, now: Math.max(now, base.lastUpdatedMs) as EpochMs, ...noChanges() }
}

/** A draft of a new table, which has nothing yet. */
export function emptyDraft(formatVersion: FormatVersion, now: EpochMs): MetadataDraft {
  return {
    formatVersion,
    location: '',
    lastSequenceNumber: 0,
    lastUpdatedMs: now,
    lastColumnId: 0,
    schemas: [],
    currentSchemaId: 0,
    partitionSpecs: [],
    defaultSpecId: 0,
    lastPartitionId: FIRST_PARTITION_FIELD_ID - 1,
    sortOrders: [],
    defaultSortOrderId: 0,
    properties: {},
    snapshots: [],
    snapshotLog: [],
    metadataLog: [],
    refs: {},
    statistics: [],
    partitionStatistics: [],
    nextRowId: 0n,
    encryptionKeys: [],
    now,
    ...noChanges(),
  }
}

export function currentSchema(draft: MetadataDraft): Schema {
  return (
    draft.schemas.find((schema) => schema.schemaId === draft.currentSchemaId) ??
    invalid('the table has no current schema; add one before what refers to its columns')
  )
}

export function invalid(message: string): never {
  throw new MoraineError('invalid-input', message)
}

/** Refuses what rests on a state of the table that is no longer: another try on the present state may succeed. */
export function stale(message: string): never {
  throw new MoraineError('conflict', message)
}

/** One more than the highest id there is, or `first` if there is none. */
export function nextId(ids: readonly number[], first: number): number {
  return ids.reduce((next, id) => Math.max(next, id + 1), first)
}

function noChanges(): Pick<MetadataDraft, 'added' | 'removedSnapshotIds'> {
  return { added: { snapshotIds: new Set(), wereCurrent: new Set() }, removedSnapshotIds: new Set() }
}
