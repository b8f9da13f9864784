import assert from 'node:assert/strict'
import { filesystemCatalog } from '@moraine/catalogs/filesystem/filesystem-catalog'
import { systemClock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { CatalogTraits, CatalogUnderTest } from '@moraine/testkit/conformance/catalog-under-test'

export const FILESYSTEM_TRAITS: CatalogTraits = {
  nestedNamespaces: true,
  namespaceProperties: false,
  impliedNamespaces: true,
  renames: false,
  namesAreFolders: true,
  views: false,
  transactions: false,
  rebases: true,
  optional: [],
  refusedNames: ['slash/ed', 'back\\slashed', 'a:colon'],
  fillsPages: false,
}

/** The catalog twice, one of them over a connection that loses commits as it is told. */
export function filesystemCatalogUnderTest(store: FileIO, directory: string): CatalogUnderTest {
  let lose: 'answer' | 'request' | undefined
  const lossy: FileIO = {
    ...store,
    async write(location, bytes, writeOptions, signal) {
      const losing = writeOptions?.createOnly ? lose : undefined
      if (losing !== undefined) lose = undefined
      const outcome = losing === 'request' ? 'written' : await store.write(location, bytes, writeOptions, signal)
      if (losing === undefined) return outcome
      throw new MoraineError('unavailable', `writing ${location}: connection lost`)
    },
  }
  const open = (io: FileIO) =>
    filesystemCatalog({
      ...{ name: 'lake', warehouse: `${directory}/wh`, io, clock: systemClock, random: systemRandom },
      onLeftover: (error) => assert.fail(String(error)),
    })
  return {
    catalog: open(lossy),
    other: open(store),
    io: store,
    scratch: `${directory}/scratch`,
    loseNextAnswer: () => {
      lose = 'answer'
    },
    loseNextRequest: () => {
      lose = 'request'
    },
    close: async () => {},
  }
}
