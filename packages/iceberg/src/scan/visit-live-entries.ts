import type { EntryCursor } from '../manifest/entry-cursor.ts'
import type { Manifest } from '../manifest/manifest-reader.ts'
import { ManifestCounts } from './manifest-counts.ts'

/**
 * Stands a cursor on every live entry of a manifest, one after another; a promise that `visit` returns is awaited.
 *
 * @throws {MoraineError} `corrupt` if the manifest is damaged, or its counts are not those of the manifest list.
 */
export async function visitLiveEntries(
  manifest: Manifest,
  visit: (cursor: EntryCursor) => Promise<void> | void,
): Promise<void> {
  const cursor = manifest.cursor()
  const counts = new ManifestCounts(manifest.file)
  for await (const block of manifest.blocksAhead()) {
    cursor.enterBlock(block)
    while (cursor.nextInBlock()) {
      counts.add(cursor.status, cursor.recordCount)
      if (cursor.status === 'deleted') continue
      const pending = visit(cursor)
      if (pending !== undefined) await pending
    }
  }
  counts.check()
}
