import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import type { InternalPointer } from '@moraine/catalogs/internal/table-pointers'
import type { Stores } from '@moraine/management/store/stores'
import { MYSQL_WORDS, POSTGRES_WORDS } from '@moraine/persistence/engine-words'
import type { ServerSettings } from '@moraine/persistence/server/server-settings'
import { holdFence } from '@moraine/persistence/stores/sql-leases'
import type { EpochMs } from '@moraine/stdx/brand'
import { ENGINES, startLabDatabase } from './lab-database.ts'

// Two services on one database, which want the same at the same time.

const labs = ENGINES.map((engine) => [engine, startLabDatabase(engine, `parallel-${process.pid}`)] as const)
after(() => {
  for (const [, lab] of labs) if (lab.kind === 'started') lab.engine.server.stop()
})

const pointerOf = (name: string, namespace: readonly string[] = ['n']): InternalPointer => ({
  kind: 'table',
  catalog: 'lake',
  namespace,
  name,
  metadataLocation: `s3://b/${namespace.join('/')}/${name}/metadata/0.json`,
})

for (const [engine, started] of labs) {
  const withServices = (
    name: string,
    run: (services: readonly [Stores, Stores], context: TestContext, settings: ServerSettings) => Promise<void>,
  ) => {
    void test(`${engine}: ${name}`, { timeout: 120_000 }, async (context) => {
      if (started.kind === 'unavailable') return context.skip(started.why)
      const settings = await started.engine.create()
      const [one, two] = [await started.engine.open(settings), await started.engine.open(settings)]
      context.after(() => Promise.all([one.close(), two.close()]))
      await run([one.stores, two.stores], context, settings)
    })
  }

  withServices('a table that both find is managed once, under one id', async (services) => {
    const names = Array.from({ length: 20 }, (_, index) => ({ catalog: 'lake', namespace: ['n'], name: `t${index}` }))
    const ids = await Promise.all(
      services.map((stores) =>
        Promise.all(
          names.map(
            async (name) =>
              (await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: 1 as EpochMs })).tableId,
          ),
        ),
      ),
    )
    assert.deepEqual(ids[0], ids[1])
    assert.equal(new Set(ids[0]).size, names.length)
  })

  withServices('a namespace is never dropped from around a table', async ([one, two]) => {
    const outcomes: string[] = []
    await one.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
    for (let round = 0; round < 30; round += 1) {
      const namespace = [`n${round}`]
      await one.pointers.addNamespace('lake', namespace, {})
      const [added, removed] = await Promise.all([
        one.pointers.addPointer(pointerOf('t', namespace)),
        two.pointers.removeNamespace('lake', namespace),
      ])
      outcomes.push(`${added} ${removed}`)
      const isThere = (await two.pointers.findNamespace('lake', namespace)) !== undefined
      const table = await one.pointers.findPointer('lake', namespace, 't')
      assert.equal(table !== undefined, isThere)
    }
    assert.deepEqual(
      outcomes.filter((outcome) => !['added not-empty', 'no-namespace removed'].includes(outcome)),
      [],
    )
  })

  withServices('changes of many pointers, in any order, are made one after the other', async (services) => {
    const [one] = services
    await one.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
    await one.pointers.addNamespace('lake', ['n'], {})
    const names = ['a', 'b', 'c', 'd']
    for (const name of names) await one.pointers.addPointer(pointerOf(name))
    let made = 0
    const writers = services.flatMap((stores, service) =>
      [0, 1].map(async (direction) => {
        for (let step = 0; step < 15; step += 1) {
          const order = direction === 0 ? names : names.toReversed()
          const changes = await Promise.all(
            order.map(async (name) => {
              const before = await stores.pointers.findPointer('lake', ['n'], name)
              assert.ok(before)
              const metadataLocation = before.metadataLocation.replace(/\d+(?=\.json)/, (at) => String(Number(at) + 1))
              return { before, after: { ...before, metadataLocation } }
            }),
          )
          const locations = new Set(changes.map(({ before }) => before.metadataLocation.split('/').at(-1)))
          const outcome = await stores.pointers.changePointers(changes)
          if (outcome === 'made') {
            made += 1
            assert.equal(locations.size, 1, `service ${service} changed tables that did not belong together`)
          }
        }
      }),
    )
    await Promise.all(writers)
    const ends = await Promise.all(names.map((name) => one.pointers.findPointer('lake', ['n'], name)))
    assert.ok(made > 0)
    for (const end of ends) assert.match(end?.metadataLocation ?? '', new RegExp(`/${made}\\.json$`))
  })

  withServices('of many tables made at once, apart from all others, none is given up', async (services) => {
    await services[0].catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
    await services[0].pointers.addNamespace('lake', ['n'], {})
    const made = Array.from({ length: 120 }, (_, index) => {
      const stores = services[index % 2] ?? services[0]
      return stores.pointers.addPointer(pointerOf(`t${index}`), [`s3://b/n/t${index}/`])
    })
    assert.deepEqual([...new Set(await Promise.all(made))], ['added'])
  })

  withServices(
    'a leader that stands still within a transaction keeps nobody from its place',
    async (services, context, settings) => {
      if (started.kind === 'unavailable') return
      const [{ leases }, others] = services
      const { db, close } = await started.engine.openRaw(settings)
      context.after(close)
      const request = { name: 'service', ttlMs: 1, address: {} }
      const { lease } = await leases.acquire({ ...request, holder: 'asleep' })
      const fence = { lease: request.name, holder: 'asleep', epoch: lease.epoch }
      const [asleep, awake] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const held: boolean[] = []
      const words = engine === 'postgres' ? POSTGRES_WORDS : MYSQL_WORDS
      const write = db
        .transaction()
        .setIsolationLevel('read committed')
        .execute(async (transaction) => {
          held.push(await holdFence(transaction, words, fence))
          if (held.length > 1) return
          asleep.resolve()
          await awake.promise
          await transaction.updateTable('lease').set({ address: '{"written":"late"}' }).execute()
        })
      await asleep.promise
      assert.equal((await others.leases.acquire({ ...request, holder: 'awake' })).kind, 'held')
      awake.resolve()
      await write
      // Made again, since nothing of it was; by then its place was another's.
      assert.deepEqual(held, [true, false])
      assert.deepEqual((await leases.read('service'))?.address, {})
    },
  )

  withServices('reports that are stored again are there once', async ([one, two]) => {
    const reports = Array.from({ length: 50 }, (_, index) => ({
      reportId: `r${index}`,
      table: { catalog: 'lake', namespace: ['n'], name: 't' },
      kind: 'scan' as const,
      snapshotId: 1n,
      principal: 'p',
      receivedAt: 1 as EpochMs,
      report: '{}',
    }))
    await Promise.all([one.reports.addReports(reports), two.reports.addReports(reports)])
    await one.reports.addReports(reports)
    const { total } = await two.reports.listReports(
      { catalog: 'lake', namespace: ['n'], name: 't' },
      { offset: 0, limit: 1 },
    )
    assert.equal(total, reports.length)
  })

  withServices('what both save under a new name is saved by both, one after the other', async (services) => {
    for (let round = 0; round < 10; round += 1) {
      const group = { name: `g${round}`, container: 'x', properties: {} }
      const catalog = { name: `c${round}`, type: 'ams', properties: {} } as const
      await Promise.all(
        services.flatMap((stores) => [stores.groups.saveGroup(group), stores.catalogs.saveCatalog(catalog)]),
      )
    }
    assert.equal((await services[0].groups.listGroups()).length, 10)
    assert.equal((await services[1].catalogs.listCatalogs()).length, 10)
  })
}
