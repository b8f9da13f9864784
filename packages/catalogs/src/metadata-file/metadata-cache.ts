import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { weighedCache } from '@moraine/stdx/weighed-cache'

/** Parsed metadata files, by location. */
export type MetadataCache = {
  find(location: string): TableMetadata | undefined
  /** @param textLength of the file as text, unzipped */
  add(location: string, metadata: TableMetadata, textLength: number): void
}

/**
 * The least recently used go first when their texts add up to more than the limit: of the files, unzipped; the parsed
 * values take a few times as much memory.
 */
export function metadataCache(textLengthMax = 32 * 1024 * 1024): MetadataCache {
  type Entry = { readonly metadata: TableMetadata; readonly textLength: number }
  const cache = weighedCache<Entry>(textLengthMax, ({ textLength }) => textLength)
  return {
    find: (location) => cache.find(location)?.metadata,
    add: (location, metadata, textLength) => cache.keep(location, { metadata, textLength }),
  }
}
