import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TableId } from '@moraine/lifecycle/identity'
import type { ManagedTable, PendingTable } from '@moraine/management/records/managed-table'
import type { TableName } from '@moraine/management/records/table-name'
import type { TablePageQuery, TableQuery } from '@moraine/management/records/table-store'
import { patchTable, type StateChange, tableGuard } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { at, buildEvaluation, PROCESS_1, SNAPSHOT, T0 } from '@moraine/management/testing/build'
import { applyAll, compareText, QUOTED_NAME, reloadTable, startProcess } from './store-steps.ts'

export function tableConformance(stores: () => Stores): void {
  const add = (name: string) =>
    stores().tables.addTable({ name: { ...QUOTED_NAME, name }, format: 'ICEBERG', createdAt: T0 })

  test('a table is added once, with an id of its own, and found by id and by name', async () => {
    const first = await stores().tables.addTable({ name: QUOTED_NAME, format: 'ICEBERG', createdAt: T0 })
    const again = await stores().tables.addTable({ name: QUOTED_NAME, format: 'ICEBERG', createdAt: at(5) })
    const other = await add('other')
    assert.deepEqual(again, first)
    assert.notEqual(other.tableId, first.tableId)
    assert.deepEqual(first.state, { phase: 'idle', since: T0 })
    assert.deepEqual(await stores().tables.findTable(first.tableId), first)
    assert.deepEqual(await stores().tables.findTableByName(QUOTED_NAME), first)
    assert.equal(await stores().tables.findTableByName({ ...QUOTED_NAME, namespace: ['sales'] }), undefined)
  })

  test('many tables are found by their names at once, each once, and those that are not there are left out', async () => {
    const [first, second] = [await add('a'), await add('b')]
    const { listNamed } = stores().tables
    const [a, b] = [first, second].map(({ tableId, name }) => ({ tableId, name }))
    const unknown = Array.from({ length: 1200 }, (_, at) => ({ ...QUOTED_NAME, name: `unknown ${at}` }))
    assert.deepEqual(await listNamed([second.name, ...unknown, first.name, second.name]), [a, b])
    assert.deepEqual(await listNamed([{ ...first.name, namespace: ['sales'] }]), [])
    assert.deepEqual(await listNamed([]), [])
  })

  test('a patch writes what it names and nothing else, and every value survives', async () => {
    const table = await add('orders')
    const patch = {
      state: { phase: 'pending', since: at(1) },
      evaluation: buildEvaluation({ reevaluateAt: at(99) }),
      evaluatedAt: at(2),
      refreshFailure: { since: at(3), reason: 'no such bucket' },
      emptyPlan: { metadataLocation: 'a', type: 'full', finding: { text: 'none', figures: { groups: 0 } } },
      optimizedSnapshotId: SNAPSHOT,
      optimizedAt: at(4),
      plannedAt: at(5),
      backOff: { failures: 2, notBefore: at(6), step: 'committing', reason: 'conflict' },
      request: { type: 'auto', filter: "day = '2026-11-21'", partitions: ['day=ä', ''], requestedAt: at(7), by: 'ana' },
      lastRequest: {
        type: 'full',
        requestedAt: at(2),
        by: 'ben',
        answeredAt: at(3),
        kind: 'nothing-to-do',
        reason: 'healthy',
      },
      pause: { since: at(8), by: 'ana', reason: 'migration' },
      settings: { ...table.settings, group: 'big', quota: 4, windows: '0 22 * * * for 6h', priority: 2 },
    } as const
    await applyAll(stores(), [patchTable(table, patch)])
    assert.deepEqual(await reloadTable(stores(), table), { ...table, ...patch, version: table.version + 1 })

    const patched = await reloadTable(stores(), table)
    await applyAll(stores(), [patchTable(patched, { backOff: undefined })])
    assert.deepEqual(await reloadTable(stores(), table), {
      ...patched,
      backOff: undefined,
      version: patched.version + 1,
    })
  })

  test('tables are found by text in the location of their metadata, and by that nobody knows it', async () => {
    const [orders] = [await add('orders'), await add('clicks')]
    const evaluation = buildEvaluation({ metadataLocation: 's3://b/w"h/Orders/metadata/x.json' })
    await applyAll(stores(), [patchTable(orders, { evaluation })])
    const names = async (metadata: TableQuery['metadata']) => {
      const found = await stores().tables.listTables({ limit: 9, ...(metadata && { metadata }) })
      return found.map(({ name }) => name.name)
    }
    assert.deepEqual(await names({ contains: ['/none/', '/w"h/'] }), ['orders'])
    assert.deepEqual(await names({ contains: ['/orders/'] }), [])
    assert.deepEqual(await names({ contains: ['/metadata/', '%'] }), ['orders'])
    assert.deepEqual(await names('unknown'), ['clicks'])
  })

  test('of two patches from one version the second loses, and nothing of its list is written', async () => {
    const table = await add('orders')
    const other = await add('other')
    await applyAll(stores(), [patchTable(table, { plannedAt: at(1) })])
    const lost = patchTable(table, { plannedAt: at(2) })
    const outcome = await stores().state.apply([patchTable(other, { plannedAt: at(3) }), lost])
    assert.deepEqual(outcome, { kind: 'lost', change: lost })
    assert.equal((await reloadTable(stores(), table)).plannedAt, at(1))
    assert.deepEqual(await reloadTable(stores(), other), other)
  })

  test('a change of phase that the transition table does not know is refused', async () => {
    const table = await add('orders')
    const wrong = patchTable(table, { state: { phase: 'committing', since: T0, type: 'minor', processId: PROCESS_1 } })
    await assert.rejects(stores().state.apply([wrong]), /goes from idle to committing/)
    assert.deepEqual(await reloadTable(stores(), table), table)
  })

  test('tables are shown in pages, found by text in their names and by what they do, the busiest first', async () => {
    const tables = [await add('Orders'), await add('orders%'), await add('clicks'), await add('views')] as const
    const elsewhere = await stores().tables.addTable({
      name: { catalog: 'lake', namespace: ['finance'], name: 'orders' },
      format: 'ICEBERG',
      createdAt: T0,
    })
    await applyAll(stores(), [
      patchTable(tables[1], { state: { phase: 'pending', since: at(1) } }),
      patchTable(tables[2], { state: { phase: 'pending', since: at(2) } }),
      patchTable(elsewhere, { settings: { ...elsewhere.settings, group: 'big' } }),
    ])
    await startProcess(stores(), 'running', PROCESS_1, 1)
    const page = async (query: Partial<TablePageQuery>) => {
      const found = await stores().tables.pageTables({ order: 'found', offset: 0, limit: 9, ...query })
      return [found.total, found.tables.map(({ name }) => name.name).join(' ')]
    }
    const all = 'running clicks orders% Orders views orders'
    assert.deepEqual(await page({ order: 'busiest' }), [6, all])
    assert.deepEqual(await page({ order: 'busiest', offset: 1, limit: 2 }), [6, 'clicks orders%'])
    assert.deepEqual(await page({ offset: 4 }), [6, 'orders running'])
    assert.deepEqual(await page({ offset: 6 }), [6, ''])
    assert.deepEqual(await page({ nameContains: 'orders' }), [2, 'orders% orders'])
    assert.deepEqual(await page({ nameContains: '%' }), [1, 'orders%'])
    assert.deepEqual(await page({ databaseContains: 'sales.eu.n', nameContains: 'click' }), [1, 'clicks'])
    assert.deepEqual(await page({ databaseContains: '' }), [6, 'Orders orders% clicks views orders running'])
    assert.deepEqual(await page({ databaseContains: '"' }), [0, ''])
    assert.deepEqual(await page({ group: 'big' }), [1, 'orders'])
    assert.deepEqual(await page({ activities: ['minor'] }), [1, 'running'])
    assert.deepEqual(await page({ activities: ['major', 'pending'], limit: 1 }), [2, 'orders%'])
    assert.deepEqual(await page({ activities: [] }), [0, ''])
  })

  test('tables are listed in pages, by catalog, group and phase, and counted', async () => {
    const tables = [await add('a'), await add('b'), await add('c')] as const
    await applyAll(stores(), [
      patchTable(tables[1], { settings: { ...tables[1].settings, group: 'big' } }),
      patchTable(tables[2], { state: { phase: 'pending', since: at(1) } }),
    ])
    const names = async (query: Parameters<Stores['tables']['listTables']>[0]) =>
      (await stores().tables.listTables(query)).map((table) => table.name.name)
    assert.deepEqual(await names({ limit: 2 }), ['a', 'b'])
    assert.deepEqual(await names({ limit: 2, after: tables[1].tableId }), ['c'])
    assert.deepEqual(await names({ limit: 9, group: 'big' }), ['b'])
    assert.deepEqual(await names({ limit: 9, phases: ['pending', 'executing'] }), ['c'])
    assert.deepEqual(await names({ limit: 9, catalog: 'lake' }), ['a', 'b', 'c'])
    assert.deepEqual(await names({ limit: 9, catalog: 'other' }), [])
    assert.deepEqual(await names({ limit: 9, outside: ['lake', 'other'] }), [])
    assert.deepEqual(await names({ limit: 9, outside: ['other'] }), ['a', 'b', 'c'])
    assert.deepEqual(await names({ limit: 9, outside: [] }), ['a', 'b', 'c'])
    const { tableId, name } = tables[1]
    assert.deepEqual(await stores().tables.listTableNames({ limit: 9, group: 'big' }), [{ tableId, name }])
    const pending = await stores().tables.listPending({ group: 'default', limit: 9 })
    const [found] = await stores().tables.listTables({ limit: 9, phases: ['pending'] })
    assert.ok(found)
    assert.deepEqual(pending, [pendingPart(found)])
    assert.deepEqual(await stores().tables.listPending({ group: 'default', limit: 9, after: found.tableId }), [])
    assert.deepEqual(await stores().tables.listPending({ group: 'big', limit: 9 }), [])
    assert.deepEqual(await stores().tables.listPending({ group: 'default', limit: 9, outside: ['lake'] }), [])
    assert.deepEqual(await stores().tables.listPending({ group: 'default', limit: 9, outside: ['other'] }), pending)
    const requests = { group: 'default', limit: 9, isRequested: true } as const
    assert.deepEqual(await stores().tables.listPending(requests), [])
    const request = { type: 'full', requestedAt: T0 } as const
    await applyAll(stores(), [patchTable(found, { request })])
    assert.deepEqual(
      (await stores().tables.listPending(requests)).map((table) => [table.tableId, table.request]),
      [[found.tableId, request]],
    )
    const counts = (await stores().tables.countPhases()).map(({ group, phase, tables }) => [group, phase, tables])
    assert.deepEqual(counts.sort(compareText), [
      ['big', 'idle', 1],
      ['default', 'idle', 1],
      ['default', 'pending', 1],
    ])
  })

  test('tables are looked up together with their pointers in the catalogs of the service', async () => {
    const own = await add('orders')
    const unpointed = await add('clicks')
    const view = await add('views')
    const name = { catalog: 'metastore', namespace: ['sales'], name: 'events' }
    const foreign = await stores().tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
    const { catalogs, pointers } = stores()
    await catalogs.saveCatalog({ name: own.name.catalog, type: 'ams', properties: {} })
    // It was one of the service's own before.
    await catalogs.saveCatalog({ name: name.catalog, type: 'ams', properties: {} })
    for (const { name: each, kind } of [
      { ...own, kind: 'table' },
      { ...view, kind: 'view' },
      { name, kind: 'table' },
    ] as const) {
      for (let depth = 1; depth <= each.namespace.length; depth += 1) {
        await pointers.addNamespace(each.catalog, each.namespace.slice(0, depth), {})
      }
      assert.equal(await pointers.addPointer({ kind, ...each, metadataLocation: `s3://b/${each.name}.json` }), 'added')
    }
    const found = async (ids: readonly TableId[]) => {
      const pointed = await stores().tables.listPointed(ids)
      return pointed.map((each) => [each.table, each.ownLocation])
    }
    const all = [own, unpointed, view, foreign]
    assert.deepEqual(await found(all.map(({ tableId }) => tableId).toReversed()), [
      [own, 's3://b/orders.json'],
      [unpointed, undefined],
      [view, undefined],
      [foreign, 's3://b/events.json'],
    ])
    await catalogs.removeCatalog(name.catalog)
    await catalogs.saveCatalog({ name: name.catalog, type: 'hive', properties: {} })
    assert.deepEqual(await found([foreign.tableId, 999_999 as TableId]), [[foreign, undefined]])
    assert.deepEqual(await found([]), [])
  })

  test('clocks are kept for each partition and type', async () => {
    const table = await add('orders')
    const key = 'a "partition" key'.padEnd(2000, 'x')
    const set = (partitionKeys: readonly string[], type: 'minor' | 'full', ms: number): StateChange => ({
      kind: 'set-clocks',
      tableId: table.tableId,
      partitionKeys,
      type,
      at: at(ms),
    })
    await applyAll(stores(), [set(['p', key], 'minor', 1)])
    await applyAll(stores(), [set([key], 'full', 2), set([key], 'minor', 3)])
    const clocks = await stores().tables.listClocks(table.tableId)
    assert.deepEqual([...clocks].sort(compareText), [
      [key, { minor: at(3), major: 0, full: at(2) }],
      ['p', { minor: at(1), major: 0, full: 0 }],
    ])
  })

  test('a table takes another name with all that is known of it, unless another has it or somebody was faster', async () => {
    const { table } = await startProcess(stores(), 'orders', PROCESS_1, 1)
    const pause = { since: at(4) }
    await applyAll(stores(), [patchTable(table, { pause })])
    const clocks = {
      kind: 'set-clocks',
      tableId: table.tableId,
      partitionKeys: ['p0'],
      type: 'full',
      at: at(4),
    } as const
    await applyAll(stores(), [clocks])
    const before = await reloadTable(stores(), table)
    const taken = await add('taken')
    const rename = (name: TableName): StateChange => ({
      kind: 'rename-table',
      tableId: table.tableId,
      from: tableGuard(before),
      name,
    })
    assert.equal((await stores().state.apply([rename(taken.name)])).kind, 'lost')
    assert.deepEqual(await reloadTable(stores(), table), before)
    const name = { catalog: 'lake', namespace: ['archive', 'ä'], name: 'purchases' }
    await applyAll(stores(), [rename(name)])
    assert.equal((await stores().state.apply([rename({ ...name, name: 'late' })])).kind, 'lost')
    const renamed = { ...before, name, version: before.version + 1 }
    assert.deepEqual(await stores().tables.findTableByName(name), renamed)
    assert.deepEqual(await reloadTable(stores(), table), renamed)
    assert.equal(await stores().tables.findTableByName(table.name), undefined)
    assert.equal((await stores().tables.listClocks(table.tableId)).get('p0')?.full, at(4))
    await applyAll(stores(), [
      { kind: 'remove-table', tableId: taken.tableId, from: tableGuard(taken) },
      { kind: 'rename-table', tableId: table.tableId, from: tableGuard(renamed), name: taken.name },
    ])
    assert.equal((await stores().tables.findTableByName(taken.name))?.tableId, table.tableId)
  })

  test('tables are found by the UUID that was evaluated last', async () => {
    const [first, second] = [await add('a'), await add('b')]
    const evaluate = async (table: ManagedTable, tableUuid: string) => {
      const evaluation = buildEvaluation({ tableUuid })
      await applyAll(stores(), [patchTable(await reloadTable(stores(), table), { evaluation })])
      assert.deepEqual((await reloadTable(stores(), table)).evaluation, evaluation)
    }
    const uuid = 'x'.repeat(999)
    const found = async () =>
      (await stores().tables.listTables({ catalog: 'lake', tableUuid: uuid, limit: 9 })).map(({ tableId }) => tableId)
    assert.deepEqual(await found(), [])
    await evaluate(first, uuid)
    await evaluate(second, uuid)
    assert.deepEqual(await found(), [first.tableId, second.tableId])
    await evaluate(first, 'y')
    assert.deepEqual(await found(), [second.tableId])
  })

  test('a removed table is gone with its clocks, and its name can be used again', async () => {
    const table = await add('orders')
    await applyAll(stores(), [
      { kind: 'set-clocks', tableId: table.tableId, partitionKeys: ['p'], type: 'minor', at: T0 },
      { kind: 'remove-table', tableId: table.tableId, from: { version: table.version, phase: 'idle' } },
    ])
    assert.equal(await stores().tables.findTable(table.tableId), undefined)
    const again = await add('orders')
    assert.notEqual(again.tableId, table.tableId)
    assert.equal((await stores().tables.listClocks(again.tableId)).size, 0)
  })
}

function pendingPart(table: ManagedTable): PendingTable {
  const { format: _, createdAt: _created, evaluation: _evaluation, evaluatedAt: _at, ...rest } = table
  const { refreshFailure: _failure, emptyPlan: _plan, optimizedSnapshotId: _snapshot, ...decisive } = rest
  const { lastRequest: _last, ...pending } = decisive
  return pending
}
