import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import type { CatalogTables } from '@moraine/catalogs/catalog'
import { commitRewrite } from '@moraine/maintenance/commit/commit-rewrite'
import { attemptOutput, reportedRewrite } from '@moraine/maintenance/commit/testing/reported-rewrite'
import { planTable } from '@moraine/maintenance/table/plan-table'
import { readTable } from '@moraine/maintenance/table/read-table'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { openStorage } from '@moraine/storage/open-storage'
import { startNessie } from '../lab/nessie.ts'
import { type PyIceberg, startPyIceberg } from '../lab/pyiceberg.ts'
import { startMinio, stopMinio } from '../storage/minio.ts'
import { openForeignPair } from './foreign-catalog-under-test.ts'
import { pyIcebergWriter } from './pyiceberg-writer.ts'

// The answer to a commit to Nessie is lost, or the request, and PyIceberg commits before anybody looks. Nessie shows the
// current snapshot alone; what became of the commit is to be found out all the same.

const name = `nessie-lost-${process.pid}`
const minio = startMinio(name)
const nessie = 'skip' in minio ? undefined : startNessie(name, minio.settings)
const pyiceberg = await startPyIceberg()
after(async () => {
  if (pyiceberg.kind === 'started') await pyiceberg.engine.stop()
  if (nessie?.kind === 'started') nessie.engine.stop()
  stopMinio(name)
})

for (const lost of ['answer', 'request'] as const) {
  test(`a commit to Nessie whose ${lost} is lost is settled below others' commits`, { timeout: 120_000 }, (context) => {
    if ('skip' in minio) return context.skip(minio.skip)
    if (nessie?.kind !== 'started') return context.skip(nessie?.why)
    if (pyiceberg.kind === 'unavailable') return context.skip(pyiceberg.why)
    return lose(context, pyiceberg.engine, nessie.engine.properties, lost)
  })
}

async function lose(
  { signal }: TestContext,
  engine: PyIceberg,
  properties: Readonly<Record<string, string>>,
  lost: 'answer' | 'request',
): Promise<void> {
  await engine.addCatalog('far', { type: 'rest', ...properties })
  const writer = await pyIcebergWriter(engine, ['far', 'db', lost])
  for (let at = 0; at < 3; at += 1) await writer.step(signal)
  const { catalog, loseNextAnswer, loseNextRequest } = await openForeignPair(properties)
  const identifier = { namespace: ['db'], name: lost }
  const loaded = await catalog.loadTable(identifier)
  const io = openStorage(loaded.storageProperties ?? {}, { clock: systemClock, random: systemRandom })
  const state = await readTable(io, loaded)
  const plan = must(await planTable(io, state, { type: 'full', now: systemClock.now() }), 'a plan')
  const directory = `${loaded.metadata.location}/data/`
  const results = await Promise.all(
    plan.groups.map((group) => reportedRewrite(io, group, attemptOutput(group, directory))),
  )
  const tables: CatalogTables = {
    loadTable: catalog.loadTable,
    findMetadataLocation: catalog.findMetadataLocation,
    async commitTable(...commit) {
      if (lost === 'answer') loseNextAnswer()
      else loseNextRequest()
      const outcome = await catalog.commitTable(...commit)
      for (let at = 0; at < 2; at += 1) await engine.append({ table: ['far', 'db', lost], rows: [{ id: at, v: 'x' }] })
      return outcome
    },
  }
  const input = { identifier, plan, results, processId: 'p1' }
  const context = { io, clock: systemClock, random: systemRandom, signal }
  const first = await commitRewrite(input, { ...context, tables })
  // As after a restart.
  const second = await commitRewrite(input, { ...context, tables: catalog })
  assert.deepEqual((await catalog.loadTable(identifier)).metadata.snapshots.length, 1)
  if (lost === 'request') {
    assert.deepEqual([first.kind, second.kind], ['unknown', 'nothing'])
    assert.ok(second.kind === 'nothing')
    assert.match(second.left[0]?.reason ?? '', /no longer part of the table's history$/)
    return
  }
  const groupIds = plan.groups.map(({ groupId }) => groupId)
  for (const outcome of [first, second]) {
    assert.ok(outcome.kind === 'committed')
    assert.deepEqual([outcome.groupIds, outcome.left], [groupIds, []])
  }
}
