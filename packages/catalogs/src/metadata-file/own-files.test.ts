import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Snapshot, SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { TableUpdate } from '@moraine/iceberg/metadata/table-update'
import type { EpochMs } from '@moraine/stdx/brand'
import { checkNamedFiles, ownFiles } from './own-files.ts'

const TABLE = { location: 's3://b/wh/mine', properties: { 'write.metadata.path': 's3a://meta/mine/', note: 's3://b' } }

test('a file is of the table below its location and the folders that its properties name', () => {
  const isOwn = ownFiles(TABLE)
  for (const file of ['s3://b/wh/mine/metadata/l.avro', 's3n://b/wh/mine/l', 's3://meta/mine/l.avro']) {
    assert.equal(isOwn(file), true, file)
  }
  for (const file of [
    's3://b/wh/mine',
    's3://b/wh/mine2/metadata/l.avro',
    's3://b/wh/mine/../other/l.avro',
    's3://b/wh/other/l.avro',
    's3://c/wh/mine/l.avro',
    '/b/wh/mine/l.avro',
    'l.avro',
    '',
  ]) {
    assert.equal(isOwn(file), false, file)
  }
  assert.equal(ownFiles({ location: 'nowhere', properties: {} })('nowhere/l'), false)
  assert.equal(ownFiles({ location: 's3://b', properties: { 'write.data.path': '' } })('s3://b/x'), true)
})

const snapshot = (manifests: Snapshot['manifests']): TableUpdate => ({
  action: 'add-snapshot',
  snapshot: { snapshotId: 1n as SnapshotId, sequenceNumber: 1, timestampMs: 1 as EpochMs, manifests, summary: {} },
})
const list = (location: string) => snapshot({ kind: 'list', location })

test('updates name no files of metadata but those of the table', () => {
  checkNamedFiles(TABLE, [list('s3://b/wh/mine/metadata/l.avro'), list('s3://meta/mine/l.avro')])
  checkNamedFiles(TABLE, [{ action: 'set-properties', updates: { owner: 'me' } }])
  checkNamedFiles(undefined, [list('s3://b/new/l'), { action: 'set-location', location: 's3://b/new' }])
  const statisticsPath = 's3://b/wh/other/metadata/s.puffin'
  const file = { snapshotId: 1n as SnapshotId, statisticsPath, fileSizeBytes: 1 }
  const statistics = { ...file, footerSizeBytes: 1, blobs: [] }
  const move = (location: string): TableUpdate => ({ action: 'set-location', location })
  for (const updates of [
    [list('s3://b/wh/other/metadata/l.avro')],
    [snapshot({ kind: 'inline', locations: ['s3://b/wh/mine/m.avro', 's3://b/wh/other/m.avro'] })],
    [{ action: 'set-statistics', statistics }],
    [{ action: 'set-partition-statistics', partitionStatistics: file }],
    // A place that the same commit takes back is none.
    [move('s3://b/wh/other'), list('s3://b/wh/other/metadata/l.avro'), move('s3://b/wh/mine')],
    [list('s3://meta/mine/l.avro'), { action: 'remove-properties', removals: ['write.metadata.path'] }],
  ] as const satisfies readonly (readonly TableUpdate[])[]) {
    assert.throws(() => checkNamedFiles(TABLE, updates), /is outside of the table's location s3:\/\/b\/wh\/mine/)
  }
})
