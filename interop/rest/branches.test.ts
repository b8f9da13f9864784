import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import { type MoraineService, startService, untilAnswered } from '../lab/moraine.ts'
import { type PyIceberg, startPyIceberg } from '../lab/pyiceberg.ts'
import { type Spark, startSpark } from '../lab/spark.ts'
import { loadRestTable } from './rest-table.ts'
import { untilCommitted } from './until-committed.ts'

// Spark and PyIceberg keep branches and tags of tables in the catalog of `moraine serve`, write to them and publish what
// they wrote, before and after the service has rewritten the main branch.

const NOT_AHEAD = /not an ancestor/

const dataDir = mkdtempSync(`${tmpdir()}/moraine-branches-`)
const [spark, pyiceberg] = await Promise.all([startSpark(), startPyIceberg()])
const service = spark.kind === 'started' && pyiceberg.kind === 'started' ? await startService(dataDir) : undefined
after(async () => {
  for (const started of [spark, pyiceberg]) if (started.kind === 'started') await started.engine.stop()
  await service?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

if (spark.kind === 'started' && pyiceberg.kind === 'started' && service !== undefined) {
  const uri = `${service.url}/iceberg`
  await spark.engine.addCatalog('lake', { type: 'rest', uri, warehouse: 'lake', 'cache-enabled': 'false' })
  await pyiceberg.engine.addCatalog('lake', { type: 'rest', uri, warehouse: 'lake' })
  await spark.engine.sql('CREATE NAMESPACE lake.shop')
  const lake: Lake = { service, spark: spark.engine, pyiceberg: pyiceberg.engine }
  const limit = { timeout: 300_000 }
  test('branches and tags keep their rows while main is rewritten', limit, (context) => keepRefs(context, lake))
  test('a branch is published by moving main forward, unless main has moved', limit, (context) =>
    fastForward(context, lake),
  )
  test('audited writes are published after a rewrite', limit, (context) => publish(context, lake))
} else {
  const reasons = [spark, pyiceberg].map((started) => (started.kind === 'unavailable' ? started.why : ''))
  test('branches', (context) => context.skip(reasons.find((reason) => reason !== '')))
}

type Lake = { readonly service: MoraineService; readonly spark: Spark; readonly pyiceberg: PyIceberg }

async function keepRefs({ signal }: TestContext, lake: Lake): Promise<void> {
  const { service, spark, pyiceberg } = lake
  const table = ['lake', 'shop', 'kept']
  await createWithRows(lake, 'kept')
  await spark.sql('ALTER TABLE lake.shop.kept CREATE TAG `v1` RETAIN 30 DAYS')
  await spark.sql('ALTER TABLE lake.shop.kept CREATE BRANCH audit WITH SNAPSHOT RETENTION 2 SNAPSHOTS')
  await pyiceberg.createRef(table, 'branch', 'theirs')
  await pyiceberg.createRef(table, 'tag', 'v1 of PyIceberg')
  await spark.sql('DELETE FROM lake.shop.kept.branch_audit WHERE id = 1')
  await spark.sql("INSERT INTO lake.shop.kept.branch_audit VALUES (10, 'on the branch')")
  await pyiceberg.append({ table, rows: [{ id: 11, what: 'by PyIceberg' }], branch: 'theirs' })
  await pyiceberg.append({ table, rows: [{ id: 12, what: 'by PyIceberg' }], branch: 'audit' })
  const ids = {
    main: [0, 1, 2, 3, 4],
    v1: [0, 1, 2, 3],
    'v1 of PyIceberg': [0, 1, 2, 3],
    audit: [0, 10, 12, 2, 3],
    theirs: [0, 1, 11, 2, 3],
  }
  const readAll = async () => {
    for (const [ref, expected] of Object.entries(ids)) {
      const rows = await spark.readRows({ table: 'lake.shop.kept', ref })
      assert.deepEqual(rows.map(idOf), expected, ref)
      assert.deepEqual(await pyiceberg.readRows({ table, ref }), rows, ref)
    }
  }
  // The service may have rewritten the table by itself before; from here on there is something to rewrite again.
  await spark.sql("INSERT INTO lake.shop.kept VALUES (4, 'row')")
  const before = (await loadRestTable(service.url, 'shop', 'kept')).refs
  await readAll()
  await optimize(lake, 'kept', signal)
  await readAll()
  const { refs, snapshots } = await loadRestTable(service.url, 'shop', 'kept')
  for (const ref of Object.keys(ids)) assert.equal(refs[ref] === before[ref], ref !== 'main', ref)
  assert.deepEqual(Object.keys(refs).sort(), Object.keys(ids).sort())
  assert.ok(snapshots.some(({ summary }) => summary['snapshot.producer'] === 'OPTIMIZE'))

  await spark.sql("CALL lake.system.set_current_snapshot(table => 'shop.kept', ref => 'audit')")
  assert.deepEqual((await spark.readRows({ table: 'lake.shop.kept' })).map(idOf), ids.audit)
  await spark.sql('ALTER TABLE lake.shop.kept REPLACE TAG v1')
  assert.deepEqual((await spark.readRows({ table: 'lake.shop.kept', ref: 'v1' })).map(idOf), ids.audit)
  for (const branch of ['audit', 'theirs']) await spark.sql(`ALTER TABLE lake.shop.kept DROP BRANCH ${branch}`)
  await spark.sql('ALTER TABLE lake.shop.kept DROP TAG v1')
  assert.deepEqual(Object.keys((await loadRestTable(service.url, 'shop', 'kept')).refs).sort(), [
    'main',
    'v1 of PyIceberg',
  ])
  await assert.rejects(pyiceberg.readRows({ table, ref: 'audit' }), /audit/)
}

async function fastForward({ signal }: TestContext, lake: Lake): Promise<void> {
  const { service, spark, pyiceberg } = lake
  await createWithRows(lake, 'forwarded')
  const forward = (branch: string) => spark.sql(`CALL lake.system.fast_forward('shop.forwarded', 'main', '${branch}')`)
  await spark.sql('ALTER TABLE lake.shop.forwarded CREATE BRANCH late')
  await spark.sql("INSERT INTO lake.shop.forwarded.branch_late VALUES (10, 'late')")
  await optimize(lake, 'forwarded', signal)
  await assert.rejects(forward('late'), NOT_AHEAD)
  const publishReady = async () => {
    await spark.sql('ALTER TABLE lake.shop.forwarded CREATE OR REPLACE BRANCH ready')
    await spark.sql("INSERT INTO lake.shop.forwarded.branch_ready VALUES (11, 'ready')")
    await forward('ready')
  }
  await untilCommitted(publishReady, NOT_AHEAD, signal) // the service may rewrite main by itself meanwhile
  const rows = await spark.readRows({ table: 'lake.shop.forwarded' })
  assert.deepEqual(rows.map(idOf), [0, 1, 11, 2, 3])
  assert.deepEqual(await pyiceberg.readRows({ table: ['lake', 'shop', 'forwarded'] }), rows)
  const { refs } = await loadRestTable(service.url, 'shop', 'forwarded')
  assert.equal(refs['main'], refs['ready'])
}

async function publish({ signal }: TestContext, lake: Lake): Promise<void> {
  const { spark, pyiceberg } = lake
  await createWithRows(lake, 'published')
  await spark.sql("ALTER TABLE lake.shop.published SET TBLPROPERTIES ('write.wap.enabled' = 'true')")
  const table = ['lake', 'shop', 'published']
  const idsNow = async () => (await pyiceberg.readRows({ table })).map(idOf)
  await spark.sql('SET spark.wap.id = first')
  await spark.sql("INSERT INTO lake.shop.published VALUES (10, 'audited')")
  await spark.sql('RESET spark.wap.id')
  await spark.sql('SET spark.wap.branch = audit')
  await spark.sql("INSERT INTO lake.shop.published VALUES (11, 'on the branch')")
  await spark.sql('RESET spark.wap.branch')
  assert.deepEqual(await idsNow(), [0, 1, 2, 3])
  await optimize(lake, 'published', signal)
  await spark.sql("CALL lake.system.publish_changes('shop.published', 'first')")
  assert.deepEqual(await idsNow(), [0, 1, 10, 2, 3])
  await assert.rejects(spark.sql("CALL lake.system.publish_changes('shop.published', 'first')"), /[Dd]uplicate|already/)
  const audited = await loadRestTable(lake.service.url, 'shop', 'published')
  await spark.sql(`CALL lake.system.cherrypick_snapshot('shop.published', ${audited.refs['audit']})`)
  assert.deepEqual(await idsNow(), [0, 1, 10, 11, 2, 3])
}

/** Four files of a row each: ids 0 to 3. */
async function createWithRows({ spark }: Lake, name: string): Promise<void> {
  await spark.sql(`CREATE TABLE lake.shop.${name} (id BIGINT, what STRING) USING iceberg`)
  for (let id = 0; id < 4; id += 1) await spark.sql(`INSERT INTO lake.shop.${name} VALUES (${id}, 'row')`)
}

async function optimize({ service }: Lake, name: string, signal: AbortSignal): Promise<void> {
  const table = { catalog: 'lake', db: 'shop', table: name }
  await untilAnswered(async () => (await service.requestOptimizing(table, 'full')) || undefined, signal)
  const processes = await untilAnswered(() => service.findSettled(table), signal)
  assert.ok(processes.length > 0)
  for (const { state, failReason } of processes) assert.equal(state.status, 'succeeded', failReason ?? '')
}

function idOf(row: string): number {
  return Number(/"id":(\d+)/.exec(row)?.[1])
}
