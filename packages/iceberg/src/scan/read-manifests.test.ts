import assert from 'node:assert/strict'
import { test } from 'node:test'
import { must } from '@moraine/stdx/assert'
import { fixtureNames, openFixture } from '@moraine/testkit/fixtures/fixture-table'
import { currentSnapshot } from '../metadata/snapshot-history.ts'
import { parseTableMetadata } from '../metadata/table-metadata-json.ts'
import { readLiveFiles, readManifestEntries, readManifests } from './read-manifests.ts'

for (const name of fixtureNames()) {
  test(`${name}: the live files are those that the reference implementation lists`, async () => {
    const { fileIO, metadataLocation, location, expected } = await openFixture(name)
    const metadata = parseTableMetadata(await fileIO.read(metadataLocation), metadataLocation)
    const { data, deletes } = await readLiveFiles(fileIO, metadata, must(currentSnapshot(metadata), 'current snapshot'))
    const found = [...data, ...deletes].map(({ file }) => ({
      path: file.filePath.replace(`file:${location}/`, '').replace(`${location}/`, ''),
      content: file.content,
      format: file.fileFormat,
      specId: file.specId,
      recordCount: file.recordCount,
    }))
    const wanted = expected.liveFiles.map(({ path, content, format, specId, recordCount }) => ({
      path,
      content,
      format,
      specId,
      recordCount,
    }))
    const byText = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
    assert.deepEqual(found.sort(byText), wanted.sort(byText))
  })
}

test('a manifest whose counts differ from its line is named with both figures', async () => {
  const { fileIO, metadataLocation } = await openFixture('v2-position-deletes')
  const metadata = parseTableMetadata(await fileIO.read(metadataLocation), metadataLocation)
  const [manifest] = await readManifests(fileIO, metadata, must(currentSnapshot(metadata), 'current snapshot'))
  const wrong = { ...must(manifest, 'manifest'), addedRowsCount: 4711 }
  await assert.rejects(readManifestEntries(fileIO, metadata, [wrong]), /its manifest list says \d+ with 4711/)
})
