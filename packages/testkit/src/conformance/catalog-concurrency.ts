import assert from 'node:assert/strict'
import type { Catalog } from '@moraine/catalogs/catalog'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import { appendUpdates, catalogTest, createSalesOrders, nextSnapshot, ORDERS } from './catalog-samples.ts'
import type { OpenCatalog } from './catalog-under-test.ts'

const WRITERS = 8
const COMMITS_EACH = 4

export function catalogConcurrencyTests(name: string, open: OpenCatalog): void {
  catalogTest(name, 'eight writers make one linear history with all that they committed', open, async (opened) => {
    const { catalog, other, io } = opened
    await createSalesOrders(opened)
    const work = Array.from({ length: WRITERS }, (_, writer) => appendOften(writer % 2 === 0 ? catalog : other, writer))
    const committed = (await Promise.all(work)).flat()
    assert.equal(committed.length, WRITERS * COMMITS_EACH)

    const { metadata, metadataLocation } = await catalog.loadTable(ORDERS)
    assert.deepEqual(new Set(metadata.snapshots.map((each) => each.snapshotId)), new Set(committed))
    for (const id of committed) assert.equal(metadata.properties[`by-${id}`], 'done')
    assert.deepEqual(
      metadata.snapshots.map((each) => each.parentSnapshotId),
      [undefined, ...metadata.snapshots.slice(0, -1).map((each) => each.snapshotId)],
    )
    assert.deepEqual(
      metadata.snapshots.map((each) => each.sequenceNumber),
      committed.map((_, at) => at + 1),
    )
    assert.equal(metadata.currentSnapshotId, metadata.snapshots.at(-1)?.snapshotId)

    // No writer that lost left its metadata file behind.
    const left = (await Array.fromAsync(io.list(`${metadata.location}/metadata/`))).map(({ location }) => location)
    const expected = [...metadata.metadataLog.map((each) => each.metadataFile), metadataLocation]
    assert.deepEqual(left.filter((location) => location.includes('.metadata.json')).sort(), expected.sort())
  })

  catalogTest(name, 'writers that require nothing lose nothing either', open, async (opened) => {
    const { catalog, other } = opened
    await createSalesOrders(opened)
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        const client = writer % 2 === 0 ? catalog : other
        const updates = [{ action: 'set-properties', updates: { [`writer-${writer}`]: 'here' } }] as const
        await retried(
          async () => (await client.commitTable(ORDERS, { requirements: [], updates })).kind === 'committed',
        )
      }),
    )
    const { properties } = (await catalog.loadTable(ORDERS)).metadata
    for (let writer = 0; writer < WRITERS; writer += 1) assert.equal(properties[`writer-${writer}`], 'here')
  })
}

/** Appends as a client does: again from the table's new state after each conflict. Returns the ids it committed. */
async function appendOften(client: Catalog, writer: number): Promise<readonly SnapshotId[]> {
  const ids: SnapshotId[] = []
  for (let commit = 0; commit < COMMITS_EACH; commit += 1) {
    const id = (2n ** 62n + BigInt(writer * 1000 + commit)) as SnapshotId
    await retried(async () => {
      const { metadata } = await client.loadTable(ORDERS)
      const current = metadata.currentSnapshotId
      const outcome = await client.commitTable(ORDERS, {
        requirements: [
          { type: 'assert-ref-snapshot-id', ref: 'main', ...(current === undefined ? {} : { snapshotId: current }) },
        ],
        updates: [
          ...appendUpdates(nextSnapshot(metadata, id)),
          { action: 'set-properties', updates: { [`by-${id}`]: 'done' } },
        ],
      })
      assert.notEqual(outcome.kind, 'unknown')
      return outcome.kind === 'committed'
    })
    ids.push(id)
  }
  return ids
}

/** Every round of losers has one winner, so more rounds than there are commits would mean that nobody gets on. */
async function retried(attempt: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round <= WRITERS * COMMITS_EACH; round += 1) {
    if (await attempt()) return
  }
  assert.fail('a writer starved')
}
