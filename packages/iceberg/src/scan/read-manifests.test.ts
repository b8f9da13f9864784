import assert from 'node:assert/strict'
import { basename } from 'node:path'
import { test } from 'node:test'
import { must } from '@moraine/stdx/assert'
import { type ErrorKind, isKind } from '@moraine/stdx/error'
import { copyFixture, fixtureNames, openFixture } from '@moraine/testkit/fixtures/fixture-table'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { currentSnapshot } from '../metadata/snapshot-history.ts'
import { parseTableMetadata } from '../metadata/table-metadata-json.ts'
import { readLiveFiles, readManifest, readManifestEntries, readManifests } from './read-manifests.ts'
import { visitLiveEntries } from './visit-live-entries.ts'

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

test('a manifest that holds more than its line says is left at the first file too many', async () => {
  const { fileIO, metadataLocation } = await openFixture('v2-position-deletes')
  const metadata = parseTableMetadata(await fileIO.read(metadataLocation), metadataLocation)
  const [manifest] = await readManifests(fileIO, metadata, must(currentSnapshot(metadata), 'current snapshot'))
  const line = must(manifest, 'manifest')
  const fewer = { ...line, addedFilesCount: must(line.addedFilesCount, 'count') - 1 }
  let visited = 0
  const visit = visitLiveEntries(await readManifest(fileIO, metadata, fewer), () => {
    visited += 1
  })
  await assert.rejects(visit, /holds more than \d+ added files, its manifest list says \d+ with \d+/)
  assert.equal(visited, fewer.addedFilesCount)
})

test('of a manifest that is missing or damaged it is said which manifest list names it, and of a list which snapshot', async () => {
  const { fileIO, metadataLocation } = await copyFixture('v2-position-deletes', memoryFileIO(), '/copy')
  const metadata = parseTableMetadata(await fileIO.read(metadataLocation), metadataLocation)
  const snapshot = must(currentSnapshot(metadata), 'current snapshot')
  assert.ok(snapshot.manifests.kind === 'list')
  const list = snapshot.manifests.location
  const manifests = await readManifests(fileIO, metadata, snapshot)
  const [missing, damaged] = [must(manifests[0], 'manifest'), must(manifests[1], 'another')]
  const says =
    (kind: ErrorKind, ...parts: readonly string[]) =>
    (error: unknown) => {
      assert.ok(isKind(error, kind))
      for (const part of parts) assert.ok(error.message.includes(part), error.message)
      return true
    }
  await fileIO.remove([missing.manifestPath])
  await fileIO.write(damaged.manifestPath, new Uint8Array(damaged.manifestLength))
  const named = `named by manifest list ${list} of snapshot ${snapshot.snapshotId}`
  const remedy = 'restore the file, or roll the table back'
  await assert.rejects(
    readManifest(fileIO, metadata, missing),
    says('not-found', basename(missing.manifestPath), named, remedy),
  )
  await assert.rejects(readManifest(fileIO, metadata, damaged), says('corrupt', damaged.manifestPath, named, remedy))
  await fileIO.remove([list])
  await assert.rejects(
    readManifest(fileIO, metadata, missing),
    says('not-found', `named by a snapshot of ${metadata.location}`),
  )
  const bySnapshot = `named by snapshot ${snapshot.snapshotId} in the metadata of ${metadata.location}`
  await assert.rejects(readManifests(fileIO, metadata, snapshot), says('not-found', basename(list), bySnapshot, remedy))
})
