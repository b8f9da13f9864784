import { encodePartitionSpec } from '@moraine/iceberg/partition/partition-spec-json'
import { formatTransform } from '@moraine/iceberg/partition/transform'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { encodeSchema } from '@moraine/iceberg/schema/schema-json'
import { type IcebergType, isPrimitive } from '@moraine/iceberg/schema/type'
import { formatPrimitiveType } from '@moraine/iceberg/schema/type-text'
import type { EvaluatedPartition } from '@moraine/maintenance/plan/evaluate-table'
import { healthNote } from '@moraine/maintenance/report/health-note'
import type { FileFigures, TableReport } from '@moraine/maintenance/report/table-report'
import type { IndexedTable } from '@moraine/maintenance/table/read-table'
import { must } from '@moraine/stdx/assert'
import { counted, humanBytes } from '@moraine/stdx/human-text'
import { textTable } from './table-text.ts'

export type Inspection = {
  readonly name: string
  readonly state: IndexedTable
  readonly report: TableReport
  readonly partitions: readonly EvaluatedPartition[]
}

/** What `table inspect` prints. */
export function inspectText({ name, state, report, partitions }: Inspection): string {
  const { metadata, snapshot } = state
  const schema = currentSchema(state)
  const spec = metadata.partitionSpecs.find((each) => each.specId === metadata.defaultSpecId)
  const lines = [
    `${name} (Iceberg v${metadata.formatVersion}) at ${metadata.location}`,
    `metadata     ${state.metadataLocation}`,
    `snapshot     ${snapshot === undefined ? 'none: the table has no data yet' : `${snapshot.snapshotId}, ${snapshot.operation ?? 'unknown'}, ${new Date(snapshot.timestampMs).toISOString()}`}`,
    `history      ${counted(metadata.snapshots.length, 'snapshot')}, ${counted(Object.keys(metadata.refs).length, 'branch or tag', 'branches and tags')}`,
    `partitioned  ${spec === undefined || spec.fields.length === 0 ? 'no' : spec.fields.map((field) => `${field.name} (${formatTransform(field.transform)})`).join(', ')}; ${counted(report.partitions, 'partition')}`,
    '',
    textTable(
      ['column', 'type', 'required', 'id'],
      schema.fields.map((field) => [field.name, typeText(field.type), field.required ? 'yes' : 'no', field.id]),
    ),
    '',
    textTable(
      ['files', 'count', 'size', 'records'],
      [
        figureRow('data', report.dataFiles),
        figureRow('position deletes', report.positionDeletes),
        figureRow('deletion vectors', report.deletionVectors),
        figureRow('equality deletes', report.equalityDeletes),
      ],
    ),
    '',
    `sizes        ${counted(report.sizeClasses.fragments, 'fragment')}, ${report.sizeClasses.undersized} undersized, ${report.sizeClasses.targetSize} of target size`,
    `delete ratio ${(report.deleteRatio * 100).toFixed(2)} %${report.danglingDeletes > 0 ? `; ${counted(report.danglingDeletes, 'delete file applies', 'delete files apply')} to nothing` : ''}`,
    `health       ${report.health.total} of 100: small files ${report.health.smallFiles} of 40, equality deletes ${report.health.equalityDeletes} of 40, position deletes ${report.health.positionDeletes} of 20`,
    ...(hasWork(report) ? scoreNote(report, partitions, state) : []),
  ]
  return `${lines.join('\n')}\n`
}

function hasWork({ sizeClasses, ...report }: TableReport): boolean {
  const deletes = report.equalityDeletes.files + report.positionDeletes.files + report.deletionVectors.files
  return sizeClasses.fragments + sizeClasses.undersized > 1 || deletes > 0
}

function scoreNote(report: TableReport, partitions: Inspection['partitions'], { policy }: IndexedTable) {
  const note = healthNote(report.health, partitions, policy)
  return note === undefined ? [] : [`             ${note}`]
}

/** The same as a value for `--json`. Ids are exact integers. */
export function inspectJson({ name, state, report, partitions }: Inspection): object {
  const { metadata, snapshot } = state
  return {
    name,
    location: metadata.location,
    metadataLocation: state.metadataLocation,
    formatVersion: metadata.formatVersion,
    tableUuid: metadata.tableUuid ?? null,
    schema: encodeSchema(currentSchema(state)),
    partitionSpecs: metadata.partitionSpecs.map(encodePartitionSpec),
    defaultSpecId: metadata.defaultSpecId,
    properties: metadata.properties,
    currentSnapshotId: snapshot?.snapshotId ?? null,
    snapshots: metadata.snapshots.map((each) => ({
      snapshotId: each.snapshotId,
      sequenceNumber: each.sequenceNumber,
      timestampMs: each.timestampMs,
      operation: each.operation ?? null,
      summary: each.summary,
    })),
    refs: metadata.refs,
    ...report,
    partitionReports: partitions.map(({ partition, evaluation }) => ({
      specId: partition.specId,
      partition: partition.partitionPath,
      files: evaluation.files.files,
      bytes: evaluation.files.bytes,
      fragments: evaluation.fragments.files,
      undersized: evaluation.undersized.files,
      trigger: evaluation.trigger ?? null,
    })),
  }
}

function currentSchema({ metadata }: IndexedTable): Schema {
  return must(
    metadata.schemas.find((each) => each.schemaId === metadata.currentSchemaId),
    'current schema',
  )
}

function figureRow(name: string, { files, bytes, records }: FileFigures): readonly [string, number, string, number] {
  return [name, files, humanBytes(bytes), records]
}

function typeText(type: IcebergType): string {
  if (isPrimitive(type)) return formatPrimitiveType(type)
  switch (type.kind) {
    case 'struct':
      return `struct<${type.fields.map((field) => `${field.name}: ${typeText(field.type)}`).join(', ')}>`
    case 'list':
      return `list<${typeText(type.element)}>`
    case 'map':
      return `map<${typeText(type.key)}, ${typeText(type.value)}>`
  }
}
