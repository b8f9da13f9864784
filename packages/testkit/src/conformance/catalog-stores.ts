import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import type { OpenedStores } from './stores.ts'

/** What every implementation of the catalog stores must do. */
export function catalogStoresConformance(name: string, open: () => Promise<OpenedStores>): void {
  const holder: { opened?: OpenedStores } = {}
  const stores = () => {
    assert.ok(holder.opened)
    return holder.opened.stores
  }
  const renew = async () => {
    await holder.opened?.close()
    holder.opened = await open()
  }

  describe(`${name}: catalogs`, () => {
    beforeEach(renew)
    after(async () => holder.opened?.close())
    catalogConformance(stores)
  })
  describe(`${name}: dropped tables`, () => {
    beforeEach(renew)
    after(async () => holder.opened?.close())
    dropsConformance(stores)
  })
  describe(`${name}: answered requests`, () => {
    beforeEach(renew)
    after(async () => holder.opened?.close())
    answersConformance(stores)
  })
  describe(`${name}: principals`, () => {
    beforeEach(renew)
    after(async () => holder.opened?.close())
    principalConformance(stores)
  })
  describe(`${name}: metrics reports`, () => {
    beforeEach(renew)
    after(async () => holder.opened?.close())
    reportConformance(stores)
  })
  describe(`${name}: table pointers`, () => {
    beforeEach(renew)
    after(async () => holder.opened?.close())
    pointerConformance(stores)
  })
}

function catalogConformance(stores: () => OpenedStores['stores']) {
  test('catalogs are saved, replaced, listed and removed', async () => {
    const lake = { name: 'lake', type: 'ams', properties: { warehouse: 'file:///lake' } } as const
    await stores().catalogs.saveCatalog(lake)
    await stores().catalogs.saveCatalog({ ...lake, properties: { warehouse: 's3://b' } })
    await stores().catalogs.saveCatalog({ name: 'files', type: 'filesystem', properties: {} })
    assert.deepEqual(await stores().catalogs.findCatalog('lake'), { ...lake, properties: { warehouse: 's3://b' } })
    assert.deepEqual(
      (await stores().catalogs.listCatalogs()).map((catalog) => catalog.name),
      ['files', 'lake'],
    )
    await stores().catalogs.removeCatalog('lake')
    assert.equal(await stores().catalogs.findCatalog('lake'), undefined)
  })

  test('all of a catalog is replaced but its type', async () => {
    const full = {
      name: 'far',
      type: 'glue',
      properties: { warehouse: 's3://b' },
      storageConfig: { 'storage.type': 'S3' },
      authConfig: { 'auth.type': 'ak/sk' },
      sealedSecrets: { 'authConfig/auth.ak_sk.secret_key': 'sealed' },
    } as const
    await stores().catalogs.saveCatalog(full)
    assert.deepEqual(await stores().catalogs.listCatalogs(), [full])
    const rest = { name: 'far', type: 'rest', properties: { uri: 'http://h' } } as const
    await stores().catalogs.saveCatalog(rest)
    assert.deepEqual(await stores().catalogs.findCatalog('far'), { ...rest, type: 'glue' })
  })
}

function dropsConformance(stores: () => OpenedStores['stores']) {
  const table = {
    kind: 'table',
    catalog: 'lake',
    namespace: ['sales'],
    name: 'orders',
    metadataLocation: '/t/m1',
  } as const
  const at = (ms: number) => ms as EpochMs
  const drop = { dropId: 'd1', droppedAt: at(10), purgeAt: at(100), purgesFiles: true }

  test('a dropped name is free, and what had it can be had back under any free name', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    await pointers.addPointer(table)
    assert.equal(await drops.dropPointer({ ...table, kind: 'view' }, drop), undefined)
    assert.deepEqual(await drops.dropPointer(table, drop), { ...table, ...drop })
    assert.equal(await drops.dropPointer(table, { ...drop, dropId: 'd2' }), undefined)
    assert.equal(await pointers.findPointer('lake', ['sales'], 'orders'), undefined)
    assert.deepEqual(await drops.findDropped('lake', 'd1'), { ...table, ...drop })
    assert.equal(await drops.findDropped('other', 'd1'), undefined)
    await pointers.addPointer({ ...table, metadataLocation: '/u/m1' })
    const restore = (namespace: readonly string[], name: string, dropId = 'd1') =>
      drops.restoreDropped('lake', dropId, { namespace, name })
    assert.equal(await restore(['sales'], 'orders'), 'exists')
    assert.equal(await restore(['none'], 'orders'), 'no-namespace')
    assert.equal(await restore(['sales'], 'again', 'd9'), 'absent')
    assert.equal(await restore(['sales'], 'again'), 'restored')
    assert.equal(await restore(['sales'], 'more'), 'absent')
    assert.deepEqual(await pointers.findPointer('lake', ['sales'], 'again'), { ...table, name: 'again' })
  })

  test('drops are listed, fall due, and are forgotten', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    for (const [index, name] of ['a', 'b', 'c'].entries()) {
      const each = { ...table, name, metadataLocation: `/t/${name}/m1` }
      await pointers.addPointer(each)
      await drops.dropPointer(each, {
        dropId: name,
        droppedAt: at(index),
        purgeAt: at(100 - index),
        purgesFiles: false,
      })
    }
    const names = (found: readonly { readonly name: string }[]) => found.map(({ name }) => name).join('')
    assert.equal(names(await drops.listDropped('lake', { offset: 0, limit: 2 })), 'cb')
    assert.equal(names(await drops.listDropped('lake', { offset: 2, limit: 2 })), 'a')
    assert.equal(names(await drops.listDropped('other', { offset: 0, limit: 2 })), '')
    assert.equal(names(await drops.listDueDrops(at(99), 10)), 'cb')
    assert.equal(names(await drops.listDueDrops(at(99), 1)), 'c')
    await drops.forgetDropped('c')
    assert.equal(names(await drops.listDueDrops(at(99), 10)), 'b')
  })

  test('a table below a location is found, dropped or not', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    await pointers.addPointer({ ...table, name: 'a', metadataLocation: '/t/a/m_%1' })
    await pointers.addPointer({ ...table, name: 'b', metadataLocation: '/t/b/m1' })
    await pointers.addPointer({ ...table, name: 'c', metadataLocation: '/t/𠮷野家/m1' })
    assert.equal((await drops.findPointerUnder(['/t/𠮷野家/'], 'd1'))?.name, 'c')
    await drops.dropPointer({ ...table, name: 'b' }, drop)
    assert.equal((await drops.findPointerUnder(['/x/', '/t/a/m_%'], 'd1'))?.name, 'a')
    assert.equal((await drops.findPointerUnder(['/t/b/'], 'd9'))?.name, 'b')
    assert.equal(await drops.findPointerUnder(['/t/b/', '/T/', '/t/a/mx'], 'd1'), undefined)
  })
}

function answersConformance(stores: () => OpenedStores['stores']) {
  test('an answer is kept until it expires, and the first one stays', async () => {
    const { answers } = stores()
    const at = (ms: number) => ms as EpochMs
    const first = { keyHash: 'k', requestHash: 'r', status: 200, content: '{"a":"ä"}', expiresAt: at(100) }
    await answers.saveAnswer(first, at(0))
    await answers.saveAnswer({ ...first, status: 409 }, at(50))
    assert.deepEqual(await answers.findAnswer('k', at(99)), first)
    assert.equal(await answers.findAnswer('k', at(100)), undefined)
    assert.equal(await answers.findAnswer('other', at(0)), undefined)
    const second = { ...first, status: 204, expiresAt: at(200) }
    await answers.saveAnswer(second, at(100))
    assert.deepEqual(await answers.findAnswer('k', at(150)), second)
    await answers.saveAnswer({ ...first, keyHash: 'l' }, at(0))
    assert.equal(await answers.removeExpired(at(150), 10), 1)
    assert.equal(await answers.removeExpired(at(150), 10), 0)
    assert.deepEqual(await answers.findAnswer('k', at(150)), second)
  })
}

function principalConformance(stores: () => OpenedStores['stores']) {
  const at = (ms: number) => ms as EpochMs
  const etl = {
    name: 'etl',
    grants: [{ role: 'editor', place: { catalog: 'lake', namespace: ['sales'] } }],
    createdAt: at(1),
  } as const
  const credential = {
    id: 'c1',
    principal: 'etl',
    secretHash: 'h1',
    note: 'of the "nightly" job',
    createdAt: at(5),
    expiresAt: at(9),
  }

  test('principals are saved, given other grants, listed and removed', async () => {
    const { principals } = stores()
    await principals.savePrincipal(etl)
    await principals.savePrincipal({ ...etl, name: 'bi', grants: [] })
    await principals.savePrincipal({ ...etl, grants: [{ role: 'viewer', place: {} }], createdAt: at(7) })
    const changed = { ...etl, grants: [{ role: 'viewer', place: {} }] }
    assert.deepEqual(await principals.findPrincipal('etl'), changed)
    assert.deepEqual(await principals.listPrincipals(), [{ ...etl, name: 'bi', grants: [] }, changed])
    assert.equal(await principals.removePrincipal('etl'), true)
    assert.equal(await principals.removePrincipal('etl'), false)
    assert.equal(await principals.findPrincipal('etl'), undefined)
  })

  test('a credential is found with its owner, and goes with it', async () => {
    const { principals } = stores()
    assert.equal(await principals.addCredential(credential), false)
    await principals.savePrincipal(etl)
    const lasting = { ...credential, id: 'c0', createdAt: at(6), expiresAt: undefined }
    for (const each of [lasting, credential]) assert.equal(await principals.addCredential(each), true)
    assert.deepEqual(await principals.findCredential('c1'), { credential, principal: etl })
    assert.deepEqual(await principals.listCredentials('etl'), [credential, lasting])
    assert.equal(await principals.removeCredential('bi', 'c1'), false)
    assert.equal(await principals.removeCredential('etl', 'c1'), true)
    assert.equal(await principals.findCredential('c1'), undefined)
    await principals.removePrincipal('etl')
    await principals.savePrincipal(etl)
    assert.equal(await principals.findCredential('c0'), undefined)
    assert.deepEqual(await principals.listCredentials('etl'), [])
  })
}

function reportConformance(stores: () => OpenedStores['stores']) {
  test('reports are listed by table and kind, newest first, and removed by age', async () => {
    const { reports } = stores()
    const table = { catalog: 'lake', namespace: ['sales', 'eu.north'], name: 'orders "2026"' }
    const report = (at: number, kind: 'scan' | 'commit', of = table) => ({
      reportId: `r${at}`,
      table: of,
      kind,
      snapshotId: 9_007_199_254_740_993n,
      principal: 'etl',
      receivedAt: at as EpochMs,
      report: '{"filter":"ä"}',
    })
    await reports.addReports([])
    await reports.addReports([report(1, 'scan'), report(2, 'commit'), report(3, 'scan')])
    await reports.addReports([report(4, 'scan', { ...table, namespace: ['sales.eu', 'north'] })])
    const page = { offset: 0, limit: 10 }
    assert.deepEqual(await reports.listReports(table, page), {
      reports: [report(3, 'scan'), report(2, 'commit'), report(1, 'scan')],
      total: 3,
    })
    assert.deepEqual(await reports.listReports(table, { kind: 'scan', offset: 1, limit: 1 }), {
      reports: [report(1, 'scan')],
      total: 2,
    })
    assert.equal(await reports.removeReports(3 as EpochMs, 1), 1)
    assert.equal(await reports.removeReports(3 as EpochMs, 10), 1)
    assert.deepEqual((await reports.listReports(table, page)).total, 1)
  })
}

function pointerConformance(stores: () => OpenedStores['stores']) {
  const page = { limit: 10 }
  const table = {
    kind: 'table',
    catalog: 'lake',
    namespace: ['sales'],
    name: 'orders',
    metadataLocation: 'v1',
  } as const

  test('namespaces nest, page, and keep odd names apart', async () => {
    const { pointers } = stores()
    const names = [['sales'], ['sales.eu'], ['sales', 'eu'], ['__proto__'], ['S ä"les']]
    for (const namespace of names) assert.equal(await pointers.addNamespace('lake', namespace, { owner: 'a' }), true)
    assert.equal(await pointers.addNamespace('lake', ['sales'], {}), false)
    assert.deepEqual(await pointers.findNamespace('lake', ['sales', 'eu']), { owner: 'a' })
    assert.equal(await pointers.findNamespace('other', ['sales']), undefined)
    assert.deepEqual(await pointers.listNamespaces('lake', [], page), [
      ['S ä"les'],
      ['__proto__'],
      ['sales'],
      ['sales.eu'],
    ])
    assert.deepEqual(await pointers.listNamespaces('lake', [], { after: '__proto__', limit: 1 }), [['sales']])
    assert.deepEqual(await pointers.listNamespaces('lake', ['sales'], page), [['sales', 'eu']])
  })

  test('properties are swapped only from what they were', async () => {
    const { pointers } = stores()
    await pointers.addNamespace('lake', ['sales'], { a: '1', b: '2' })
    const swap = (expected: Record<string, string>) =>
      pointers.swapNamespaceProperties('lake', ['sales'], expected, { a: '3' })
    assert.equal(await swap({ a: '0', b: '2' }), false)
    assert.equal(await swap({ b: '2', a: '1' }), true)
    assert.deepEqual(await pointers.findNamespace('lake', ['sales']), { a: '3' })
  })

  test('a namespace with anything in it stays', async () => {
    const { pointers } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    await pointers.addNamespace('lake', ['sales', 'eu'], {})
    assert.equal(await pointers.removeNamespace('lake', ['sales']), 'not-empty')
    await pointers.removeNamespace('lake', ['sales', 'eu'])
    await pointers.addPointer(table)
    assert.equal(await pointers.removeNamespace('lake', ['sales']), 'not-empty')
    await pointers.removePointer('lake', ['sales'], 'orders', 'table')
    assert.equal(await pointers.removeNamespace('lake', ['sales']), 'removed')
    assert.equal(await pointers.removeNamespace('lake', ['sales']), 'absent')
  })

  test('of two swaps from one pointer one wins', async () => {
    const { pointers } = stores()
    assert.equal(await pointers.addPointer(table), 'no-namespace')
    await pointers.addNamespace('lake', ['sales'], {})
    assert.equal(await pointers.addPointer(table), 'added')
    assert.equal(await pointers.addPointer({ ...table, metadataLocation: 'v9' }), 'exists')
    const won = await Promise.all(['v2', 'v3'].map((next) => pointers.swapPointer(table, next)))
    assert.deepEqual(won, [true, false])
    assert.equal((await pointers.findPointer('lake', ['sales'], 'orders'))?.metadataLocation, 'v2')
    assert.equal(await pointers.swapPointer({ ...table, name: 'absent' }, 'v2'), false)
  })

  test('a table is renamed within its catalog, and removed once', async () => {
    const { pointers } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    await pointers.addNamespace('lake', ['old'], {})
    await pointers.addPointer(table)
    await pointers.addPointer({ ...table, name: 'taken' })
    const rename = (namespace: string[], name: string) => pointers.renamePointer(table, { namespace, name })
    assert.equal(await rename(['none'], 'x'), 'no-namespace')
    assert.equal(await rename(['sales'], 'taken'), 'exists')
    assert.equal(await rename(['old'], 'orders'), 'renamed')
    assert.equal(await rename(['old'], 'orders'), 'absent')
    assert.deepEqual(await pointers.listPointers('lake', ['old'], 'table', page), [{ ...table, namespace: ['old'] }])
    assert.deepEqual(
      (await pointers.listPointers('lake', ['sales'], 'table', page)).map(({ name }) => name),
      ['taken'],
    )
    assert.equal(await pointers.removePointer('lake', ['old'], 'orders', 'table'), true)
    assert.equal(await pointers.removePointer('lake', ['old'], 'orders', 'table'), false)
  })

  test('changes of pointers are all made or none', async () => {
    const { pointers } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    const items = { ...table, name: 'items' }
    const fresh = { ...table, name: 'fresh' }
    await pointers.addPointer(table)
    await pointers.addPointer(items)
    const to = (before: typeof table | typeof items, metadataLocation: string) => ({
      before,
      after: { ...before, metadataLocation },
    })
    const stale = { before: { ...items, metadataLocation: 'v0' }, after: items }
    assert.equal(await pointers.changePointers([to(table, 'v2'), { after: fresh }, stale]), false)
    assert.equal(await pointers.changePointers([to(table, 'v2'), { after: items }]), false)
    const nowhere = { after: { ...fresh, namespace: ['none'] } }
    assert.equal(await pointers.changePointers([to(table, 'v2'), nowhere]), false)
    assert.deepEqual(await pointers.listPointers('lake', ['sales'], 'table', page), [items, table])
    assert.equal(await pointers.changePointers([to(table, 'v2'), { after: fresh }, to(items, 'v3')]), true)
    const locations = (await pointers.listPointers('lake', ['sales'], 'table', page)).map(
      (each) => each.metadataLocation,
    )
    assert.deepEqual(locations, ['v1', 'v3', 'v2'])
  })

  test('tables and views share names, and are listed and removed as what they are', async () => {
    const { pointers } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    const view = { ...table, kind: 'view', name: 'best' } as const
    assert.equal(await pointers.addPointer(table), 'added')
    assert.equal(await pointers.addPointer({ ...view, name: 'orders' }), 'exists')
    assert.equal(await pointers.addPointer(view), 'added')
    assert.deepEqual(await pointers.findPointer('lake', ['sales'], 'best'), view)
    assert.deepEqual(await pointers.listPointers('lake', ['sales'], 'table', page), [table])
    assert.deepEqual(await pointers.listPointers('lake', ['sales'], 'view', page), [view])
    assert.equal(await pointers.swapPointer(view, 'v2'), true)
    assert.equal(await pointers.removePointer('lake', ['sales'], 'best', 'table'), false)
    assert.equal(await pointers.removeNamespace('lake', ['sales']), 'not-empty')
    assert.equal(await pointers.removePointer('lake', ['sales'], 'best', 'view'), true)
  })
}
