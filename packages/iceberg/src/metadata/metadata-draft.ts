import type { EpochMs } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import { FIRST_PARTITION_FIELD_ID } from '../partition/partition-spec-json.ts'
import type { Schema } from '../schema/schema.ts'
import { DraftList } from './draft-list.ts'
import { DraftRecord } from './draft-record.ts'
import type { Snapshot, SnapshotId, SnapshotLogEntry, SnapshotRef } from './snapshot.ts'
import type {
  EncryptedKey,
  FormatVersion,
  PartitionStatisticsFile,
  StatisticsFile,
  TableMetadata,
} from './table-metadata.ts'

/** What a commit may change by the thousand. */
type Collections = {
  readonly properties: DraftRecord<string>
  readonly snapshots: DraftList<SnapshotId, Snapshot>
  readonly refs: DraftRecord<SnapshotRef>
  readonly statistics: DraftList<SnapshotId, StatisticsFile>
  readonly partitionStatistics: DraftList<SnapshotId, PartitionStatisticsFile>
  readonly encryptionKeys: DraftList<string, EncryptedKey>
}

type Plain = Omit<TableMetadata, keyof Collections>

/**
 * Table metadata while a list of updates is applied to it. What it was made from stays as it is: schemas, specs and orders
 * are replaced as whole lists.
 */
export type MetadataDraft = { -readonly [K in keyof Plain]: Plain[K] } & Collections & {
    /** Absent until a new table's `set-location`. */
    location: string
    readonly now: EpochMs
    /** What goes to the end of `snapshotLog`. */
    readonly logged: SnapshotLogEntry[]
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
  return { ...base, ...collectionsOf(base), now: Math.max(now, base.lastUpdatedMs) as EpochMs, ...noChanges() }
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
    snapshotLog: [],
    metadataLog: [],
    nextRowId: 0n,
    ...collectionsOf({
      properties: {},
      snapshots: [],
      refs: {},
      statistics: [],
      partitionStatistics: [],
      encryptionKeys: [],
    }),
    now,
    ...noChanges(),
  }
}

/** What the draft says of the table. Its log of snapshots is yet to be settled. */
export function draftedMetadata(draft: MetadataDraft): TableMetadata {
  const { now: _, added: __, removedSnapshotIds: ___, logged: ____, ...fields } = draft
  return {
    ...fields,
    properties: draft.properties.toRecord(),
    snapshots: draft.snapshots.toList(),
    refs: draft.refs.toRecord(),
    statistics: draft.statistics.toList(),
    partitionStatistics: draft.partitionStatistics.toList(),
    encryptionKeys: draft.encryptionKeys.toList(),
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

function collectionsOf(base: Pick<TableMetadata, keyof Collections>): Collections {
  const bySnapshot = ({ snapshotId }: { readonly snapshotId: SnapshotId }) => snapshotId
  return {
    properties: new DraftRecord(base.properties),
    snapshots: new DraftList(base.snapshots, bySnapshot),
    refs: new DraftRecord(base.refs),
    statistics: new DraftList(base.statistics, bySnapshot),
    partitionStatistics: new DraftList(base.partitionStatistics, bySnapshot),
    encryptionKeys: new DraftList(base.encryptionKeys, ({ keyId }) => keyId),
  }
}

function noChanges(): Pick<MetadataDraft, 'added' | 'removedSnapshotIds' | 'logged'> {
  return { added: { snapshotIds: new Set(), wereCurrent: new Set() }, removedSnapshotIds: new Set(), logged: [] }
}
