import assert from 'node:assert/strict'
import type { CommitOutcome, LoadedTable, TableCommit } from '@moraine/catalogs/catalog'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { TableRequirement } from '@moraine/iceberg/metadata/table-requirement'
import {
  appendUpdates,
  catalogTest,
  createSalesOrders,
  entries,
  nextSnapshot,
  ORDERS,
  SALES_ORDERS_TABLE,
} from './catalog-samples.ts'
import type { CatalogUnderTest, OpenCatalog } from './catalog-under-test.ts'

const BIG_ID = 9223372036854775807n
const COMMENT: TableCommit = { requirements: [], updates: [{ action: 'set-properties', updates: { comment: 'new' } }] }

export function catalogCommitTests(name: string, open: OpenCatalog): void {
  catalogTest(name, 'a commit is seen by every client, with ids beyond 2^53 and its history', open, async (opened) => {
    const { catalog, other } = opened
    const first = await createSalesOrders(opened)
    const second = committed(await catalog.commitTable(ORDERS, append(first, BIG_ID)))
    const third = committed(await other.commitTable(ORDERS, append(second, 9007199254740993n)))

    assert.deepEqual(await catalog.loadTable(ORDERS), third)
    assert.equal(await catalog.findMetadataLocation(ORDERS), third.metadataLocation)
    const { metadata } = third
    assert.deepEqual(
      metadata.snapshots.map((each) => each.snapshotId),
      [BIG_ID, 9007199254740993n],
    )
    assert.equal(metadata.snapshots[1]?.parentSnapshotId, BIG_ID)
    assert.deepEqual(metadata.refs['main'], { snapshotId: 9007199254740993n, type: 'branch' })
    assert.equal(metadata.lastSequenceNumber, 2)
    assert.deepEqual(
      metadata.metadataLog.map((each) => each.metadataFile),
      [first.metadataLocation, second.metadataLocation],
    )
  })

  catalogTest(name, 'a commit without updates makes nothing', open, async (opened) => {
    const created = await createSalesOrders(opened)
    const outcome = await opened.catalog.commitTable(ORDERS, { requirements: [], updates: [] })
    assert.deepEqual(committed(outcome), created)
  })

  catalogTest(name, 'properties may be called anything', open, async (opened) => {
    const { catalog, other } = opened
    const { metadata } = await createSalesOrders(opened)
    const updates = JSON.parse('{"__proto__":"a","constructor":"b","with \\"quotes\\"":"c"}') as Record<string, string>
    await catalog.commitTable(ORDERS, { requirements: [], updates: [{ action: 'set-properties', updates }] })
    const { properties } = (await other.loadTable(ORDERS)).metadata
    assert.deepEqual(entries(properties), entries({ ...metadata.properties, ...updates }))
  })

  requirementTests(name, open)
  lostAnswerTests(name, open)
  metadataFileTests(name, open)
}

function requirementTests(name: string, open: OpenCatalog): void {
  for (const [type, holds, violated] of REQUIREMENTS) {
    catalogTest(name, `${type} lets a commit pass or refuses it with the reason`, open, async (opened) => {
      const { catalog, other, io } = opened
      const created = await createSalesOrders(opened)
      const table = committed(await catalog.commitTable(ORDERS, append(created, BIG_ID)))
      if (holds !== undefined) {
        const outcome = await catalog.commitTable(ORDERS, { ...COMMENT, requirements: [holds(table)] })
        assert.equal(outcome.kind, 'committed')
      }
      const before = await other.loadTable(ORDERS)
      const filesBefore = await listFiles(opened, before)
      const outcome = await catalog.commitTable(ORDERS, {
        requirements: [violated],
        updates: [{ action: 'set-properties', updates: { comment: 'never' } }],
      })
      assert.equal(outcome.kind, 'conflict')
      assert.ok(outcome.kind === 'conflict' && outcome.reason.length > 20, 'the reason says something')
      assert.equal(outcome.kind === 'conflict' && outcome.raced, undefined)
      assert.deepEqual(await other.loadTable(ORDERS), before)
      assert.deepEqual(await listFiles(opened, before), filesBefore)
      assert.ok(await io.stat(before.metadataLocation))
    })
  }
}

/** A requirement that holds for a table with one snapshot, and one of the same kind that does not. */
const REQUIREMENTS: readonly [string, ((table: LoadedTable) => TableRequirement) | undefined, TableRequirement][] = [
  ['assert-create', undefined, { type: 'assert-create' }],
  [
    'assert-table-uuid',
    ({ metadata }) => ({ type: 'assert-table-uuid', uuid: metadata.tableUuid ?? '' }),
    { type: 'assert-table-uuid', uuid: '00000000-0000-4000-8000-000000000000' },
  ],
  [
    'assert-ref-snapshot-id',
    () => ({ type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: BIG_ID as SnapshotId }),
    // The same number once it has been rounded to a double.
    { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: 9223372036854774784n as SnapshotId },
  ],
  [
    'assert-ref-snapshot-id of a ref that must not be there',
    () => ({ type: 'assert-ref-snapshot-id', ref: 'audit' }),
    { type: 'assert-ref-snapshot-id', ref: 'main' },
  ],
  [
    'assert-last-assigned-field-id',
    () => ({ type: 'assert-last-assigned-field-id', lastAssignedFieldId: 2 }),
    { type: 'assert-last-assigned-field-id', lastAssignedFieldId: 1 },
  ],
  [
    'assert-current-schema-id',
    () => ({ type: 'assert-current-schema-id', currentSchemaId: 0 }),
    { type: 'assert-current-schema-id', currentSchemaId: 7 },
  ],
  [
    'assert-last-assigned-partition-id',
    () => ({ type: 'assert-last-assigned-partition-id', lastAssignedPartitionId: 1000 }),
    { type: 'assert-last-assigned-partition-id', lastAssignedPartitionId: 999 },
  ],
  [
    'assert-default-spec-id',
    () => ({ type: 'assert-default-spec-id', defaultSpecId: 0 }),
    { type: 'assert-default-spec-id', defaultSpecId: 3 },
  ],
  [
    'assert-default-sort-order-id',
    () => ({ type: 'assert-default-sort-order-id', defaultSortOrderId: 0 }),
    { type: 'assert-default-sort-order-id', defaultSortOrderId: 2 },
  ],
]

function lostAnswerTests(name: string, open: OpenCatalog): void {
  catalogTest(name, 'a commit whose answer is lost is never called a conflict', open, async (opened) => {
    const { catalog, other } = opened
    const created = await createSalesOrders(opened)
    opened.loseNextAnswer()
    const outcome = await catalog.commitTable(ORDERS, append(created, BIG_ID))
    assert.ok(outcome.kind === 'committed' || outcome.kind === 'unknown', outcome.kind)
    const loaded = await other.loadTable(ORDERS)
    assert.equal(loaded.metadata.currentSnapshotId, BIG_ID)
    assert.deepEqual(await catalog.loadTable(ORDERS), loaded)
    const next = committed(await catalog.commitTable(ORDERS, append(loaded, 5n)))
    assert.equal(next.metadata.snapshots.length, 2)
  })

  catalogTest(name, 'a commit that got lost on its way is not called committed', open, async (opened) => {
    const { catalog, other } = opened
    const created = await createSalesOrders(opened)
    opened.loseNextRequest()
    const outcome = await catalog.commitTable(ORDERS, append(created, BIG_ID)).catch((error: unknown) => error)
    assert.notEqual((outcome as CommitOutcome).kind, 'committed')
    assert.deepEqual(await other.loadTable(ORDERS), created)
    committed(await catalog.commitTable(ORDERS, append(created, 6n)))
  })
}

function metadataFileTests(name: string, open: OpenCatalog): void {
  catalogTest(name, 'metadata files stay as long as the log has them, and longer unless told', open, async (opened) => {
    const { catalog, io } = opened
    const removing = 'write.metadata.delete-after-commit.enabled'
    const table = {
      ...SALES_ORDERS_TABLE,
      properties: { ...SALES_ORDERS_TABLE.properties, 'write.metadata.previous-versions-max': '2' },
    }
    const locations = [(await createSalesOrders(opened, table)).metadataLocation]
    const commit = async (properties: Record<string, string>) => {
      const updates = [{ action: 'set-properties', updates: properties }] as const
      const next = committed(await catalog.commitTable(ORDERS, { requirements: [], updates }))
      locations.push(next.metadataLocation)
      return next.metadata.metadataLog.map((each) => each.metadataFile)
    }
    const isThere = () => Promise.all(locations.map(async (location) => (await io.stat(location)) !== undefined))

    for (const step of ['1', '2', '3']) await commit({ step })
    assert.deepEqual(await isThere(), [true, true, true, true])
    assert.deepEqual(await commit({ step: '4', [removing]: 'true' }), locations.slice(2, 4))
    assert.deepEqual(await commit({ step: '5' }), locations.slice(3, 5))
    assert.deepEqual(await isThere(), [true, false, false, true, true, true])
  })

  catalogTest(name, 'metadata can be compressed from some commit on', open, async (opened) => {
    const { catalog, other, io } = opened
    await createSalesOrders(opened)
    const codec = { 'write.metadata.compression-codec': 'gzip' }
    await catalog.commitTable(ORDERS, { requirements: [], updates: [{ action: 'set-properties', updates: codec }] })
    const zipped = committed(await other.commitTable(ORDERS, COMMENT))
    assert.match(zipped.metadataLocation, /\.gz\.metadata\.json$/)
    assert.deepEqual([...(await io.read(zipped.metadataLocation))].slice(0, 2), [0x1f, 0x8b])
    assert.deepEqual(await catalog.loadTable(ORDERS), zipped)
    assert.equal((await catalog.commitTable(ORDERS, append(zipped, 3n))).kind, 'committed')
  })
}

function append(table: LoadedTable, snapshotId: bigint): TableCommit {
  const snapshot = nextSnapshot(table.metadata, snapshotId)
  const current = table.metadata.currentSnapshotId
  return {
    requirements: [
      { type: 'assert-ref-snapshot-id', ref: 'main', ...(current === undefined ? {} : { snapshotId: current }) },
    ],
    updates: appendUpdates(snapshot),
  }
}

function committed(outcome: CommitOutcome): LoadedTable {
  if (outcome.kind === 'committed') return outcome.table
  throw new Error(outcome.kind === 'conflict' ? outcome.reason : `unknown: ${outcome.cause.message}`)
}

async function listFiles({ io }: CatalogUnderTest, table: LoadedTable): Promise<readonly string[]> {
  return (await Array.fromAsync(io.list(`${table.metadata.location}/`))).map(({ location }) => location).sort()
}
