import assert from 'node:assert/strict'
import { after, afterEach, beforeEach, test } from 'node:test'
import { type Clock, systemClock } from '@moraine/stdx/clock'
import { describeError, isKind } from '@moraine/stdx/error'
import {
  appendUpdates,
  createSalesOrders,
  nextSnapshot,
  ORDERS,
  rejectsAs,
  SALES_ORDERS_TABLE,
} from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import type { CommitOutcome, LoadedTable, TableCommit } from '../catalog.ts'
import type { GlueCatalog } from './glue-catalog.ts'
import { startFakeGlue } from './testing/fake-glue.ts'
import { openTestGlue } from './testing/glue-conformance.ts'
import { type GlueFault, startLossyGlueProxy } from './testing/lossy-glue-proxy.ts'

const WAREHOUSE = { warehouse: 's3://b/wh', 'glue.max-retries': '4' }
const THROTTLED: GlueFault = { status: 400, type: 'ThrottlingException', isApplied: false }

const fake = await startFakeGlue()
const proxy = await startLossyGlueProxy(fake.endpoint)
const pauses: number[] = []
// No deadline ever comes; pauses are noted and over.
const clock: Clock = {
  ...systemClock,
  async sleep(ms) {
    if (ms > 30_000) await new Promise(() => {})
    pauses.push(ms)
  },
}
after(async () => {
  await proxy.close()
  await fake.stop()
})

let io: ReturnType<typeof memoryFileIO>
let catalog: GlueCatalog
let other: GlueCatalog
let created: LoadedTable
beforeEach(async () => {
  fake.databases.clear()
  pauses.length = 0
  io = memoryFileIO()
  catalog = await openTestGlue(proxy.endpoint, io, WAREHOUSE, clock)
  other = await openTestGlue(fake.endpoint, io, WAREHOUSE, clock)
  created = await createSalesOrders({ catalog: other })
})
afterEach(async () => {
  assert.equal(proxy.pending(), 0, 'every fault happened')
  await catalog.close()
  await other.close()
})

function append(to: LoadedTable, id: bigint): TableCommit {
  const snapshotId = to.metadata.currentSnapshotId
  return {
    requirements: [
      { type: 'assert-ref-snapshot-id', ref: 'main', ...(snapshotId === undefined ? {} : { snapshotId }) },
    ],
    updates: appendUpdates(nextSnapshot(to.metadata, id)),
  }
}

const setting = (key: string): TableCommit => ({
  requirements: [],
  updates: [{ action: 'set-properties', updates: { [key]: 'yes' } }],
})

const callsOf = (operation: string) => fake.calls.filter((call) => call.operation === operation)

async function metadataFiles(): Promise<number> {
  return (await Array.fromAsync(io.list(`${created.metadata.location}/metadata/`))).length
}

async function isCommitted(outcome: CommitOutcome, id: bigint): Promise<void> {
  assert.equal(outcome.kind, 'committed')
  const loaded = await other.loadTable(ORDERS)
  assert.deepEqual(outcome.kind === 'committed' && outcome.table, loaded)
  assert.equal(loaded.metadata.snapshots.filter(({ snapshotId }) => snapshotId === id).length, 1)
  assert.equal(await metadataFiles(), loaded.metadata.metadataLog.length + 1, 'no file is left over')
}

test('a lost answer is settled by what Glue has: the commit was made, and is not sent again', async () => {
  const before = callsOf('UpdateTable').length
  proxy.next('UpdateTable', 'lose-answer')
  await isCommitted(await catalog.commitTable(ORDERS, append(created, 7n)), 7n)
  assert.equal(callsOf('UpdateTable').length, before + 1)
})

test('a lost answer is settled by the log of whoever went on', async () => {
  proxy.next('UpdateTable', 'lose-answer')
  proxy.before('UpdateTable', async () => {
    proxy.before('GetTable', async () => {
      assert.equal((await other.commitTable(ORDERS, setting('later'))).kind, 'committed')
    })
  })
  assert.equal((await catalog.commitTable(ORDERS, append(created, 7n))).kind, 'committed')
  const { metadata } = await other.loadTable(ORDERS)
  assert.deepEqual([metadata.currentSnapshotId, metadata.properties['later']], [7n, 'yes'])
})

test('a lost request is sent again, and so is one that failed inside Glue', async () => {
  proxy.next('UpdateTable', 'lose-request', { status: 500, type: 'InternalServiceException', isApplied: false })
  await isCommitted(await catalog.commitTable(ORDERS, append(created, 7n)), 7n)
})

test('a commit that failed inside Glue after it was made is found', async () => {
  proxy.next('UpdateTable', { status: 400, type: 'OperationTimeoutException', isApplied: true })
  await isCommitted(await catalog.commitTable(ORDERS, append(created, 7n)), 7n)
})

test('a throttled commit is sent again after growing pauses, without a look', async () => {
  const before = callsOf('GetTable').length
  proxy.next('UpdateTable', THROTTLED, { ...THROTTLED, status: 429, type: 'Unheard' }, THROTTLED)
  const outcome = await catalog.commitTable(ORDERS, append(created, 7n))
  assert.equal(callsOf('GetTable').length, before + 2)
  await isCommitted(outcome, 7n)
  assert.equal(pauses.length, 3)
  for (const [at, ms] of pauses.entries()) assert.ok(ms >= 50 * 2 ** at && ms <= 100 * 2 ** at, `pause ${at}: ${ms}`)
})

test('throttled for good, a commit is refused as unavailable, and has left nothing', async () => {
  proxy.next('UpdateTable', THROTTLED, THROTTLED, THROTTLED, THROTTLED)
  await rejectsAs('unavailable', 'sales.orders', catalog.commitTable(ORDERS, append(created, 7n)))
  assert.deepEqual(await other.loadTable(ORDERS), created)
  assert.equal(await metadataFiles(), 1)
})

for (const lost of [false, true]) {
  test(`another commit just before makes it a race${lost ? ', also if the first attempt was lost' : ''}`, async () => {
    if (lost) proxy.next('UpdateTable', 'lose-request')
    proxy.before('UpdateTable', async () => {
      assert.equal((await other.commitTable(ORDERS, setting('first'))).kind, 'committed')
    })
    const outcome = await catalog.commitTable(ORDERS, append(created, 7n))
    assert.ok(outcome.kind === 'conflict' && outcome.raced === true, outcome.kind)
    const { metadata } = await other.loadTable(ORDERS)
    assert.deepEqual([metadata.currentSnapshotId, metadata.properties['first']], [undefined, 'yes'])
    assert.equal(await metadataFiles(), 2)
    await isCommitted(await catalog.commitTable(ORDERS, append(created, 8n)), 8n)
  })
}

test('a commit of which nothing is heard or seen is unknown, and its file stays', async () => {
  proxy.next('UpdateTable', 'lose-request', 'lose-request', 'lose-request', 'lose-request')
  const outcome = await catalog.commitTable(ORDERS, append(created, 7n))
  assert.equal(outcome.kind, 'unknown')
  assert.equal(await metadataFiles(), 2)
})

test('a commit whose table is gone when its answer is lost is unknown', async () => {
  proxy.next('UpdateTable', 'lose-answer')
  proxy.before('UpdateTable', async () => {
    proxy.before('GetTable', () => other.dropTable(ORDERS))
  })
  assert.equal((await catalog.commitTable(ORDERS, append(created, 7n))).kind, 'unknown')
})

test('what others change beside the pointer is no conflict, and stays', async () => {
  const stored = fake.databases.get('sales')?.tables.get('orders')
  assert.ok(stored)
  proxy.before('GetTable', async () => {
    // As a crawler does, with the version it leaves behind.
    const descriptor = stored.input['StorageDescriptor'] as { readonly Columns: readonly object[] }
    const [id, region] = descriptor.Columns
    const Columns = [{ ...id, Comment: 'the number' }, region]
    const Parameters = { ...(stored.input['Parameters'] as object), classified: 'secret' }
    const StorageDescriptor = { ...descriptor, Columns, SerdeInfo: { Name: 'serde' } }
    stored.input = { ...stored.input, Owner: 'crawler', Retention: 3, Description: 'd', Parameters, StorageDescriptor }
    stored.version += 1
  })
  const outcome = await catalog.commitTable(ORDERS, setting('mine'))
  assert.ok(outcome.kind === 'committed')
  const column = (name: string, type: string, id: number, optional: boolean) => ({
    Name: name,
    Type: type,
    Parameters: {
      'iceberg.field.id': String(id),
      'iceberg.field.optional': String(optional),
      'iceberg.field.current': 'true',
    },
  })
  assert.deepEqual(stored.input, {
    Name: 'orders',
    Description: 'd',
    Owner: 'crawler',
    Retention: 3,
    TableType: 'EXTERNAL_TABLE',
    Parameters: {
      table_type: 'ICEBERG',
      metadata_location: outcome.table.metadataLocation,
      previous_metadata_location: created.metadataLocation,
      classified: 'secret',
    },
    StorageDescriptor: {
      Location: 's3://b/wh/sales.db/orders',
      Columns: [{ ...column('id', 'bigint', 1, false), Comment: 'the number' }, column('region', 'string', 2, true)],
      SerdeInfo: { Name: 'serde' },
    },
  })
})

test('a commit names the version it was made on, the catalog and whether to keep the old version', async () => {
  const settings = { ...WAREHOUSE, 'glue.id': '123456789012', 'glue.skip-archive': 'false' }
  const client = await openTestGlue(proxy.endpoint, io, settings)
  await client.commitTable(ORDERS, setting('a'))
  await client.commitTable(ORDERS, setting('b'))
  await client.close()
  const { request, signature } = callsOf('UpdateTable').at(-1) ?? {}
  assert.deepEqual(
    [request?.['VersionId'], request?.['CatalogId'], request?.['SkipArchive']],
    ['1', '123456789012', false],
  )
  assert.match(signature ?? '', /^AWS4-HMAC-SHA256 Credential=lab\/\d{8}\/us-east-1\/glue\/aws4_request/)
})

test('a Glue that gives no versions is refused: commits to it would undo one another', async () => {
  const stored = fake.databases.get('sales')?.tables.get('orders')
  assert.ok(stored)
  stored.version = Number.NaN
  await rejectsAs('unsupported', 'VersionId', catalog.commitTable(ORDERS, setting('a')))
  stored.version = 0
  assert.deepEqual(await other.loadTable(ORDERS), created)
  assert.equal(await metadataFiles(), 1)
})

test('a refusal is thrown, shows no secret, and leaves nothing', async () => {
  const message = "The Canonical String should have been 'x-amz-security-token:hunter2'"
  for (const [type, kind] of [
    ['InvalidSignatureException', 'permission'],
    ['AccessDeniedException', 'permission'],
    ['ResourceNumberLimitExceededException', 'exhausted'],
    ['InvalidInputException', 'invalid-input'],
  ] as const) {
    proxy.next('UpdateTable', { status: 400, type, isApplied: false, message })
    await assert.rejects(catalog.commitTable(ORDERS, setting('a')), (error) => {
      assert.ok(isKind(error, kind), String(error))
      assert.match(error.message, new RegExp(`sales\\.orders.*${type}`))
      assert.ok(!describeError(error).includes('hunter2'))
      return true
    })
  }
  assert.deepEqual(await other.loadTable(ORDERS), created)
  assert.equal(await metadataFiles(), 1)
})

test('a creation whose answer is lost is found, and is not taken for another one', async () => {
  const table = { namespace: ['sales'], name: 'more' }
  proxy.next('CreateTable', 'lose-answer')
  const made = await catalog.createTable(table, SALES_ORDERS_TABLE)
  assert.deepEqual(await other.loadTable(table), made)

  const third = { namespace: ['sales'], name: 'third' }
  proxy.next('CreateTable', 'lose-request')
  proxy.before('CreateTable', async () => void (await other.createTable(third, SALES_ORDERS_TABLE)))
  await rejectsAs('already-exists', 'third', catalog.createTable(third, SALES_ORDERS_TABLE))
})

test('that commits can be made is seen without one', async () => {
  assert.match((await catalog.probeCommit?.(ORDERS)) ?? '', /was refused, as it must be/)
  assert.equal(await other.findMetadataLocation(ORDERS), created.metadataLocation)
  assert.equal(fake.databases.get('sales')?.tables.get('orders')?.version, 0)
  proxy.next('UpdateTable', { status: 400, type: 'AccessDeniedException', isApplied: false })
  await rejectsAs('permission', 'AccessDenied', Promise.resolve(catalog.probeCommit?.(ORDERS)))
})
