import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { counted } from '@moraine/stdx/human-text'
import { withoutSecrets } from '@moraine/storage/without-secrets'

export type NamedMetadata = {
  readonly name: string
  readonly metadata: TableMetadata
  readonly metadataLocation: string
}

/** What `table load` prints. */
export function loadedTableText({ name, metadata, metadataLocation }: NamedMetadata): string {
  const schema = metadata.schemas.find((each) => each.schemaId === metadata.currentSchemaId)
  const properties = Object.entries(withoutSecrets(metadata.properties)).sort(([a], [b]) => (a < b ? -1 : 1))
  const lines = [
    `${name} (Iceberg v${metadata.formatVersion})`,
    `uuid         ${metadata.tableUuid ?? 'none'}`,
    `location     ${metadata.location}`,
    `metadata     ${metadataLocation}`,
    `updated      ${new Date(metadata.lastUpdatedMs).toISOString()}`,
    `snapshot     ${metadata.currentSnapshotId ?? 'none'}, of ${counted(metadata.snapshots.length, 'snapshot')}`,
    `columns      ${schema?.fields.map((field) => field.name).join(', ') ?? 'none'}`,
    ...properties.map(([key, value], at) => `${at === 0 ? 'properties' : '          '}   ${key}=${value}`),
  ]
  return `${lines.join('\n')}\n`
}
