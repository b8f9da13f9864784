import { findViewVersion, type ViewMetadata } from '@moraine/iceberg/view/view-metadata'
import { counted } from '@moraine/stdx/human-text'
import { withoutSecrets } from '@moraine/storage/without-secrets'

export type NamedView = {
  readonly name: string
  readonly metadata: ViewMetadata
  readonly metadataLocation: string
}

/** What `view load` prints: of its versions the current one. */
export function loadedViewText({ name, metadata, metadataLocation }: NamedView): string {
  const { versions, currentVersionId, schemas } = metadata
  const version = findViewVersion(versions, currentVersionId)
  const schema = schemas.find(({ schemaId }) => schemaId === version?.schemaId)
  const properties = Object.entries(withoutSecrets(metadata.properties)).sort(([a], [b]) => (a < b ? -1 : 1))
  const lines = [
    `${name} (Iceberg view)`,
    `uuid         ${metadata.viewUuid}`,
    `location     ${metadata.location}`,
    `metadata     ${metadataLocation}`,
    `version      ${currentVersionId}, of ${counted(versions.length, 'version')}`,
    ...(version === undefined ? [] : [`updated      ${new Date(version.timestampMs).toISOString()}`]),
    `columns      ${schema?.fields.map((field) => field.name).join(', ') ?? 'none'}`,
    ...(version?.representations ?? []).flatMap((each) =>
      each.type === 'sql' ? ['', `${each.dialect}:`, each.sql] : ['', 'a form that is not known here'],
    ),
    ...(properties.length === 0 ? [] : ['']),
    ...properties.map(([key, value], at) => `${at === 0 ? 'properties' : '          '}   ${key}=${value}`),
  ]
  return `${lines.join('\n')}\n`
}
