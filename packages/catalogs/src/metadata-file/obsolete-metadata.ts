import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'

/**
 * Metadata files that a commit from `base` to `next` pushed out of the metadata log, if the table's property
 * `write.metadata.delete-after-commit.enabled` asks for their removal. How many the log keeps is
 * `write.metadata.previous-versions-max`.
 */
export function obsoleteMetadataFiles(base: TableMetadata, next: TableMetadata): readonly string[] {
  // Judged after the commit is made, so a value that makes no sense is no error: it does not ask for anything.
  const asked = Object.hasOwn(next.properties, PROPERTY) ? next.properties[PROPERTY] : undefined
  if (asked?.trim().toLowerCase() !== 'true') return []
  const kept = new Set(next.metadataLog.map(({ metadataFile }) => metadataFile))
  return base.metadataLog
    .map(({ metadataFile }) => metadataFile)
    .filter((file) => !kept.has(file) && METADATA_FILE.test(file))
}

// A damaged log may name anything; nothing but a metadata file is removed for it.
const METADATA_FILE = /\.metadata\.json(\.gz)?$/
const PROPERTY = 'write.metadata.delete-after-commit.enabled'
