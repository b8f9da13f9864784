import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import type { ManifestEntry } from './manifest-entry.ts'
import type { ManifestFile } from './manifest-file.ts'
import { openManifest } from './manifest-reader.ts'
import { ManifestWriter, type WrittenManifest } from './manifest-writer.ts'
import { assignSequenceNumber } from './staged-manifest.ts'
import { asSnapshotId, sampleContentFile, sampleEntry, sampleManifest, sampleMetrics } from './testing/sample-entry.ts'
import { PARTITION_TYPES, PARTITIONED, UNPARTITIONED, writeManifest, writerOptions } from './testing/sample-manifest.ts'

const CONTEXT = { spec: PARTITIONED, partitionTypes: PARTITION_TYPES }

function sourceOf(formatVersion: 2 | 3): WrittenManifest {
  return writeManifest(writerOptions(formatVersion), (writer) => {
    for (let index = 0; index < 300; index += 1) {
      const file = sampleContentFile({
        filePath: `s3://bucket/${index}`,
        partition: [index >> 6, index % 7 === 0 ? null : 'x'],
        metrics: () => sampleMetrics(6, index),
        splitOffsets: [4, index],
        ...(formatVersion === 3 && index % 2 === 0 && { firstRowId: BigInt(index) * 1000n }),
      })
      const old = { snapshotId: asSnapshotId(2n ** 62n), dataSequenceNumber: index, fileSequenceNumber: index + 1 }
      if (index % 3 === 0) writer.add(file)
      else writer.addExisting(sampleEntry({ ...old, file }))
    }
  })
}

function plain(entries: Iterable<ManifestEntry>): readonly object[] {
  return [...entries].map((entry) => ({ ...entry, file: { ...entry.file, metrics: entry.file.metrics() } }))
}

function copyAll(bytes: Uint8Array, manifest: ManifestFile, writer: ManifestWriter): WrittenManifest {
  const cursor = openManifest(bytes, manifest, CONTEXT).cursor()
  while (cursor.next()) writer.copyExisting(cursor)
  return writer.finish()
}

for (const [name, from, to, line] of [
  ['v2', 2, 2, {}],
  ['v3, row ids stated and inherited', 3, 3, { firstRowId: 5_000_000n }],
  ['v3 of an upgraded table, without row ids', 3, 3, {}],
  ['v2 into v3: the bytes differ and are encoded anew', 2, 3, { firstRowId: 5_000_000n }],
] as const) {
  test(`copied entries are existing ones with what they inherited: ${name}`, () => {
    const source = sourceOf(from)
    const manifest = { ...assignSequenceNumber(source.manifest, 900), ...line }
    const original = [...openManifest(source.bytes, manifest, CONTEXT).entries()]
    const options = writerOptions(to, { snapshotId: asSnapshotId(77n) })
    const copy = copyAll(source.bytes, manifest, new ManifestWriter(options))
    const byObjects = writeManifest(options, (writer) => {
      for (const entry of original) writer.addExisting(entry)
    })
    assert.deepEqual(copy.manifest, byObjects.manifest)
    assert.deepEqual(copy.bytes, byObjects.bytes)
    const reread = openManifest(copy.bytes, { ...assignSequenceNumber(copy.manifest, 901), ...line }, CONTEXT)
    assert.deepEqual(plain(reread.entries()), plain(original.map((entry) => ({ ...entry, status: 'existing' }))))
  })
}

test('entries of another writer are encoded anew where their layout differs', () => {
  const bytes = readFileSync(new URL('fixtures/unpartitioned-added.avro', import.meta.url))
  const line = sampleManifest({ sequenceNumber: 2 })
  const context = { spec: UNPARTITIONED, partitionTypes: [] }
  const manifest = openManifest(bytes, line, context)
  const writer = new ManifestWriter(writerOptions(2, context))
  const cursor = manifest.cursor()
  while (cursor.next()) writer.copyExisting(cursor)
  const copy = writer.finish()
  const reread = openManifest(copy.bytes, assignSequenceNumber(copy.manifest, 3), context)
  assert.deepEqual(
    plain(reread.entries()),
    plain([...manifest.entries()].map((entry) => ({ ...entry, status: 'existing' }))),
  )
})

test('a deleted entry is not copied back to life, nor a file into the wrong kind of manifest', () => {
  const source = writeManifest(writerOptions(2), (writer) =>
    writer.addDeleted(sampleEntry({ file: sampleContentFile({ partition: [1, 'a'] }) })),
  )
  const line = assignSequenceNumber(source.manifest, 3)
  assert.throws(
    () => copyAll(source.bytes, line, new ManifestWriter(writerOptions(2))),
    /is deleted and would come back/,
  )
  const live = sourceOf(2)
  assert.throws(
    () =>
      copyAll(
        live.bytes,
        assignSequenceNumber(live.manifest, 3),
        new ManifestWriter(writerOptions(2, { content: 'deletes' })),
      ),
    (error) => isKind(error, 'invalid-input'),
  )
})
