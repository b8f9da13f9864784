import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CreateTable } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import type { Snapshot, SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { TableUpdate } from '@moraine/iceberg/metadata/table-update'
import { later } from '@moraine/stdx/brand'
import { type ErrorKind, isKind } from '@moraine/stdx/error'
import type { CatalogUnderTest, OpenCatalog } from './catalog-under-test.ts'

// What the catalog tests have in common.

export const ORDERS: TableIdentifier = { namespace: ['sales'], name: 'orders' }

export const SALES_ORDERS_TABLE: CreateTable = {
  schema: {
    schemaId: 0,
    fields: [
      { id: 1, name: 'id', required: true, type: { kind: 'long' } },
      { id: 2, name: 'region', required: false, type: { kind: 'string' } },
    ],
    identifierFieldIds: [],
  },
  partitionSpec: { fields: [{ sourceIds: [2], name: 'region', transform: { kind: 'identity' } }] },
  properties: { owner: 'me', 'format-version': '2' },
}

/** A test on a fresh catalog, which is closed afterwards. It fails where a server is known to deviate and does not. */
export function catalogTest(
  catalogName: string,
  what: string,
  open: OpenCatalog,
  run: (opened: CatalogUnderTest) => Promise<void>,
): void {
  test(`${catalogName}: ${what}`, async () => {
    const opened = await open()
    try {
      const deviation = opened.deviation?.(what)
      if (deviation === undefined) await run(opened)
      else await assert.rejects(run(opened), deviation, `not as the server is known to do it: ${what}`)
    } finally {
      await opened.close()
    }
  })
}

export async function createSalesOrders(
  { catalog }: Pick<CatalogUnderTest, 'catalog'>,
  table: CreateTable = SALES_ORDERS_TABLE,
) {
  await catalog.createNamespace(ORDERS.namespace)
  return catalog.createTable(ORDERS, table)
}

export async function rejectsAs(kind: ErrorKind, names: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(isKind(error, kind), `wanted ${kind}, got ${String(error)}`)
    assert.ok(error.message.includes(names), `${error.message} does not name ${names}`)
    return true
  })
}

/** What `deepEqual` compares whatever the order and the names of the keys: it looks past an own `__proto__`. */
export function entries(properties: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(properties))
}

/** The next snapshot of a table, child of its current one. Its manifest list is named, and not there. */
export function nextSnapshot(metadata: TableMetadata, snapshotId: bigint): Snapshot {
  return {
    snapshotId: snapshotId as SnapshotId,
    ...(metadata.currentSnapshotId === undefined ? {} : { parentSnapshotId: metadata.currentSnapshotId }),
    sequenceNumber: metadata.lastSequenceNumber + 1,
    timestampMs: later(metadata.lastUpdatedMs, 1),
    manifests: { kind: 'list', location: `${metadata.location}/metadata/snap-${snapshotId}.avro` },
    operation: 'append',
    summary: { 'added-records': '1' },
    schemaId: metadata.currentSchemaId,
  }
}

/** The updates that make `snapshot` the current one. */
export function appendUpdates(snapshot: Snapshot): readonly TableUpdate[] {
  return [
    { action: 'add-snapshot', snapshot },
    { action: 'set-snapshot-ref', refName: 'main', ref: { snapshotId: snapshot.snapshotId, type: 'branch' } },
  ]
}

/** The updates that build a table like `staged` from nothing, as clients send them after a staged creation. */
export function creationUpdates(staged: TableMetadata): readonly TableUpdate[] {
  const [schema] = staged.schemas
  const [spec] = staged.partitionSpecs
  const [sortOrder] = staged.sortOrders
  assert.ok(schema && spec && sortOrder)
  return [
    { action: 'assign-uuid', uuid: staged.tableUuid ?? '' },
    { action: 'upgrade-format-version', formatVersion: staged.formatVersion },
    { action: 'add-schema', schema, lastColumnId: staged.lastColumnId },
    { action: 'set-current-schema', schemaId: -1 },
    { action: 'add-spec', spec },
    { action: 'set-default-spec', specId: -1 },
    { action: 'add-sort-order', sortOrder },
    { action: 'set-default-sort-order', sortOrderId: -1 },
    { action: 'set-location', location: staged.location },
    { action: 'set-properties', updates: staged.properties },
  ]
}
