import { findRef } from '@moraine/iceberg/metadata/find-ref'
import type { Snapshot, SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { formatTransform } from '@moraine/iceberg/partition/transform'
import { indexSchema } from '@moraine/iceberg/schema/schema-index'
import type { IcebergType } from '@moraine/iceberg/schema/type'
import { formatPrimitiveType } from '@moraine/iceberg/schema/type-text'
import type {
  ColumnDescription,
  PartitionFieldDescription,
  SnapshotDescription,
  SnapshotQuery,
  TableDescription,
  TableInspection,
} from '@moraine/management/table-work/table-inspection'
import type { TableName } from '@moraine/management/tables/table-name'
import { must } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'

/** Loads the metadata of a table as its catalog has it now. */
export type LoadMetadata = (table: TableName, signal: AbortSignal | undefined) => Promise<TableMetadata>

/** What people see of Iceberg tables; read from the metadata file alone. */
export function icebergInspection(load: LoadMetadata): TableInspection {
  return {
    describe: async (table, signal) => describeTable(await load(table, signal)),
    async listSnapshots(table, query, signal) {
      const snapshots = newestFirst(await load(table, signal), query.ref).filter((each) => isAsked(each, query))
      const page = snapshots.slice(query.offset, query.offset + query.limit)
      return { snapshots: page.map(describeSnapshot), total: snapshots.length }
    },
  }
}

function describeTable(metadata: TableMetadata): TableDescription {
  const schema = must(
    metadata.schemas.find(({ schemaId }) => schemaId === metadata.currentSchemaId),
    `schema ${metadata.currentSchemaId}`,
  )
  const { fieldsById } = indexSchema(schema)
  const nameOf = (id: number) => fieldsById.get(id)?.fullName ?? `column ${id}`
  const spec = metadata.partitionSpecs.find(({ specId }) => specId === metadata.defaultSpecId)
  const summary = currentSnapshot(metadata)?.summary
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
    dataFiles: total(summary, 'total-data-files'),
    dataBytes: total(summary, 'total-files-size'),
    records: total(summary, 'total-records'),
  }
}

/** Snapshots of a branch or tag and its ancestors; of the whole table if none is named. */
function newestFirst(metadata: TableMetadata, ref: string | undefined): readonly Snapshot[] {
  if (ref === undefined) return metadata.snapshots.toSorted((a, b) => b.timestampMs - a.timestampMs)
  const head = findRef(metadata, ref)
  if (head === undefined) throw new MoraineError('not-found', `the table has no branch or tag '${ref}'`)
  const byId = new Map(metadata.snapshots.map((snapshot) => [snapshot.snapshotId, snapshot]))
  const history: Snapshot[] = []
  let next: SnapshotId | undefined = head.snapshotId
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

function formatType(type: IcebergType): string {
  if (type.kind === 'struct') {
    return `struct<${type.fields.map((field) => `${field.name}: ${formatType(field.type)}`).join(', ')}>`
  }
  if (type.kind === 'list') return `list<${formatType(type.element)}>`
  if (type.kind === 'map') return `map<${formatType(type.key)}, ${formatType(type.value)}>`
  return formatPrimitiveType(type)
}

/** A figure of a summary, which other engines write as they please. */
function total(summary: Readonly<Record<string, string>> | undefined, key: string): number {
  const value = Number(summary?.[key] ?? 0)
  return Number.isSafeInteger(value) && value >= 0 ? value : 0
}
