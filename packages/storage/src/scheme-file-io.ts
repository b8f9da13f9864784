import { MoraineError } from '@moraine/stdx/error'
import type { FileIO } from './file-io.ts'
import { canonicalScheme, parseLocation } from './location.ts'

/** Hands each location to the FileIO of its scheme (in canonical form: `s3` for `s3a`). Others are `unsupported`. */
export function schemeFileIO(stores: ReadonlyMap<string, FileIO>): FileIO {
  const storeOf = (location: string): FileIO => {
    const { scheme } = parseLocation(location)
    const store = stores.get(canonicalScheme(scheme))
    if (store !== undefined) return store
    const known = [...stores.keys()].sort().join(', ')
    throw new MoraineError('unsupported', `${location}: there is no store for ${scheme}://; there is one for ${known}`)
  }
  return {
    read: async (location, signal) => storeOf(location).read(location, signal),
    readRange: async (location, offset, length, signal) =>
      storeOf(location).readRange(location, offset, length, signal),
    stat: async (location, signal) => storeOf(location).stat(location, signal),
    write: async (location, bytes, options, signal) => storeOf(location).write(location, bytes, options, signal),
    openWriter: async (location, options, signal) => storeOf(location).openWriter(location, options, signal),
    remove: async (locations, signal) => {
      const byStore = Map.groupBy(locations, storeOf)
      for (const [store, own] of byStore) await store.remove(own, signal)
    },
    list: async function* (prefix, signal) {
      yield* storeOf(prefix).list(prefix, signal)
    },
    canCreateOnly: (location) => storeOf(location).canCreateOnly(location),
    localPath: (location) => storeOf(location).localPath?.(location),
  }
}
