import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { readLiveFiles } from '@moraine/iceberg/scan/read-manifests'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { type ErrorKind, MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { aroundCalls } from '@moraine/storage/file-io-calls'
import { ORDERS } from '@moraine/testkit/conformance/catalog-samples'
import { copyFixture } from '@moraine/testkit/fixtures/fixture-table'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { internalCatalog } from './internal-catalog.ts'

/** A table that asks for appends to be rebased, and an append that another one came before. */
async function overtaken() {
  const { fileIO, metadataLocation } = await copyFixture('v2-position-deletes', memoryFileIO(), 's3://b/copy')
  /** What files of Avro say, once set. */
  const files: { failure?: unknown } = {}
  const io = aroundCalls(fileIO, async ({ operation, location }, run, signal) => {
    const isRead = operation === 'read' || operation === 'readRange'
    if (files.failure !== undefined && isRead && location.endsWith('.avro')) throw files.failure
    return run(signal)
  })
  const random = seededRandom(1)
  const catalog = internalCatalog({
    name: 'lake',
    warehouse: 's3://b/wh',
    allowsExternalLocations: true,
    pointers: memoryCatalogs().pointers,
    io,
    ...{ clock: systemClock, random, onLeftover: (error: unknown) => assert.fail(String(error)) },
  })
  await catalog.createNamespace(['sales'])
  await catalog.registerTable(ORDERS, metadataLocation)
  const asking = { action: 'set-properties', updates: { 'commit.rebase-appends.enabled': 'true' } } as const
  await catalog.commitTable(ORDERS, { requirements: [], updates: [asking] })
  const { metadata } = await catalog.loadTable(ORDERS)
  const like = must((await readLiveFiles(io, metadata, must(currentSnapshot(metadata), 'snapshot'))).data[0], 'file')
  const stage = (name: string) => {
    const file = { ...like.file, filePath: `s3://b/${name}.parquet`, recordCount: 1 }
    const change = { operation: 'append', added: [{ file }], removed: [], summary: {} } as const
    return stageSnapshot(metadata, change, { io, clock: systemClock, random, attempt: 1 })
  }
  const [first, second] = [await stage('first'), await stage('second')]
  assert.equal((await catalog.commitTable(ORDERS, first)).kind, 'committed')
  return { catalog, second, files }
}

const troubles: readonly unknown[] = [
  new TypeError('a mistake of this program'),
  ...(['unavailable', 'timeout', 'exhausted', 'internal'] satisfies ErrorKind[]).map(
    (kind) => new MoraineError(kind, 'the store is away'),
  ),
]

test('what hinders an attempt to rebase, and is not about the commit, is no conflict', async () => {
  const { catalog, second, files } = await overtaken()
  for (const failure of troubles) {
    files.failure = failure
    await assert.rejects(catalog.commitTable(ORDERS, second), (error) => error === failure)
  }
  files.failure = undefined
  assert.equal((await catalog.commitTable(ORDERS, second)).kind, 'committed')
})

test('files that cannot be rebased upon leave the commit refused as it was', async () => {
  const { catalog, second, files } = await overtaken()
  files.failure = new MoraineError('corrupt', 'the manifest list is damaged')
  const outcome = await catalog.commitTable(ORDERS, second)
  assert.ok(outcome.kind === 'conflict')
  assert.match(outcome.reason, /it could not be rebased: the manifest list is damaged/)
})
