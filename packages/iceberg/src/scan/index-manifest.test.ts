import assert from 'node:assert/strict'
import { test } from 'node:test'
import { must } from '@moraine/stdx/assert'
import { fixtureNames, openFixture } from '@moraine/testkit/fixtures/fixture-table'
import { pathHashOf } from '../manifest/path-hash.ts'
import { currentSnapshot } from '../metadata/snapshot-history.ts'
import { parseTableMetadata } from '../metadata/table-metadata-json.ts'
import { ENCRYPTED, type FileSegment, FORMATS } from './file-segment.ts'
import { indexManifest, visitRows } from './index-manifest.ts'
import { readManifest, readManifestEntries, readManifests } from './read-manifests.ts'

for (const name of fixtureNames()) {
  test(`${name}: columns say what the entries say, and lead back to them`, async () => {
    const { fileIO, metadataLocation } = await openFixture(name)
    const metadata = parseTableMetadata(await fileIO.read(metadataLocation), metadataLocation)
    const manifests = await readManifests(fileIO, metadata, must(currentSnapshot(metadata), 'current snapshot'))
    for (const file of manifests.filter(({ content }) => content === 'data')) {
      const [entries = []] = await readManifestEntries(fileIO, metadata, [file])
      const live = entries.filter(({ status }) => status !== 'deleted')
      const manifest = await readManifest(fileIO, metadata, file)
      const tuples: unknown[] = []
      const partitionOf = (cursor: { partition(): unknown }) => tuples.push(cursor.partition()) - 1
      const segment = await indexManifest(manifest, { partitionOf })
      assert.deepEqual(
        rowsOf(segment).map(({ partition, ...row }) => ({ ...row, tuple: tuples[partition] })),
        live.map(({ file: each, dataSequenceNumber }) => ({
          tuple: each.partition,
          sizeBytes: each.fileSizeBytes,
          records: each.recordCount,
          sequence: dataSequenceNumber,
          sortOrderId: each.sortOrderId ?? -1,
          format: each.fileFormat,
          isEncrypted: each.keyMetadata !== undefined,
          pathHash: pathHashOf(each.filePath),
        })),
      )
      const some = [...live.keys()].filter((row) => row % 2 === 0)
      const visited: unknown[] = []
      await visitRows(manifest, segment, some, (cursor, row) =>
        visited.push([row, cursor.filePath(), cursor.firstRowId, cursor.snapshotId, cursor.splitOffsets()]),
      )
      assert.deepEqual(
        visited,
        some.map((row) => {
          const entry = must(live[row], 'entry')
          return [row, entry.file.filePath, entry.file.firstRowId, entry.snapshotId, entry.file.splitOffsets]
        }),
      )
    }
  })
}

function rowsOf(segment: FileSegment) {
  return Array.from({ length: segment.length }, (_, row) => ({
    partition: segment.partitions[row] ?? -1,
    sizeBytes: segment.fileSizesBytes[row],
    records: segment.recordCounts[row],
    sequence: segment.dataSequenceNumbers[row],
    sortOrderId: segment.sortOrderIds[row],
    format: FORMATS[(segment.formats[row] ?? 0) % ENCRYPTED],
    isEncrypted: (segment.formats[row] ?? 0) >= ENCRYPTED,
    pathHash: segment.pathHashes[row],
  }))
}
