import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { weighedCache } from '@moraine/stdx/weighed-cache'

/** Parsed metadata files, by location. */
export type MetadataCache = {
  find(location: string): TableMetadata | undefined
  add(location: string, metadata: TableMetadata, sizeBytes: number): void
}

/** The least recently used go first when their sizes add up to more than the limit. */
export function metadataCache(sizeBytesMax: number): MetadataCache {
  type Entry = { readonly metadata: TableMetadata; readonly sizeBytes: number }
  const cache = weighedCache<Entry>(sizeBytesMax, ({ sizeBytes }) => sizeBytes)
  return {
    find: (location) => cache.find(location)?.metadata,
    add: (location, metadata, sizeBytes) => cache.keep(location, { metadata, sizeBytes }),
  }
}
