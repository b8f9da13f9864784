import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { inspectTable, planTable } from '@moraine/maintenance/table/plan-table'
import { type IndexedTable, readTable } from '@moraine/maintenance/table/read-table'
import { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { copyFixture, fixtureNames } from '@moraine/testkit/fixtures/fixture-table'
import { memoryCatalogTables } from '@moraine/testkit/memory-catalog-tables'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import type { OpenTable } from '../table/open-table.ts'
import { type RunPlanContext, runPlan } from './optimize-table.ts'

const workDir = await mkdtemp(join(tmpdir(), 'moraine-optimize-'))
const pool = new DuckDbPool({ clock: systemClock, size: 2 })
const runContext: RunPlanContext = {
  clock: systemClock,
  random: seededRandom(1),
  pool,
  workDir,
  threads: 2,
  timeoutMs: 60_000,
  signal: new AbortController().signal,
  onGroup: () => {},
}
after(async () => {
  await pool.close()
  await rm(workDir, { recursive: true, force: true })
})

/** Tables of which a part cannot be read: that part fails with a reason that names file and cause, and nothing changes. */
const UNREADABLE: Readonly<Record<string, RegExp>> = {
  codecs: /data\/.*Unsupported compression codec "LZ4"/,
}

/** What was moved to the current partition spec may be merged there by another plan, and that is the last. */
const MOST_PLANS = 2

for (const name of fixtureNames().filter((each) => UNREADABLE[each] === undefined)) {
  test(`${name}: full optimizing is verified, committed, keeps the row count and leaves nothing to plan`, async () => {
    const { fileIO, metadataLocation } = await copyFixture(name, memoryFileIO(), '/copy')
    const store = memoryCatalogTables(parseTableMetadata(await fileIO.read(metadataLocation), metadataLocation))
    const table: OpenTable = { name, identifier: { namespace: ['db'], name }, store, io: fileIO, storage: {} }
    const now = systemClock.now()
    const read = async () => readTable(fileIO, await store.loadTable(table.identifier))
    const planFull = async (state: IndexedTable) => must(await planTable(fileIO, state, { type: 'full', now }), 'plan')
    const health = (state: IndexedTable) => inspectTable(state, { now }).report.health.total
    const before = await read()
    let plan = await planFull(before)
    for (let plans = 0; plan.groups.length > 0; plans += 1) {
      const moves = plan.groups.some((group) => group.outputSpecId !== undefined)
      const { commit, failures } = await runPlan(table, plan, runContext)
      assert.deepEqual([commit.kind, failures], ['committed', []])
      plan = await planFull(await read())
      assert.ok(plan.groups.length === 0 || (moves && plans + 1 < MOST_PLANS), `another plan after ${plans + 1}`)
    }
    assert.ok(health(await read()) >= health(before))
  })
}

for (const [name, reason] of Object.entries(UNREADABLE)) {
  test(`${name}: what cannot be read is named and left as it is`, async () => {
    const { fileIO, metadataLocation } = await copyFixture(name, memoryFileIO(), '/copy')
    const metadata = parseTableMetadata(await fileIO.read(metadataLocation), metadataLocation)
    const store = memoryCatalogTables(metadata)
    const table: OpenTable = { name, identifier: { namespace: ['db'], name }, store, io: fileIO, storage: {} }
    const state = await readTable(fileIO, await store.loadTable(table.identifier))
    const plan = must(await planTable(fileIO, state, { type: 'full', now: systemClock.now() }), 'plan')
    const before = await locations(fileIO)
    const { commit, failures } = await runPlan(table, plan, runContext)
    assert.equal(commit.kind, 'nothing')
    assert.match(failures[0]?.reason ?? '', reason)
    assert.equal(failures[0]?.kind, 'unsupported')
    assert.equal(store.current(), metadata)
    assert.deepEqual(await locations(fileIO), before)
  })
}

test('a table that is rolled back meanwhile: every group is in conflict, and no output is left', async () => {
  const name = 'equality-deletes-global'
  const { fileIO, metadataLocation } = await copyFixture(name, memoryFileIO(), '/copy')
  const store = memoryCatalogTables(parseTableMetadata(await fileIO.read(metadataLocation), metadataLocation))
  const table: OpenTable = { name, identifier: { namespace: ['db'], name }, store, io: fileIO, storage: {} }
  const state = await readTable(fileIO, await store.loadTable(table.identifier))
  const plan = must(await planTable(fileIO, state, { type: 'full', now: systemClock.now() }), 'plan')
  const before = await locations(fileIO)
  const snapshotId = must(must(state.snapshot, 'snapshot').parentSnapshotId, 'parent')
  const rollBack = { action: 'set-snapshot-ref', refName: 'main', ref: { type: 'branch', snapshotId } } as const
  const onGroup = () => void store.commitTable(table.identifier, { requirements: [], updates: [rollBack] })
  const { commit, failures } = await runPlan(table, plan, { ...runContext, onGroup })
  assert.equal(commit.kind, 'nothing')
  assert.deepEqual(
    failures.map(({ groupId, kind }) => ({ groupId, kind })),
    plan.groups.map(({ groupId }) => ({ groupId, kind: 'conflict' })),
  )
  assert.match(failures[0]?.reason ?? '', /no longer part of the table's history/)
  assert.deepEqual(await locations(fileIO), before)
})

async function locations(io: FileIO): Promise<readonly string[]> {
  const found: string[] = []
  for await (const { location } of io.list('/')) found.push(location)
  return found.sort()
}
