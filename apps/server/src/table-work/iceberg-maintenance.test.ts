import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import type { ProcessId, TaskId } from '@moraine/lifecycle/identity'
import { parseRewriteTask } from '@moraine/maintenance/plan/rewrite-task-json'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { copyFixture } from '@moraine/testkit/fixtures/fixture-table'
import { memoryCatalogTables } from '@moraine/testkit/memory-catalog-tables'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { icebergMaintenance } from './iceberg-maintenance.ts'

const signal = new AbortController().signal
const TABLE = { catalog: 'far', namespace: ['db'], name: 't' }

test('a task is planned without access to files, and handed out with that of the moment', async () => {
  const { fileIO: io, metadataLocation } = await copyFixture('v2-position-deletes', memoryFileIO(), '/copy')
  const store = memoryCatalogTables(parseTableMetadata(await io.read(metadataLocation), metadataLocation))
  let key = 'hunter1'
  const maintenance = icebergMaintenance({
    clock: virtualClock(),
    random: seededRandom(3),
    reach: async () => ({
      ...{ store, io, identifier: { namespace: ['db'], name: 't' }, boundsFiles: false },
      loadStorage: async () => ({ 's3.secret-access-key': key }),
    }),
  })
  const request = { table: TABLE, clocks: new Map(), now: 1e13 as EpochMs, maxCostBytes: 1e12 }
  const processId = 'p' as ProcessId
  const planned = await maintenance.plan({ ...request, processId, request: { type: 'full' } }, signal)
  const { input } = must(planned.tasks[0], 'a task')
  assert.ok(!input.includes('hunter'))
  const attempt = { processId, taskId: 1 as TaskId, attempt: 2 }
  for (const current of ['hunter1', 'hunter2']) {
    key = current
    const sent = parseRewriteTask(maintenance.attemptInput(input, attempt, await maintenance.loadAccess(TABLE, signal)))
    assert.deepEqual(sent.storage, { 's3.secret-access-key': current })
    assert.match(sent.output.filePrefix, /-2$/)
  }
  assert.deepEqual(parseRewriteTask(maintenance.attemptInput(input, attempt)).storage, {})
})

test('of partitions that are asked for no other is planned, and one that has gone meanwhile is no failure', async () => {
  const { fileIO: io, metadataLocation } = await copyFixture('v2-position-deletes', memoryFileIO(), '/copy')
  const store = memoryCatalogTables(parseTableMetadata(await io.read(metadataLocation), metadataLocation))
  const identifier = { namespace: ['db'], name: 't' }
  const maintenance = icebergMaintenance({
    clock: virtualClock(),
    random: seededRandom(3),
    reach: async () => ({ store, io, identifier, boundsFiles: false, loadStorage: async () => ({}) }),
  })
  const request = { table: TABLE, clocks: new Map(), now: 1e13 as EpochMs, maxCostBytes: 1e12 }
  const planned = async (...partitions: readonly string[]) => {
    const asked = { ...request, processId: 'p' as ProcessId, request: { type: 'full', partitions } } as const
    return (await maintenance.plan(asked, signal)).tasks.map(({ partitionPath }) => partitionPath)
  }
  assert.deepEqual(await planned('region=eu/id_bucket=1', 'region=fr/id_bucket=0'), ['region=eu/id_bucket=1'])
  assert.deepEqual(await planned('region=fr/id_bucket=0'), [])
})

test('a table that is held to its own files has others named and left alone', async () => {
  const { fileIO: io, metadataLocation } = await copyFixture('v2-position-deletes', memoryFileIO(), '/copy')
  const metadata = parseTableMetadata(await io.read(metadataLocation), metadataLocation)
  const lookAt = async (location: string) => {
    const store = memoryCatalogTables({ ...metadata, location })
    const identifier = { namespace: ['db'], name: 't' }
    const maintenance = icebergMaintenance({
      clock: virtualClock(),
      random: seededRandom(3),
      reach: async () => ({ store, io, identifier, boundsFiles: true, loadStorage: async () => ({}) }),
    })
    const request = { table: TABLE, clocks: new Map(), now: 1e13 as EpochMs, maxCostBytes: 1e12 }
    const { finding } = await maintenance.evaluate(request, signal)
    const planned = await maintenance.plan(
      { ...request, processId: 'p' as ProcessId, request: { type: 'full' } },
      signal,
    )
    return { evaluated: finding.text, tasks: planned.tasks.length, planned: planned.finding.text }
  }
  const own = await lookAt(metadata.location)
  assert.ok(own.tasks > 0, own.planned)
  assert.doesNotMatch(own.evaluated, /left alone/)
  const others = await lookAt('/other')
  assert.equal(others.tasks, 0)
  for (const text of [others.evaluated, others.planned]) {
    assert.match(text, /data files outside of the table's location .* are left alone, such as \/.*: copy their rows/)
  }
})

test('what would be copied is judged before it is planned, delete files included', async () => {
  const { fileIO: io, metadataLocation } = await copyFixture('v2-position-deletes', memoryFileIO(), '/copy')
  const store = memoryCatalogTables(parseTableMetadata(await io.read(metadataLocation), metadataLocation))
  const judged: string[] = []
  const keepOut = {
    checkTable: async () => undefined,
    async checkFiles(files: Iterable<string>) {
      judged.push(...files)
      throw new MoraineError('permission', 'they are ours')
    },
  }
  const maintenance = icebergMaintenance({
    clock: virtualClock(),
    random: seededRandom(3),
    reach: async () => ({
      ...{ store, io, identifier: { namespace: ['db'], name: 't' }, boundsFiles: false, keepOut },
      loadStorage: async () => ({}),
    }),
  })
  const request = { table: TABLE, clocks: new Map(), now: 1e13 as EpochMs, maxCostBytes: 1e12 }
  await assert.rejects(
    maintenance.plan({ ...request, processId: 'p' as ProcessId, request: { type: 'full' } }, signal),
    /they are ours/,
  )
  assert.ok(judged.some((file) => file.includes('deletes')) && judged.length > 1, judged.join())
})
