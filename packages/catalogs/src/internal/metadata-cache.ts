import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'

/** Parsed metadata files, the least recently used of which go first when their sizes add up to more than the limit. */
export type MetadataCache = {
  find(location: string): TableMetadata | undefined
  add(location: string, metadata: TableMetadata, sizeBytes: number): void
}

export function metadataCache(sizeBytesMax: number): MetadataCache {
  const entries = new Map<string, { readonly metadata: TableMetadata; readonly sizeBytes: number }>()
  let total = 0
  const remove = (location: string) => {
    total -= entries.get(location)?.sizeBytes ?? 0
    entries.delete(location)
  }
  return {
    find(location) {
      const entry = entries.get(location)
      if (entry === undefined) return undefined
      // A Map keeps the order of insertion.
      entries.delete(location)
      entries.set(location, entry)
      return entry.metadata
    },
    add(location, metadata, sizeBytes) {
      remove(location)
      if (sizeBytes > sizeBytesMax) return
      entries.set(location, { metadata, sizeBytes })
      total += sizeBytes
      for (const oldest of entries.keys()) {
        if (total <= sizeBytesMax) break
        remove(oldest)
      }
    },
  }
}
