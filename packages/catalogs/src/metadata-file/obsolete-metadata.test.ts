import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { obsoleteMetadataFiles } from './obsolete-metadata.ts'

function metadataWith(log: readonly string[], deletes = 'true'): TableMetadata {
  return {
    location: '/t',
    properties: { 'write.metadata.delete-after-commit.enabled': deletes },
    metadataLog: log.map((metadataFile) => ({ metadataFile, timestampMs: 0 })),
  } as unknown as TableMetadata
}

test('what the log no longer keeps is obsolete, if the table asks for its removal', () => {
  const base = metadataWith(['/t/metadata/v1.metadata.json', '/t/metadata/v2.gz.metadata.json'])
  const next = ['/t/metadata/v2.gz.metadata.json', '/t/metadata/v3.metadata.json']
  assert.deepEqual(obsoleteMetadataFiles(base, metadataWith(next)), ['/t/metadata/v1.metadata.json'])
  assert.deepEqual(obsoleteMetadataFiles(base, metadataWith(next, 'false')), [])
})

test('a log that names other files removes none of them', () => {
  const base = metadataWith(['/t/data/a.parquet', '/t/metadata/snap-1.avro', '/t/metadata/1.metadata.json/../x'])
  assert.deepEqual(obsoleteMetadataFiles(base, metadataWith([])), [])
})

test('files that lie elsewhere are not removed, whatever the log says of them', () => {
  const base = metadataWith([
    '/hr/salaries/metadata/1.metadata.json',
    '/t/metadata/../../hr/2.metadata.json',
    '/t/3.metadata.json',
  ])
  assert.deepEqual(obsoleteMetadataFiles(base, metadataWith([])), [])
  const moved = { ...metadataWith([]), properties: { ...metadataWith([]).properties, 'write.metadata.path': '/m/' } }
  assert.deepEqual(obsoleteMetadataFiles(metadataWith(['/m/1.metadata.json']), moved), ['/m/1.metadata.json'])
})
