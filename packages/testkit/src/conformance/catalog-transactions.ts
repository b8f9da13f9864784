import assert from 'node:assert/strict'
import type { Catalog, LoadedTable, TableChange, TransactionOutcome } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import type { TableRequirement } from '@moraine/iceberg/metadata/table-requirement'
import {
  appendUpdates,
  catalogTest,
  createSalesOrders,
  creationUpdates,
  nextSnapshot,
  ORDERS,
  rejectsAs,
  SALES_ORDERS_TABLE,
} from './catalog-samples.ts'
import type { OpenCatalog } from './catalog-under-test.ts'

const ITEMS: TableIdentifier = { namespace: ['sales'], name: 'items' }
const FRESH: TableIdentifier = { namespace: ['sales'], name: 'fresh' }

export function catalogTransactionTests(name: string, open: OpenCatalog): void {
  catalogTest(name, 'a transaction commits to all its tables, and creates those it asserts', open, async (opened) => {
    const { catalog, other } = opened
    const [orders, items] = await twoTables(catalog)
    const staged = await catalog.stageTable(FRESH, SALES_ORDERS_TABLE)
    const outcome = await commit(catalog, [
      append(orders, 11n),
      append(items, 12n),
      { identifier: FRESH, commit: { requirements: [{ type: 'assert-create' }], updates: creationUpdates(staged) } },
    ])
    assert.equal(outcome.kind, 'committed')
    assert.equal((await other.loadTable(ORDERS)).metadata.currentSnapshotId, 11n)
    assert.equal((await other.loadTable(ITEMS)).metadata.currentSnapshotId, 12n)
    assert.equal((await other.loadTable(FRESH)).metadata.tableUuid, staged.tableUuid)
    assert.deepEqual(
      outcome.kind === 'committed' && outcome.tables.map(({ metadataLocation }) => metadataLocation),
      await Promise.all([ORDERS, ITEMS, FRESH].map((each) => other.findMetadataLocation(each))),
    )
  })

  catalogTest(name, 'a transaction of which one part is refused changes nothing', open, async (opened) => {
    const { catalog, io, scratch } = opened
    const [orders, items] = await twoTables(catalog)
    const before = await filesBeside(io, scratch)
    const violated: TableRequirement = { type: 'assert-current-schema-id', currentSchemaId: 9 }
    const refused = await commit(catalog, [append(orders, 11n), append(items, 12n, violated)])
    assert.match(refused.kind === 'conflict' ? refused.reason : refused.kind, /items.*current schema changed/)
    assert.deepEqual(await catalog.loadTable(ORDERS), orders)
    assert.deepEqual(await catalog.loadTable(ITEMS), items)
    const missing = { identifier: FRESH, commit: { requirements: [], updates: [] } }
    await rejectsAs('not-found', 'fresh', commit(catalog, [append(orders, 11n), missing]))
    await rejectsAs('invalid-input', 'orders', commit(catalog, [append(orders, 11n), append(orders, 12n)]))
    assert.deepEqual(await catalog.loadTable(ORDERS), orders)
    assert.deepEqual(await filesBeside(io, scratch), before)
  })

  catalogTest(name, 'of transactions on the same tables from the same state one wins', open, async (opened) => {
    const { catalog, other } = opened
    const [orders, items] = await twoTables(catalog)
    const fromEmpty: TableRequirement = { type: 'assert-ref-snapshot-id', ref: 'main' }
    const outcomes = await Promise.all(
      [catalog, other, catalog, other].map((client, at) => {
        const changes = [orders, items].map((table) => append(table, BigInt(20 + at), fromEmpty))
        return commit(client, at % 2 === 0 ? changes : changes.toReversed())
      }),
    )
    const won = outcomes.flatMap(({ kind }, at) => (kind === 'committed' ? [BigInt(20 + at)] : []))
    assert.equal(won.length, 1)
    for (const { kind } of outcomes) assert.notEqual(kind, 'unknown')
    for (const table of [ORDERS, ITEMS]) {
      assert.equal((await other.loadTable(table)).metadata.currentSnapshotId, won[0])
    }
  })
}

async function twoTables(catalog: Catalog): Promise<readonly [LoadedTable, LoadedTable]> {
  return [await createSalesOrders({ catalog }), await catalog.createTable(ITEMS, SALES_ORDERS_TABLE)]
}

async function commit(catalog: Catalog, changes: readonly TableChange[]): Promise<TransactionOutcome> {
  assert.ok(catalog.commitTables !== undefined)
  return catalog.commitTables(changes)
}

function append({ identifier, metadata }: LoadedTable, snapshotId: bigint, ...requirements: TableRequirement[]) {
  return { identifier, commit: { requirements, updates: appendUpdates(nextSnapshot(metadata, snapshotId)) } }
}

async function filesBeside(
  io: { list(prefix: string): AsyncIterable<{ readonly location: string }> },
  scratch: string,
): Promise<readonly string[]> {
  const root = scratch.slice(0, scratch.lastIndexOf('/') + 1)
  return (await Array.fromAsync(io.list(root), ({ location }) => location)).sort()
}
