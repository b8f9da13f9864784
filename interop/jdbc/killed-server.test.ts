import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import type { JdbcCatalog } from '@moraine/catalogs/jdbc/jdbc-catalog'
import { describeError, isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { appendUpdates, createSalesOrders, nextSnapshot, ORDERS } from '@moraine/testkit/conformance/catalog-samples'
import { byDepth } from '../lab/depth.ts'
import { type DatabaseKind, type DatabaseServer, startDatabaseServer } from './database-server.ts'
import { openLake } from './jdbc-lake.ts'

// Several writers append to one table while the database is killed and started again. Whatever was called committed is in
// the table once, what was called a conflict is not, and of the rest each is there once or not at all.

const WRITERS = 4
const KILLS = byDepth({ usual: 2, all: 3 })
const COMMITS_BETWEEN = 15

const warehouse = mkdtempSync(`${tmpdir()}/moraine-jdbc-killed-`)
const kinds: readonly DatabaseKind[] = ['postgres', 'mariadb']
const servers = kinds.map((kind) => [kind, startDatabaseServer(kind, `killed-${process.pid}`)] as const)
after(() => {
  for (const [, started] of servers) if (started.kind === 'started') started.engine.stop()
  rmSync(warehouse, { recursive: true, force: true })
})

for (const [kind, started] of servers) {
  test(`${kind} is killed while commits are made`, { timeout: 200_000 }, async (context) => {
    if (started.kind === 'unavailable') return context.skip(started.why)
    await whileKilled(context, started.engine)
  })
}

type Ledger = {
  readonly committed: bigint[]
  readonly refused: bigint[]
  readonly unknown: bigint[]
  /** Of attempts that came to no commit, since the database was not there to be asked. */
  readonly failures: unknown[]
  /** Emits `entry` with each. */
  readonly entries: EventEmitter
}

async function whileKilled(context: TestContext, server: DatabaseServer): Promise<void> {
  const properties = { ...server.properties, warehouse: `file:${warehouse}` }
  const catalogs = [await openLake('lake', properties), await openLake('lake', properties)]
  context.after(() => Promise.all(catalogs.map((catalog) => catalog.close())))
  const [catalog] = catalogs
  assert.ok(catalog !== undefined)
  await createSalesOrders({ catalog })
  const ledger: Ledger = { committed: [], refused: [], unknown: [], failures: [], entries: new EventEmitter() }
  let isOver = false
  const writers = Array.from({ length: WRITERS }, async (_, at) => {
    for (let count = 0; !isOver; count += 1) {
      const id = BigInt(at * 1_000_000 + count + 1)
      await append(catalogs[at % catalogs.length] ?? catalog, id, ledger)
    }
  })
  const random = seededRandom(1)
  const more = async () => {
    const enough = ledger.committed.length + COMMITS_BETWEEN + ((random.bytes(1)[0] ?? 0) % 8)
    while (ledger.committed.length < enough) await once(ledger.entries, 'entry')
  }
  for (let kill = 0; kill < KILLS; kill += 1) {
    await more()
    server.kill()
    const failures = ledger.failures.length
    // They have noticed.
    while (ledger.failures.length === failures) await once(ledger.entries, 'entry')
    server.startAgain()
  }
  await more()
  isOver = true
  await Promise.all(writers)

  const fresh = await openLake('lake', properties)
  context.after(() => fresh.close())
  const { metadata } = await fresh.loadTable(ORDERS)
  const there = metadata.snapshots.map(({ snapshotId }): bigint => snapshotId)
  assert.equal(new Set(there).size, there.length, 'nothing is doubled')
  for (const id of ledger.committed) assert.ok(there.includes(id), `${id} was committed and is lost`)
  for (const id of ledger.refused) assert.ok(!there.includes(id), `${id} was refused and is there`)
  const open = there.filter((id) => !ledger.committed.includes(id))
  for (const id of open) assert.ok(ledger.unknown.includes(id), `${id} is nobody's`)
  for (const failure of ledger.failures) assert.ok(isKind(failure, 'unavailable'), describeError(failure))
  context.diagnostic(
    `${ledger.committed.length} committed, ${ledger.refused.length} refused, ${ledger.unknown.length} unknown of which ${open.length} had been made, ${ledger.failures.length} found no database`,
  )
}

async function append(catalog: JdbcCatalog, id: bigint, ledger: Ledger): Promise<void> {
  try {
    const { metadata } = await catalog.loadTable(ORDERS)
    const current = metadata.currentSnapshotId
    const outcome = await catalog.commitTable(ORDERS, {
      requirements: [
        { type: 'assert-ref-snapshot-id', ref: 'main', ...(current === undefined ? {} : { snapshotId: current }) },
      ],
      updates: appendUpdates(nextSnapshot(metadata, id)),
    })
    if (outcome.kind === 'committed') ledger.committed.push(id)
    else if (outcome.kind === 'conflict') ledger.refused.push(id)
    else ledger.unknown.push(id)
  } catch (error) {
    ledger.failures.push(error)
  }
  ledger.entries.emit('entry')
}
