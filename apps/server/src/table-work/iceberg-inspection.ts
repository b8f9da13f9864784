import type { ManifestFile } from '@moraine/iceberg/manifest/manifest-file'
import { findRef } from '@moraine/iceberg/metadata/find-ref'
import type { Snapshot, SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import { currentSnapshot, findSnapshot, isAncestorOf } from '@moraine/iceberg/metadata/snapshot-history'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { formatTransform } from '@moraine/iceberg/partition/transform'
import { mayHoldLiveFiles, readManifests } from '@moraine/iceberg/scan/read-manifests'
import { indexSchema } from '@moraine/iceberg/schema/schema-index'
import { checkPartitionNames } from '@moraine/maintenance/plan/check-partition-names'
import { partitionFilter } from '@moraine/maintenance/plan/partition-filter'
import { readTableFrom } from '@moraine/maintenance/table/read-table'
import type { TableName } from '@moraine/management/records/table-name'
import type {
  ColumnDescription,
  PartitionFieldDescription,
  RefDescription,
  SnapshotDescription,
  SnapshotQuery,
  TableDescription,
  TableInspection,
} from '@moraine/management/table-work/table-inspection'
import { MoraineError } from '@moraine/stdx/error'
import { fileCache } from './file-cache.ts'
import { explainPartitions } from './iceberg-inspection/explain-partitions.ts'
import { type FilesContext, listPartitionFiles, listSnapshotFiles } from './iceberg-inspection/list-files.ts'
import { definitionBytes, listOperations } from './iceberg-inspection/list-operations.ts'
import { listPartitions, presentPartitions } from './iceberg-inspection/list-partitions.ts'
import { type ManifestTally, tallyBytes, tallyManifest } from './iceberg-inspection/manifest-tally.ts'
import { currentSchemaOf, formatType, type TableDefinition } from './iceberg-inspection/table-definition.ts'
import { indexCache } from './index-cache.ts'
import type { ShownTable } from './shown-table.ts'

export type ShowTable = (table: TableName, signal: AbortSignal | undefined) => Promise<ShownTable>

/** Of some 100,000 partitions, or of as many as there are in manifests looked at lately. */
const TALLIES_BYTES = 64 * 1024 * 1024
const INDEXES_BYTES = 32 * 1024 * 1024
const DEFINITIONS_BYTES = 16 * 1024 * 1024

/**
 * What people see of Iceberg tables. What needs manifests reads those that it has not counted before. All that is kept of
 * files is kept for the table that they were shown of, by its `files.scope`.
 */
export function icebergInspection(show: ShowTable): TableInspection {
  const tallies = fileCache<ManifestTally>(TALLIES_BYTES, tallyBytes)
  const indexes = indexCache(INDEXES_BYTES)
  const definitions = fileCache<TableDefinition>(DEFINITIONS_BYTES, definitionBytes)
  const load = async (table: TableName, signal: AbortSignal | undefined) => (await show(table, signal)).loaded.metadata
  const tallyOf =
    ({ loaded: { metadata }, files }: ShownTable) =>
    (manifest: ManifestFile, signal: AbortSignal): Promise<ManifestTally> =>
      tallies.read(files, { location: manifest.manifestPath, as: String(manifest.addedSnapshotId) }, () =>
        tallyManifest(files.io, metadata, manifest, signal),
      )
  return {
    describe: async (table, signal) => describeTable(await load(table, signal)),
    async listSnapshots(table, query, signal) {
      const snapshots = newestFirst(await load(table, signal), query.ref).filter((each) => isAsked(each, query))
      const page = snapshots.slice(query.offset, query.offset + query.limit)
      return { snapshots: page.map(describeSnapshot), total: snapshots.length }
    },
    async listSnapshotFiles(table, query, signal) {
      const context = filesContext(await show(table, signal), signal)
      const { io, metadata } = context
      const snapshot = snapshotOf(metadata, query.snapshotId, query.ref)
      return listSnapshotFiles(query, await readManifests(io, metadata, snapshot, signal), context)
    },
    async listOperations(table, window, signal) {
      const { loaded, files } = await show(table, signal)
      const context = { files, definitions, ...(signal !== undefined && { signal }) }
      return listOperations(table.name, loaded, window, context)
    },
    async listPartitions(table, query, signal) {
      const shown = await show(table, signal)
      const manifests = await liveManifests(shown, signal)
      return listPartitions(shown.loaded.metadata, manifests, query, tallyOf(shown), signal)
    },
    async checkRequest(table, { filter, partitions }, signal) {
      const shown = await show(table, signal)
      const { metadata } = shown.loaded
      if (filter !== undefined) partitionFilter(filter, metadata, 'filter')
      if (partitions === undefined) return
      const present = await presentPartitions(await liveManifests(shown, signal), tallyOf(shown), signal)
      checkPartitionNames(partitions, present, metadata)
    },
    async listPartitionFiles(table, query, signal) {
      const shown = await show(table, signal)
      const manifests = await liveManifests(shown, signal)
      return listPartitionFiles(query, manifests, tallyOf(shown), filesContext(shown, signal))
    },
    async explainPartitions(table, query, signal) {
      const { loaded, files, boundsFiles } = await show(table, signal)
      const known = indexes.find(files.scope)
      const state = await readTableFrom(files.io, loaded, { known, boundsFiles }, signal)
      indexes.keep(files.scope, state.index)
      return explainPartitions(state, query)
    },
    listRefs: async (table, type, signal) => refsOf(await load(table, signal), type),
  }
}

function filesContext(
  { loaded: { metadata }, files: { io } }: ShownTable,
  signal: AbortSignal | undefined,
): FilesContext {
  return { io, metadata, ...(signal !== undefined && { signal }) }
}

/** Of the current snapshot. */
async function liveManifests(
  { loaded: { metadata }, files: { io } }: ShownTable,
  signal: AbortSignal | undefined,
): Promise<readonly ManifestFile[]> {
  const snapshot = currentSnapshot(metadata)
  if (snapshot === undefined) return []
  return (await readManifests(io, metadata, snapshot, signal)).filter(mayHoldLiveFiles)
}

function describeTable(metadata: TableMetadata): TableDescription {
  const schema = currentSchemaOf(metadata)
  const { fieldsById } = indexSchema(schema)
  const nameOf = (id: number) => fieldsById.get(id)?.fullName ?? `column ${id}`
  const spec = metadata.partitionSpecs.find(({ specId }) => specId === metadata.defaultSpecId)
  const snapshot = currentSnapshot(metadata)
  return {
    location: metadata.location,
    uuid: metadata.tableUuid ?? '',
    formatVersion: metadata.formatVersion,
    columns: schema.fields.map(
      (field): ColumnDescription => ({
        fieldId: field.id,
        name: field.name,
        type: formatType(field.type),
        required: field.required,
        comment: field.doc,
      }),
    ),
    identifierFields: schema.identifierFieldIds.map(nameOf),
    partitionFields: (spec?.fields ?? []).map((field): PartitionFieldDescription => {
      const sourceFieldId = field.sourceIds[0] ?? 0
      return {
        fieldId: field.fieldId,
        name: field.name,
        sourceFieldId,
        sourceName: nameOf(sourceFieldId),
        transform: formatTransform(field.transform),
      }
    }),
    properties: metadata.properties,
    comment: metadata.properties['comment'],
    lastUpdatedMs: metadata.lastUpdatedMs,
    lastCommittedAtMs: snapshot?.timestampMs,
    dataFiles: total(snapshot?.summary, 'total-data-files'),
    dataBytes: total(snapshot?.summary, 'total-files-size'),
    records: total(snapshot?.summary, 'total-records'),
  }
}

/** Snapshots of a branch or tag and its ancestors; of the whole table if none is named. */
function newestFirst(metadata: TableMetadata, ref: string | undefined): readonly Snapshot[] {
  if (ref === undefined) return metadata.snapshots.toSorted((a, b) => b.timestampMs - a.timestampMs)
  const head = headOf(metadata, ref)
  const byId = new Map(metadata.snapshots.map((snapshot) => [snapshot.snapshotId, snapshot]))
  const history: Snapshot[] = []
  let next: SnapshotId | undefined = head
  while (next !== undefined) {
    const snapshot = byId.get(next)
    if (snapshot === undefined) break
    // Taken out, so that a loop in damaged metadata ends.
    byId.delete(next)
    history.push(snapshot)
    next = snapshot.parentSnapshotId
  }
  return history
}

/** A table without data has no `main` yet, which is no reason to say that there is none. */
function headOf(metadata: TableMetadata, ref: string): SnapshotId | undefined {
  const head = findRef(metadata, ref)
  if (head === undefined && ref !== 'main') {
    throw new MoraineError('not-found', `the table has no branch or tag '${ref}'`)
  }
  return head?.snapshotId
}

function snapshotOf(metadata: TableMetadata, id: bigint, ref: string | undefined): Snapshot {
  const snapshot = findSnapshot(metadata, id as SnapshotId)
  if (ref === undefined) return snapshot
  const head = headOf(metadata, ref)
  if (head !== undefined && isAncestorOf(metadata, head, snapshot.snapshotId)) return snapshot
  throw new MoraineError('not-found', `snapshot ${id} is not in the history of '${ref}'`)
}

function refsOf(metadata: TableMetadata, type: RefDescription['type']): readonly RefDescription[] {
  const refs = Object.entries(metadata.refs).filter(([, ref]) => ref.type === type)
  return refs
    .map(
      ([name, ref]): RefDescription => ({
        name,
        type,
        snapshotId: ref.snapshotId,
        minSnapshotsToKeep: ref.minSnapshotsToKeep,
        maxSnapshotAgeMs: ref.maxSnapshotAgeMs,
        maxRefAgeMs: ref.maxRefAgeMs,
      }),
    )
    .sort((a, b) => Number(b.name === 'main') - Number(a.name === 'main') || (a.name < b.name ? -1 : 1))
}

const PRODUCER = 'snapshot.producer'

function isAsked({ summary }: Snapshot, { operation }: SnapshotQuery): boolean {
  return operation === 'all' || (summary[PRODUCER] === 'OPTIMIZE') === (operation === 'optimizing')
}

function describeSnapshot(snapshot: Snapshot): SnapshotDescription {
  return {
    snapshotId: snapshot.snapshotId,
    parentSnapshotId: snapshot.parentSnapshotId,
    committedAtMs: snapshot.timestampMs,
    operation: snapshot.operation ?? '',
    producer: snapshot.summary[PRODUCER],
    summary: snapshot.summary,
  }
}

/** A figure of a summary, which other engines write as they please. */
function total(summary: Readonly<Record<string, string>> | undefined, key: string): number {
  const value = Number(summary?.[key] ?? 0)
  return Number.isSafeInteger(value) && value >= 0 ? value : 0
}
