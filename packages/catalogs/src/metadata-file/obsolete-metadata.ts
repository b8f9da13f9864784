import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { tableProperty } from '@moraine/iceberg/metadata/table-properties'

/**
 * Metadata files that a commit from `base` to `next` pushed out of the metadata log, if the table's property
 * `write.metadata.delete-after-commit.enabled` asks for their removal. How many the log keeps is
 * `write.metadata.previous-versions-max`. Files outside of the table's own folder of metadata stay.
 */
export function obsoleteMetadataFiles(base: TableMetadata, next: TableMetadata): readonly string[] {
  // Judged after the commit is made, so a value that makes no sense is no error: it does not ask for anything.
  const asked = Object.hasOwn(next.properties, PROPERTY) ? next.properties[PROPERTY] : undefined
  if (asked?.trim().toLowerCase() !== 'true') return []
  const kept = new Set(next.metadataLog.map(({ metadataFile }) => metadataFile))
  return base.metadataLog
    .map(({ metadataFile }) => metadataFile)
    .filter((file) => !kept.has(file) && METADATA_FILE.test(file) && isOwn(file, next))
}

// Writers say what the log names: of what lies elsewhere it proves nothing.
function isOwn(file: string, { location, properties }: TableMetadata): boolean {
  const folder = tableProperty(properties, 'write.metadata.path') ?? `${location.replace(/\/+$/, '')}/metadata`
  return file.slice(0, file.lastIndexOf('/')) === folder.replace(/\/+$/, '')
}

// A damaged log may name anything; nothing but a metadata file is removed for it.
const METADATA_FILE = /\.metadata\.json(\.gz)?$/
const PROPERTY = 'write.metadata.delete-after-commit.enabled'
