/** Metadata locations with the entity tags by which a server can say that they are still current. */
export type RememberedLocations = {
  find(path: string): RememberedLocation | undefined
  add(path: string, etag: string | undefined, metadataLocation: string): void
}

export type RememberedLocation = { readonly etag: string; readonly metadataLocation: string }

/** Keeps those asked for most recently. */
export function rememberedLocations(): RememberedLocations {
  const entries = new Map<string, RememberedLocation>()
  return {
    find: (path) => entries.get(path),
    add(path, etag, metadataLocation) {
      // A Map keeps the order of insertion.
      entries.delete(path)
      if (etag !== undefined) entries.set(path, { etag, metadataLocation })
      if (entries.size > ENTRIES_MAX) entries.delete(entries.keys().next().value ?? '')
    },
  }
}

const ENTRIES_MAX = 10_000
