import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import type { GlueCatalog } from '@moraine/catalogs/glue/glue-catalog'
import { openTestGlue } from '@moraine/catalogs/glue/testing/glue-conformance'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { openStorage } from '@moraine/storage/open-storage'
import type { StorageSettings } from '@moraine/storage/settings'
import { byDepth } from '../lab/depth.ts'
import { installBoto3, startMoto, stopMoto } from '../lab/moto.ts'
import { type PyIceberg, startPyIceberg } from '../lab/pyiceberg.ts'
import { type CatalogRun, optimizeInCatalog } from '../optimize/optimize-in-catalog.ts'
import { storedGlueTable } from './stored-glue-table.ts'

// PyIceberg's own catalog of Glue and ours on the same tables: what one makes the other reads and changes, in turn and at
// the same time. Glue and S3 are moto.

const COMMITS_MIN = byDepth({ usual: 10, all: 20 })
const REWRITES_MIN = byDepth({ usual: 2, all: 3 })
const CONFLICT = /was removed from the table meanwhile|deletes rows of .* meanwhile/
const SCHEMA = {
  type: 'struct',
  fields: [
    { id: 1, name: 'id', required: false, type: 'long' },
    { id: 2, name: 'region', required: false, type: 'string', doc: 'where' },
    { id: 3, name: 'at', required: false, type: 'timestamptz' },
  ],
} as const

const name = `pyiceberg-${process.pid}`
const boto3 = installBoto3()
const moto = startMoto(name)
if (boto3.kind === 'started') process.env['PYTHONPATH'] = boto3.engine
const pyiceberg = await startPyIceberg()
const workDir = mkdtempSync(`${tmpdir()}/moraine-glue-`)
const pool = new DuckDbPool({ clock: systemClock, size: 2 })
after(async () => {
  await pool.close()
  if (pyiceberg.kind === 'started') await pyiceberg.engine.stop()
  stopMoto(name)
  rmSync(workDir, { recursive: true, force: true })
})

if (boto3.kind === 'started' && moto.kind === 'started' && pyiceberg.kind === 'started') {
  const { settings, endpoint } = moto.engine
  const keys = { 'glue.access-key-id': 'lab', 'glue.secret-access-key': 'labsecret' }
  await pyiceberg.engine.addCatalog('lab', { type: 'glue', ...settings, ...keys })
  const io = openStorage(settings, { clock: systemClock, random: systemRandom })
  const catalog = await openTestGlue(endpoint, io, settings)
  after(() => catalog.close())
  const lake: Lake = { engine: pyiceberg.engine, catalog, io, settings, endpoint }
  test('tables go back and forth', { timeout: 120_000 }, () => backAndForth(lake))
  test('PyIceberg writes throughout optimizing', { timeout: 300_000 }, (context) => besidePyIceberg(context, lake))
} else {
  const missing = [boto3, moto, pyiceberg].find((started) => started.kind === 'unavailable')
  test('PyIceberg and Glue', (context) => context.skip(missing?.kind === 'unavailable' ? missing.why : ''))
}

/** One Glue as both see it. */
type Lake = {
  readonly engine: PyIceberg
  readonly catalog: GlueCatalog
  readonly io: FileIO
  readonly settings: StorageSettings
  readonly endpoint: string
}

const rowOf = (id: number) => ({ id, region: `r${id % 3}`, at: null })
const textOf = (id: number) => `{"at":null,"id":${id},"region":"r${id % 3}"}`

async function backAndForth({ engine, catalog, endpoint }: Lake): Promise<void> {
  const theirs = { namespace: ['db'], name: 'theirs' }
  await engine.create({ table: ['lab', 'db', 'theirs'], schema: SCHEMA })
  await engine.append({ table: ['lab', 'db', 'theirs'], rows: [rowOf(1)] })
  const stored = await storedGlueTable(endpoint, theirs)
  const set = { action: 'set-properties', updates: { note: 'ours' } } as const
  assert.equal((await catalog.commitTable(theirs, { requirements: [], updates: [set] })).kind, 'committed')
  assert.deepEqual(await storedGlueTable(endpoint, theirs), stored)
  await engine.addColumn(['lab', 'db', 'theirs'], 'note', 'string')
  const { metadata } = await catalog.loadTable(theirs)
  assert.deepEqual([metadata.schemas.length, metadata.properties['note'], metadata.snapshots.length], [2, 'ours', 1])

  const ours = { namespace: ['db'], name: 'ours' }
  const created = await catalog.createTable(ours, {
    schema: {
      schemaId: 0,
      identifierFieldIds: [],
      fields: [
        { id: 1, name: 'id', required: false, type: { kind: 'long' } },
        { id: 2, name: 'region', required: false, type: { kind: 'string' }, doc: 'where' },
        { id: 3, name: 'at', required: false, type: { kind: 'timestamptz' } },
      ],
    },
  })
  assert.deepEqual((await storedGlueTable(endpoint, ours)).columns, stored.columns)
  assert.deepEqual(await engine.listTables(['lab', 'db']), ['ours', 'theirs'])
  await engine.append({ table: ['lab', 'db', 'ours'], rows: [rowOf(1), rowOf(2)] })
  await catalog.renameTable(ours, { namespace: ['db'], name: 'renamed' })
  assert.deepEqual(await engine.readRows({ table: ['lab', 'db', 'renamed'] }), [textOf(1), textOf(2)])
  const renamed = await catalog.loadTable({ namespace: ['db'], name: 'renamed' })
  assert.equal(renamed.metadata.tableUuid, created.metadata.tableUuid)
  await engine.drop(['lab', 'db', 'renamed'])
  assert.deepEqual(await catalog.listTables(['db']), { items: [theirs] })
}

const WRITTEN: TableIdentifier = { namespace: ['db'], name: 'written' }
const WRITTEN_IN_LAB = ['lab', 'db', 'written']

async function besidePyIceberg(context: TestContext, lake: Lake): Promise<void> {
  const { signal } = context
  const { engine, catalog } = lake
  await engine.create({ table: WRITTEN_IN_LAB, schema: SCHEMA })
  const ledger = new Set<number>()
  let [commits, conflicts, next] = [0, 0, 0]
  const write = async () => {
    const ids = [next, next + 1, next + 2]
    next += 3
    const [gone] = ledger
    const isDelete = commits % 5 === 4 && gone !== undefined
    const done = isDelete
      ? await tried(engine.delete(WRITTEN_IN_LAB, `id = ${gone}`, signal))
      : await tried(engine.append({ table: WRITTEN_IN_LAB, rows: ids.map(rowOf) }, signal))
    if (!done) conflicts += 1
    else if (isDelete) ledger.delete(gone)
    else for (const id of ids) ledger.add(id)
    if (done) commits += 1
  }
  for (let at = 0; at < 3; at += 1) await write()
  const optimize = () => optimizeInCatalog({ ...lake, pool, workDir }, WRITTEN, 'full', signal)
  const runs: CatalogRun[] = []
  const rewrites = () => runs.filter(({ outcome }) => outcome === 'committed').length
  const isEnough = () => commits >= COMMITS_MIN && rewrites() >= REWRITES_MIN
  await Promise.all([
    (async () => {
      while (!isEnough()) await write()
    })(),
    (async () => {
      while (!isEnough()) runs.push(await optimize())
    })(),
  ])
  const failures = runs.flatMap((run) => run.failures)
  for (const reason of failures) assert.match(reason, CONFLICT)
  const last = await optimize() // alone
  assert.deepEqual(last.failures, [])
  runs.push(last)

  assert.deepEqual(await engine.readRows({ table: WRITTEN_IN_LAB }), [...ledger].map(textOf).sort())
  const { snapshots } = (await catalog.loadTable(WRITTEN)).metadata
  const ours = snapshots.filter(({ summary }) => summary['snapshot.producer'] === 'OPTIMIZE')
  assert.equal(ours.length, rewrites())
  for (const { snapshotId, parentSnapshotId } of ours) {
    assert.ok(parentSnapshotId !== undefined)
    const rows = await engine.readRows({ table: WRITTEN_IN_LAB, snapshotId })
    assert.deepEqual(rows, await engine.readRows({ table: WRITTEN_IN_LAB, snapshotId: parentSnapshotId }))
  }
  context.diagnostic(
    `${commits} commits and ${conflicts} conflicts of PyIceberg, ${runs.length} runs, ${rewrites()} rewrites and ${failures.length} conflicting groups of Moraine, ${ledger.size} rows`,
  )
}

/** PyIceberg tries no commit twice: `false` if another one came first. */
async function tried(write: Promise<void>): Promise<boolean> {
  try {
    await write
    return true
  } catch (error) {
    assert.match(String(error), /CommitFailedException|ValidationException: Deleted data files were found/)
    return false
  }
}
