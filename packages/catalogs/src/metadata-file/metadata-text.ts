import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { formatTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'

/**
 * The text of a metadata file, made once for each value: a commit writes it to a file, and the REST protocol sends the
 * same text to whoever loads the table until the next commit. It is forgotten with the value.
 */
export function metadataText(metadata: TableMetadata): string {
  const known = texts.get(metadata)
  if (known !== undefined) return known
  const text = formatTableMetadata(metadata)
  texts.set(metadata, text)
  return text
}

const texts = new WeakMap<TableMetadata, string>()
