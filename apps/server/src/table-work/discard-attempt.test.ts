import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { formatTableMetadata, parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { readLiveFiles } from '@moraine/iceberg/scan/read-manifests'
import type { RewriteTask } from '@moraine/maintenance/plan/rewrite-task'
import { formatRewriteTask } from '@moraine/maintenance/plan/rewrite-task-json'
import type { OutputCommit } from '@moraine/management/records/discard'
import { must } from '@moraine/stdx/assert'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { copyFixture } from '@moraine/testkit/fixtures/fixture-table'
import { memoryCatalogTables } from '@moraine/testkit/memory-catalog-tables'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { discardAttempt } from './discard-attempt.ts'

const signal = new AbortController().signal

/** A table of which another engine wrote every file, taken for outputs of an attempt: all of them are called `00000-...`. */
async function tableOfFiles(name: string) {
  const { fileIO, metadataLocation } = await copyFixture(name, memoryFileIO(), '/copy')
  const metadata = parseTableMetadata(await fileIO.read(metadataLocation), metadataLocation)
  const store = memoryCatalogTables(metadata)
  const task: RewriteTask = {
    taskVersion: 1,
    table: {
      name,
      ...(metadata.tableUuid !== undefined && { uuid: metadata.tableUuid }),
      formatVersion: metadata.formatVersion,
      schema: must(metadata.schemas[0], 'a schema'),
      partitionSpecs: metadata.partitionSpecs,
      sortOrder: { orderId: 0, fields: [] },
    },
    baseSequenceNumber: 0,
    group: {
      groupId: 1,
      specId: 0,
      partition: [],
      partitionPath: '',
      method: { kind: 'rewrite', reason: 'test' },
      inputs: [],
      deletes: [],
      targetSizeBytes: 1,
    },
    output: { directory: `${metadata.location}/data/`, filePrefix: '00000', compression: 'zstd', rowGroupSizeBytes: 1 },
    storage: {},
  }
  const discard = (loadTable = store.loadTable, commit: OutputCommit = 'refused') => {
    const reached = { store: { ...store, loadTable }, identifier: { namespace: ['db'], name }, io: fileIO }
    return discardAttempt(formatRewriteTask(task), commit, reached, signal)
  }
  return { fileIO, store, metadata, discard, directory: task.output.directory }
}

test('files of any snapshot stay, whatever came after it; what no snapshot knows is removed', async () => {
  const { fileIO, metadata, discard, directory } = await tableOfFiles('branches-and-tags')
  const known = new Set<string>()
  for (const snapshot of metadata.snapshots) {
    const { data, deletes } = await readLiveFiles(fileIO, metadata, snapshot)
    for (const { file } of [...data, ...deletes]) known.add(file.filePath)
  }
  assert.ok(known.size > 3)
  const stray = `${directory}00000-stray.parquet`
  await fileIO.write(stray, new Uint8Array([1]))
  assert.deepEqual(await discard(), { kind: 'done' })
  assert.equal(await fileIO.stat(stray), undefined)
  for (const path of known) assert.ok(await fileIO.stat(path), path)
})

test('nothing is removed of a table that the catalog does not have, or of which it has another', async () => {
  const { fileIO, store, metadata, discard, directory } = await tableOfFiles('branches-and-tags')
  const stray = `${directory}00000-stray.parquet`
  await fileIO.write(stray, new Uint8Array([1]))
  const before = await Array.fromAsync(fileIO.list(directory))
  const lost = () => Promise.reject(new MoraineError('not-found', 'there is no such table'))
  await assert.rejects(discard(lost), (error) => isKind(error, 'not-found'))
  const another = async (...args: Parameters<typeof store.loadTable>) => ({
    ...(await store.loadTable(...args)),
    metadata: { ...metadata, tableUuid: '00000000-0000-4000-8000-000000000000', snapshots: [] },
  })
  await assert.rejects(discard(another), (error) => isKind(error, 'conflict') && error.message.includes('00000'))
  assert.deepEqual(await Array.fromAsync(fileIO.list(directory)), before)
  await discard()
  assert.equal(await fileIO.stat(stray), undefined)
})

test('where files must not be deleted and history is hidden, those that it may refer to stay until it is known', async () => {
  const { fileIO, metadata, discard, directory } = await tableOfFiles('branches-and-tags')
  const stray = `${directory}00000-stray.parquet`
  await fileIO.write(stray, new Uint8Array([1]))
  const before = await Array.fromAsync(fileIO.list(directory))
  const only = (at: number): TableMetadata => {
    const { parentSnapshotId: _, ...snapshot } = must(metadata.snapshots[at], 'a snapshot')
    const properties = { ...metadata.properties, 'gc.enabled': 'false' }
    const history = { snapshotLog: [], metadataLog: [], refs: {}, currentSnapshotId: snapshot.snapshotId }
    return { ...metadata, ...history, properties, snapshots: [snapshot], lastSequenceNumber: snapshot.sequenceNumber }
  }
  const last = metadata.snapshots.length - 1
  const narrowed = async () => ({
    identifier: { namespace: ['db'], name: 't' },
    metadata: only(last),
    metadataLocation: `/copy/hidden/${last}.metadata.json`,
  })
  await assert.rejects(discard(narrowed), (error) => isKind(error, 'conflict') && /gc\.enabled/.test(error.message))
  assert.deepEqual(await Array.fromAsync(fileIO.list(directory)), before)
  for (let at = 0; at < last; at += 1) {
    await fileIO.write(`/copy/hidden/${at}.metadata.json`, Buffer.from(formatTableMetadata(only(at))))
  }
  await discard(narrowed)
  assert.equal(await fileIO.stat(stray), undefined)
  assert.equal((await Array.fromAsync(fileIO.list(directory))).length, before.length - 1)
})

test('what no commit ever had is removed although its table has gone, or another has its name', async () => {
  for (const isGone of [true, false]) {
    const { fileIO, store, metadata, discard, directory } = await tableOfFiles('branches-and-tags')
    const before = await Array.fromAsync(fileIO.list(directory))
    const load = async (...args: Parameters<typeof store.loadTable>) => {
      if (isGone) throw new MoraineError('not-found', 'there is no such table')
      const tableUuid = '00000000-0000-4000-8000-000000000000'
      return { ...(await store.loadTable(...args)), metadata: { ...metadata, tableUuid, snapshots: [] } }
    }
    const none = () => Promise.reject(new MoraineError('unavailable', 'the catalog does not answer'))
    await assert.rejects(discard(none, 'never-tried'), (error) => isKind(error, 'unavailable'))
    assert.deepEqual(await Array.fromAsync(fileIO.list(directory)), before)
    assert.deepEqual(await discard(load, 'never-tried'), { kind: 'done' })
    assert.deepEqual(await Array.fromAsync(fileIO.list(directory)), [])
  }
})

test('where a commit may have been made nothing is removed; it is done once the table refers to all, or the files are gone', async () => {
  const { fileIO, store, discard, directory } = await tableOfFiles('branches-and-tags')
  assert.deepEqual(await discard(store.loadTable, 'unknown'), { kind: 'done' })
  const stray = `${directory}00000-stray.parquet`
  await fileIO.write(stray, new Uint8Array([1]))
  const report = await discard(store.loadTable, 'unknown')
  assert.ok(report.kind === 'kept')
  assert.match(report.reason, /^1 file below .*00000 are not in the table/)
  assert.ok(await fileIO.stat(stray))
  await fileIO.remove((await Array.fromAsync(fileIO.list(directory))).map(({ location }) => location))
  const lost = () => Promise.reject(new MoraineError('not-found', 'it was purged'))
  assert.deepEqual(await discard(lost, 'unknown'), { kind: 'done' })
  assert.deepEqual(await discard(lost, 'refused'), { kind: 'done' })
})
