import assert from 'node:assert/strict'
import { type EpochMs, later } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import type { Schema } from '../../schema/schema.ts'
import { type ApplyContext, applyUpdates } from '../apply-updates.ts'
import { newTableMetadata } from '../new-table-metadata.ts'
import type { Snapshot, SnapshotId } from '../snapshot.ts'
import type { FormatVersion, TableMetadata } from '../table-metadata.ts'
import type { TableUpdate } from '../table-update.ts'

// A table for the tests of updates, and short ways to change it.

export const T0 = 1_700_000_000_000 as EpochMs
export const UUID = 'f79c3e09-677c-4bbd-a479-3f349cb785e7'

export const SCHEMA: Schema = {
  schemaId: 0,
  identifierFieldIds: [],
  fields: [
    { id: 1, name: 'id', required: true, type: { kind: 'long' } },
    { id: 2, name: 'at', required: false, type: { kind: 'timestamptz' } },
    { id: 3, name: 'name', required: false, type: { kind: 'string' } },
  ],
}

/** Unsorted, partitioned by `bucket[4]` of `id`, without snapshots. */
export function exampleTable(formatVersion: FormatVersion = 2): TableMetadata {
  return deepFreeze(
    newTableMetadata({
      schema: SCHEMA,
      spec: { fields: [{ sourceIds: [1], name: 'id_bucket', transform: { kind: 'bucket', buckets: 4 } }] },
      location: 's3://bucket/db/t',
      properties: { 'format-version': formatVersion.toString() },
      uuid: UUID,
      now: T0,
    }),
  )
}

/** Applies the updates later than anything in the table; what it was made from must not change. */
export function applied(
  base: TableMetadata,
  updates: readonly TableUpdate[],
  more: Partial<ApplyContext> = {},
): TableMetadata {
  return deepFreeze(applyUpdates(base, deepFreeze(updates), { now: later(base.lastUpdatedMs, 1000), ...more }))
}

/** The kind and message with which the updates are refused. */
export function refusal(base: TableMetadata | undefined, ...updates: readonly TableUpdate[]): string {
  try {
    applyUpdates(base, updates, { now: later(base?.lastUpdatedMs ?? T0, 1000) })
  } catch (error) {
    assert.ok(error instanceof MoraineError, String(error))
    return `${error.kind}: ${error.message}`
  }
  return 'accepted'
}

export function id(value: bigint): SnapshotId {
  return value as SnapshotId
}

/** The next snapshot of the table, on top of `main`. */
export function snapshotOn(table: TableMetadata, value: bigint, more: Partial<Snapshot> = {}): Snapshot {
  return {
    snapshotId: id(value),
    ...(table.currentSnapshotId === undefined ? {} : { parentSnapshotId: table.currentSnapshotId }),
    sequenceNumber: table.formatVersion === 1 ? 0 : table.lastSequenceNumber + 1,
    timestampMs: later(table.lastUpdatedMs, 1000),
    manifests: { kind: 'list', location: `s3://bucket/db/t/metadata/snap-${value}.avro` },
    operation: 'append',
    summary: {},
    schemaId: 0,
    ...(table.formatVersion < 3 ? {} : { firstRowId: table.nextRowId, addedRows: 10n }),
    ...more,
  }
}

/** The two updates by which a writer commits to `main`. */
export function append(table: TableMetadata, value: bigint, more: Partial<Snapshot> = {}): readonly TableUpdate[] {
  return [{ action: 'add-snapshot', snapshot: snapshotOn(table, value, more) }, setMain(value)]
}

export function setMain(value: bigint): TableUpdate {
  return { action: 'set-snapshot-ref', refName: 'main', ref: { snapshotId: id(value), type: 'branch' } }
}

/** The table after an append of each snapshot. */
export function withSnapshots(table: TableMetadata, ...values: readonly bigint[]): TableMetadata {
  return values.reduce((latest, value) => applied(latest, append(latest, value)), table)
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
