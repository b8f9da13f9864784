import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import type { ClaimedPointers } from '@moraine/catalogs/internal/claimed-pointers'
import { claimLost, isClaimLost, type RequestClaim } from '@moraine/catalogs/request-claim'
import type { Grant } from '@moraine/management/access/grant'
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

  const withLake = () => stores().catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })

  describe(`${name}: catalogs`, () => {
    beforeEach(renew)
    after(async () => holder.opened?.close())
    catalogConformance(stores)
  })
  describe(`${name}: dropped tables`, () => {
    beforeEach(renew)
    after(async () => holder.opened?.close())
    beforeEach(withLake)
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
  describe(`${name}: uploaded files`, () => {
    beforeEach(renew)
    after(async () => holder.opened?.close())
    uploadConformance(stores)
  })
  describe(`${name}: table pointers`, () => {
    beforeEach(renew)
    after(async () => holder.opened?.close())
    beforeEach(withLake)
    pointerConformance(stores)
  })
}

function catalogConformance(stores: () => OpenedStores['stores']) {
  const lake = { name: 'lake', type: 'ams', properties: { warehouse: 'file:///lake' } } as const
  const find = async (name: string) => {
    const found = await stores().catalogs.findCatalog(name)
    assert.ok(found)
    const { version, ...catalog } = found
    assert.equal(await stores().catalogs.findCatalogVersion(name), version)
    return { version, catalog }
  }

  test('catalogs are saved, replaced, listed and removed', async () => {
    await stores().catalogs.saveCatalog(lake)
    await stores().catalogs.saveCatalog({ ...lake, properties: { warehouse: 's3://b' } })
    await stores().catalogs.saveCatalog({ name: 'files', type: 'filesystem', properties: {} })
    assert.deepEqual((await find('lake')).catalog, { ...lake, properties: { warehouse: 's3://b' } })
    assert.deepEqual(
      (await stores().catalogs.listCatalogs()).map((catalog) => catalog.name),
      ['files', 'lake'],
    )
    assert.equal(await stores().catalogs.removeCatalog('lake'), 'removed')
    assert.equal(await stores().catalogs.removeCatalog('lake'), 'absent')
    assert.equal(await stores().catalogs.findCatalog('lake'), undefined)
    assert.equal(await stores().catalogs.findCatalogVersion('lake'), undefined)
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
    const { version, catalog } = await find('far')
    assert.deepEqual(catalog, full)
    assert.deepEqual(await stores().catalogs.listCatalogs(), [{ ...full, version }])
    const rest = { name: 'far', type: 'rest', properties: { uri: 'http://h' } } as const
    await stores().catalogs.saveCatalog(rest)
    assert.deepEqual((await find('far')).catalog, { ...rest, type: 'glue' })
  })

  test('of two who add one name, in whatever case, one does', async () => {
    const { catalogs } = stores()
    const names = ['lake', 'Lake', 'lake', 'LAKE']
    const taken = await Promise.all(names.map((name) => catalogs.addCatalog({ ...lake, name })))
    const added = names.filter((_, at) => taken[at] === undefined)
    assert.equal(added.length, 1)
    assert.deepEqual(new Set(taken), new Set([undefined, ...added]))
    assert.equal(await catalogs.addCatalog({ ...lake, name: 'lakes' }), undefined)
  })

  test('of two who change one version, one does; no version comes again', async () => {
    const { catalogs } = stores()
    await catalogs.addCatalog(lake)
    const versions = [(await find('lake')).version]
    const swap = (owner: string) => catalogs.swapCatalog(versions[0] ?? -1, { ...lake, properties: { owner } })
    const swapped = await Promise.all([swap('a'), swap('b')])
    assert.equal(swapped.filter((isMade) => isMade).length, 1)
    versions.push((await find('lake')).version)
    assert.equal(await catalogs.swapCatalog(1, { ...lake, name: 'absent' }), false)
    await catalogs.saveCatalog(lake)
    versions.push((await find('lake')).version)
    await catalogs.removeCatalog('lake')
    await catalogs.addCatalog(lake)
    versions.push((await find('lake')).version)
    assert.equal(new Set(versions).size, 4)
  })

  test('a catalog is removed as it was seen, and as far as it is empty', async () => {
    const { catalogs, pointers } = stores()
    await catalogs.addCatalog(lake)
    const { version } = await find('lake')
    await pointers.addNamespace('lake', ['sales'], {})
    assert.equal(await catalogs.removeCatalog('lake', { version, isEmpty: true }), 'not-empty')
    await pointers.removeNamespace('lake', ['sales'])
    await catalogs.saveCatalog(lake)
    assert.equal(await catalogs.removeCatalog('lake', { version, isEmpty: true }), 'changed')
    const now = await find('lake')
    assert.equal(await catalogs.removeCatalog('lake', { version: now.version, isEmpty: true }), 'removed')
  })

  test('no namespace outlives its catalog, also where it is added while that is removed', async () => {
    const { catalogs, pointers } = stores()
    for (let round = 0; round < 10; round += 1) {
      await catalogs.addCatalog(lake)
      const { version } = await find('lake')
      const removal = () => catalogs.removeCatalog('lake', { version, isEmpty: true })
      const addition = () => pointers.addNamespace('lake', ['sales'], {})
      const [first, second] = round % 2 === 0 ? [removal(), addition()] : [addition(), removal()]
      const outcomes = [await first, await second].sort()
      const isThere = (await catalogs.findCatalog('lake')) !== undefined
      assert.deepEqual(outcomes, isThere ? ['added', 'not-empty'] : ['no-parent', 'removed'])
      assert.equal((await pointers.findNamespace('lake', ['sales'])) !== undefined, isThere)
      await pointers.removeNamespace('lake', ['sales'])
      await catalogs.removeCatalog('lake')
    }
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
    assert.equal(
      await drops.dropPointer({ ...table, metadataLocation: '/t/m0' }, drop),
      undefined,
      'it was committed to',
    )
    assert.deepEqual(await drops.dropPointer(table, drop), { ...table, ...drop })
    assert.equal(await drops.dropPointer(table, { ...drop, dropId: 'd2' }), undefined)
    assert.equal(await pointers.findPointer('lake', ['sales'], 'orders'), undefined)
    assert.deepEqual(await drops.findDropped('lake', 'd1'), { ...table, ...drop })
    assert.equal(await drops.findDropped('other', 'd1'), undefined)
    await pointers.addPointer({ ...table, metadataLocation: '/u/m1' })
    const restore = (namespace: readonly string[], name: string, dropId = 'd1', now = 99) =>
      drops.restoreDropped('lake', dropId, { namespace, name }, at(now))
    assert.equal(await restore(['sales'], 'again', 'd1', 100), 'absent', 'its time is over')
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

  test('what was dropped under a name is found by it, until it is being purged', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    await pointers.addNamespace('lake', ['sales', 'eu'], {})
    const found = async (named: Parameters<typeof drops.findDroppedNamed>[0]) =>
      (await drops.findDroppedNamed(named)).map(({ dropId }) => dropId)
    const others = [
      { ...table, name: 'Orders', metadataLocation: '/t/2/m' },
      { ...table, namespace: ['sales', 'eu'], metadataLocation: '/t/3/m' },
    ]
    for (const [index, other] of others.entries()) {
      await pointers.addPointer(other)
      await drops.dropPointer(other, { ...drop, dropId: `other${index}` })
    }
    assert.deepEqual(await found(table), [])
    const view = { ...table, kind: 'view', metadataLocation: '/v/m' } as const
    await pointers.addPointer(table)
    await drops.dropPointer(table, drop)
    await pointers.addPointer(view)
    await drops.dropPointer(view, { ...drop, dropId: 'd2', droppedAt: at(20) })
    assert.deepEqual(await drops.findDroppedNamed(table), [
      { ...view, ...drop, dropId: 'd2', droppedAt: at(20) },
      { ...table, ...drop },
    ])
    assert.deepEqual(await found({ ...table, catalog: 'other' }), [])
    await drops.claimPurge('d2', at(100))
    assert.deepEqual(await found(table), ['d1'])
  })

  test('a purge that has begun is not undone, and goes on', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    await pointers.addPointer(table)
    await drops.dropPointer(table, drop)
    assert.equal(await drops.claimPurge('d1', at(99)), false, 'it can be had back')
    assert.equal(await drops.claimPurge('d9', at(100)), false)
    assert.equal(await drops.claimPurge('d1', at(100)), true)
    assert.equal(await drops.claimPurge('d1', at(100)), true, 'after a crash')
    const to = { namespace: ['sales'], name: 'orders' }
    // By a clock that is late.
    assert.equal(await drops.restoreDropped('lake', 'd1', to, at(50)), 'absent')
    assert.equal((await drops.listDropped('lake', { offset: 0, limit: 9 })).length, 1, 'its files are not all gone')
    assert.equal((await drops.listDueDrops(at(100), 9)).length, 1)
    await drops.forgetDropped('d1')
    assert.equal(await drops.claimPurge('d1', at(100)), false)
    await pointers.addPointer(table)
    await drops.dropPointer(table, drop)
    assert.equal((await drops.listDropped('lake', { offset: 0, limit: 9 })).length, 1)
    const outcomes = await Promise.all([
      drops.restoreDropped('lake', 'd1', to, at(99)),
      drops.claimPurge('d1', at(100)),
    ])
    assert.ok(outcomes[0] === 'restored' ? !outcomes[1] : outcomes[1], String(outcomes))
  })

  test('what is new under the name of something dropped may take its place, unless that is being purged', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    const placed = { ...table, metadataLocation: '/w/t/metadata/m1', places: ['/w/t'] }
    await pointers.addPointer(placed)
    await drops.dropPointer(placed, drop)
    const again = { ...placed, metadataLocation: '/w/t/metadata/n1' }
    assert.equal(await pointers.addPointer({ ...again, name: 'other' }, ['/w/t']), 'overlaps')
    assert.equal(await drops.findPointerUnder(['/w/t'], { named: table }), undefined)
    assert.equal(await pointers.addPointer(again, ['/w/t']), 'added')
    // Whoever purges what was dropped, or has it back, sees who is there now.
    assert.equal((await drops.findPointerUnder(['/w/t'], { dropId: 'd1' }))?.metadataLocation, again.metadataLocation)
    assert.equal((await drops.findPointerUnder(['/w/t']))?.metadataLocation, again.metadataLocation)
    await pointers.removePointer('lake', ['sales'], table.name, 'table')
    assert.equal(await drops.claimPurge('d1', at(100)), true)
    assert.equal(await pointers.addPointer(again, ['/w/t']), 'overlaps')
    assert.equal(await pointers.changePointers([{ after: again, apart: ['/w/t'] }]), 'overlaps')
  })

  test('a table below a location is found, dropped or not', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    await pointers.addPointer({ ...table, name: 'a', metadataLocation: '/t/a/m_%/1' })
    await pointers.addPointer({ ...table, name: 'b', metadataLocation: '/t/b/m1' })
    await pointers.addPointer({ ...table, name: 'c', metadataLocation: '/t/𠮷野家/m1' })
    assert.equal((await drops.findPointerUnder(['/t/𠮷野家/'], { dropId: 'd1' }))?.name, 'c')
    await drops.dropPointer({ ...table, name: 'b', metadataLocation: '/t/b/m1' }, drop)
    assert.equal((await drops.findPointerUnder(['/x/', '/t/a/m_%/'], { dropId: 'd1' }))?.name, 'a')
    assert.equal(await drops.findPointerUnder(['/t/a/'], { dropId: 'd1', named: { ...table, name: 'a' } }), undefined)
    assert.equal((await drops.findPointerUnder(['/t/b/'], { dropId: 'd9' }))?.name, 'b')
    assert.equal(await drops.findPointerUnder(['/t/b/', '/T/', '/t/a/mx/', '/t/a/m_%/1/'], { dropId: 'd1' }), undefined)
  })

  test('where a table lies is known however it came there', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    await pointers.addPointer({ ...table, metadataLocation: '/t/a/m1' })
    const nameIn = async (folder: string) => (await drops.findPointerUnder([folder]))?.name
    await pointers.swapPointer({ ...table, metadataLocation: '/t/a/m1' }, '/t/b/m2')
    assert.deepEqual([await nameIn('/t/a/'), await nameIn('/t/b/'), await nameIn('/')], [undefined, 'orders', 'orders'])
    const moved = { ...table, metadataLocation: '/t/b/m2' }
    assert.equal(
      await pointers.changePointers([{ before: moved, after: { ...moved, metadataLocation: '/c/m' } }]),
      'made',
    )
    await pointers.renamePointer({ ...moved, metadataLocation: '/c/m' }, { namespace: ['sales'], name: 'best' })
    assert.deepEqual([await nameIn('/t/'), await nameIn('/c/')], [undefined, 'best'])
    await drops.dropPointer({ ...table, name: 'best', metadataLocation: '/c/m' }, drop)
    await drops.restoreDropped('lake', 'd1', { namespace: ['sales'], name: 'again' }, at(0))
    assert.equal(await nameIn('/c/'), 'again')
    await drops.dropPointer({ ...table, name: 'again', metadataLocation: '/c/m' }, drop)
    await drops.forgetDropped('d1')
    assert.equal(await nameIn('/c/'), undefined)
    await pointers.addPointer({ ...table, metadataLocation: '/c/m' })
    await pointers.removePointer('lake', ['sales'], 'orders', 'table')
    assert.equal(await nameIn('/'), undefined)
  })

  test('of tables in one place one is made, also where both come at once', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    const at = (name: string, location: string, ...others: readonly string[]) => {
      const metadataLocation = `${location}/meta/m1`
      return { ...table, name, metadataLocation, places: [location, ...others] }
    }
    const put = (pointer: ReturnType<typeof at>) => pointers.addPointer(pointer, pointer.places)
    assert.deepEqual(await Promise.all([put(at('outer', '/t')), put(at('inner', '/t/u'))]), ['added', 'overlaps'])
    for (const place of ['/t', 'FILE:/t', 'File:///t/u', 'file://localhost/t/u/v', '/']) {
      assert.equal(await put(at('other', place)), 'overlaps', place)
    }
    assert.equal(await put(at('other', '/o', '/t/data')), 'overlaps')
    const change = (after: ReturnType<typeof at>) => ({ after, apart: after.places })
    const fourth = at('fourth', '/w', 's3://b/w/data')
    for (const third of [
      at('third', '/t/v'),
      at('third', '/w/x'),
      at('third', 'S3A://b/w'),
      at('third', 's3n://b/w/data/x'),
    ]) {
      assert.equal(await pointers.changePointers([change(fourth), change(third)]), 'overlaps', third.places[0])
    }
    assert.equal(await pointers.changePointers([change(fourth)]), 'made')
    const moved = at('fourth', '/w/deeper')
    const move = { before: fourth, ...change(moved) }
    assert.equal(await pointers.changePointers([move]), 'made', 'its own place is no obstacle')
    assert.deepEqual(await pointers.findPointer('lake', ['sales'], 'fourth'), moved)
    assert.equal(await put(at('beside', 's3://b/w/data')), 'added', 'it is there no more')
    assert.deepEqual(await drops.dropPointer(moved, drop), { ...moved, ...drop })
    assert.equal(await put(at('fifth', '/w')), 'overlaps', 'what was dropped can be had back')
    assert.equal(await put(at('fifth', '/w/deeper/data')), 'overlaps')
    await drops.restoreDropped('lake', 'd1', { namespace: ['sales'], name: 'back' }, 0 as EpochMs)
    assert.deepEqual(await pointers.findPointer('lake', ['sales'], 'back'), { ...moved, name: 'back' })
    assert.equal(await put(at('fifth', '/w/deeper/data')), 'overlaps')
  })

  test('a place is taken by whichever name of its store', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    const at = (name: string, location: string) => ({
      ...table,
      name,
      metadataLocation: `${location}/metadata/m1`,
      places: [location],
    })
    for (const [at0, ...others] of [
      ['hdfs://nn:8020/wh/gold', 'hdfs:///wh/gold', 'hdfs:/wh/gold', 'hdfs://ns1/wh/gold', 'webhdfs://nn:9870/wh/gold'],
      ['gs://b/wh/gold', 's3://b/wh/gold', 'gcs://b/wh'],
      ['oss://b2.oss-cn-beijing.aliyuncs.com/gold', 'oss://b2/gold', 's3a://b2/gold/data'],
      ['abfss://c@acc.dfs.core.windows.net/gold', 'wasb://c@Acc.blob.core.windows.net/gold/x'],
    ] as const) {
      const own = at(at0, at0)
      assert.equal(await pointers.addPointer(own, [at0]), 'added')
      for (const other of others) {
        assert.equal(await pointers.addPointer(at('other', other), [other]), 'overlaps', other)
        assert.equal(
          (await drops.findPointerUnder([other]))?.name ?? (await drops.findPointerAround([other]))?.name,
          at0,
        )
      }
      assert.deepEqual(await pointers.findPointer('lake', ['sales'], at0), own, 'it is kept as it was spelled')
    }
    assert.equal(await drops.findPointerUnder(['hdfs://nn:8020/wh/golden', '/wh/gold', 's3://b3/gold']), undefined)
  })

  test('folders of namespaces are nobody’s, whatever they are called', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    const at = (name: string, location: string) => ({
      ...table,
      name,
      metadataLocation: `${location}/metadata/m1`,
      places: [location],
    })
    for (const [name, location] of [
      ['a', '/w/metadata/t'],
      ['metadata', '/w/sales/metadata'],
    ] as const) {
      assert.equal(await pointers.addPointer(at(name, location), [location]), 'added')
    }
    for (const [name, location] of [
      ['b', '/w/sales/t'],
      ['c', '/w/metadata/u'],
      ['d', '/w/x'],
    ] as const) {
      assert.equal(await drops.findPointerAround([location]), undefined)
      assert.equal(await pointers.addPointer(at(name, location), [location]), 'added', location)
    }
    assert.equal((await drops.findPointerAround(['/w/sales/metadata/metadata']))?.name, 'metadata')
    assert.equal(await drops.findPointerAround(['/w', '/w/sales']), undefined)
  })

  test('a pointer of before places were kept is in the folder around its metadata, until it is changed', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    const old = { ...table, metadataLocation: 's3a://b/t/metadata/m1' }
    await pointers.addPointer(old)
    assert.equal((await drops.findPointerAround(['s3://b/t/data']))?.name, 'orders')
    const after = { ...old, metadataLocation: 's3a://b/t/metadata/m2', places: ['s3://b/t', 's3://b/data'] }
    assert.equal(await pointers.changePointers([{ before: old, after }]), 'made')
    assert.equal((await drops.findPointerAround(['s3://b/data/x']))?.name, 'orders')
    assert.equal(await pointers.swapPointer(after, 's3://b/other/m3'), true)
    assert.deepEqual(await pointers.findPointer('lake', ['sales'], 'orders'), {
      ...after,
      metadataLocation: 's3://b/other/m3',
    })
    assert.equal((await drops.findPointerUnder(['s3://b/data']))?.name, 'orders')
  })
}

function answersConformance(stores: () => OpenedStores['stores']) {
  const at = (ms: number) => ms as EpochMs
  const claimed = { kind: 'claimed' } as const
  const answer = { keyHash: 'k', requestHash: 'r', status: 200, content: '{"a":"ä"}', expiresAt: at(1_000) }
  const claimOf = (holder: string, expiresAt: number, keyHash = 'k') =>
    ({ keyHash, requestHash: 'r', holder, expiresAt: at(expiresAt) }) as const

  test('a key is claimed by one, and by another once the claim is over', async () => {
    const { answers } = stores()
    const atWork = { kind: 'at-work', requestHash: 'r' } as const
    assert.deepEqual(await answers.claimKey(claimOf('a', 100), at(0)), claimed)
    assert.deepEqual(await answers.claimKey({ ...claimOf('b', 150), requestHash: 'other' }, at(99)), atWork)
    assert.deepEqual(await answers.claimKey(claimOf('b', 150, 'l'), at(99)), claimed, 'another key')
    assert.deepEqual(await answers.claimKey(claimOf('a', 110), at(99)), claimed, 'it is theirs')
    assert.equal(await answers.renewClaim('k', 'a', at(120)), true)
    assert.deepEqual(await answers.claimKey(claimOf('b', 150), at(119)), atWork)
    assert.deepEqual(await answers.claimKey(claimOf('b', 150), at(120)), claimed)
    assert.equal(await answers.renewClaim('k', 'a', at(200)), false)
    await answers.releaseKey('k', 'a')
    assert.deepEqual(await answers.claimKey(claimOf('a', 200), at(149)), atWork)
    await answers.releaseKey('k', 'b')
    assert.deepEqual(await answers.claimKey(claimOf('a', 200), at(149)), claimed)
  })

  test('pointers and drops are changed under claims while all of them hold, and not any more then', async () => {
    const { answers, pointers, drops, catalogs, ...rest } = stores()
    const underClaims = (claims: readonly RequestClaim[]) => rest.underClaims(claims, claimLost)
    await catalogs.addCatalog({ name: 'lake', type: 'ams', properties: {} })
    await pointers.addNamespace('lake', ['n'], { a: '1' })
    const pointer = (name: string, metadataLocation = 'v1') =>
      ({ kind: 'table', catalog: 'lake', namespace: ['n'], name, metadataLocation }) as const
    await pointers.addPointer(pointer('t'))
    await pointers.addPointer(pointer('u'))
    await drops.dropPointer(pointer('u'), { dropId: 'old', droppedAt: at(1), purgeAt: at(9), purgesFiles: true })
    for (const key of ['k', 'l']) await answers.claimKey(claimOf('a', 100, key), at(0))
    const both = ['l', 'k'].map((keyHash) => ({ keyHash, holder: 'a' }))
    const held = underClaims(both)
    const drop = { dropId: 'd', droppedAt: at(1), purgeAt: at(9), purgesFiles: true }
    const changes: readonly (readonly [string, (under: ClaimedPointers) => Promise<unknown>])[] = [
      ['addNamespace', (under) => under.pointers.addNamespace('lake', ['m'], {})],
      ['properties', (under) => under.pointers.swapNamespaceProperties('lake', ['n'], { a: '1' }, { a: '2' })],
      ['addPointer', (under) => under.pointers.addPointer(pointer('new'))],
      ['swapPointer', (under) => under.pointers.swapPointer(pointer('t'), 'v2')],
      [
        'changePointers',
        (under) => under.pointers.changePointers([{ before: pointer('t', 'v2'), after: pointer('t', 'v3') }]),
      ],
      ['renamePointer', (under) => under.pointers.renamePointer(pointer('new'), { namespace: ['m'], name: 'new' })],
      ['removePointer', (under) => under.pointers.removePointer('lake', ['m'], 'new', 'table')],
      ['removeNamespace', (under) => under.pointers.removeNamespace('lake', ['m'])],
      ['dropPointer', (under) => under.drops.dropPointer(pointer('t', 'v3'), drop)],
      ['restoreDropped', (under) => under.drops.restoreDropped('lake', 'd', { namespace: ['n'], name: 't' }, at(2))],
    ]
    const look = async () => [
      await pointers.listNamespaces('lake', [], { limit: 10 }),
      await pointers.findNamespace('lake', ['n']),
      await pointers.listPointers('lake', ['n'], 'table', { limit: 10 }),
      await pointers.listPointers('lake', ['m'], 'table', { limit: 10 }),
      await drops.listDropped('lake', { offset: 0, limit: 10 }),
    ]
    const lost = [
      underClaims([...both, { keyHash: 'k', holder: 'b' }]),
      underClaims([{ keyHash: 'none', holder: 'a' }]),
    ]
    for (const [what, change] of changes) {
      const before = await look()
      for (const under of lost) await assert.rejects(change(under), isClaimLost, what)
      assert.deepEqual(await look(), before, what)
      await change(held)
      assert.notDeepEqual(await look(), before, what)
    }
    assert.equal((await held.pointers.findPointer('lake', ['n'], 't'))?.metadataLocation, 'v3')
    assert.deepEqual(await answers.claimKey(claimOf('b', 200), at(100)), claimed, 'taken over')
    await assert.rejects(held.pointers.swapPointer(pointer('t', 'v3'), 'v4'), isClaimLost)
    assert.equal(
      await underClaims([{ keyHash: 'k', holder: 'b' }]).pointers.swapPointer(pointer('t', 'v3'), 'v4'),
      true,
    )
    await answers.releaseKey('k', 'b')
    await assert.rejects(
      underClaims([{ keyHash: 'k', holder: 'b' }]).pointers.swapPointer(pointer('t', 'v4'), 'v5'),
      isClaimLost,
    )
  })

  test('whoever takes a claim over sees what was changed under it, and nothing is changed under it after that', async () => {
    const { answers, pointers, catalogs, ...rest } = stores()
    const underClaims = (claims: readonly RequestClaim[]) => rest.underClaims(claims, claimLost)
    await catalogs.addCatalog({ name: 'lake', type: 'ams', properties: {} })
    await pointers.addNamespace('lake', ['n'], {})
    let holder = 's0'
    await answers.claimKey(claimOf(holder, 10), at(0))
    for (let turn = 1; turn <= 10; turn += 1) {
      const under = underClaims([{ keyHash: 'k', holder }])
      const add = (name: string) =>
        under.pointers
          .addPointer({ kind: 'table', catalog: 'lake', namespace: ['n'], name, metadataLocation: 'v1' })
          .catch((error: unknown) => assert.ok(isClaimLost(error), String(error)))
      const adding = Promise.all([1, 2, 3].map((each) => add(`t${turn}-${each}`)))
      holder = `s${turn}`
      assert.deepEqual(await answers.claimKey(claimOf(holder, 10 * (turn + 1)), at(10 * turn)), claimed)
      const seen = await pointers.listPointers('lake', ['n'], 'table', { limit: 100 })
      await adding
      assert.deepEqual(await pointers.listPointers('lake', ['n'], 'table', { limit: 100 }), seen)
    }
  })

  test('of those who claim a key at once one has it', async () => {
    const { answers } = stores()
    const claimAll = async (now: number) => {
      const names = Array.from({ length: 8 }, (_, index) => `s${index}`)
      const outcomes = await Promise.all(names.map((name) => answers.claimKey(claimOf(name, now + 50), at(now))))
      return outcomes.map(({ kind }) => kind).sort()
    }
    const expected = [...Array.from({ length: 7 }, () => 'at-work'), 'claimed']
    assert.deepEqual(await claimAll(0), expected)
    assert.deepEqual(await claimAll(50), expected, 'what has expired')
  })

  test('an answer is kept by whoever has the claim, until it expires', async () => {
    const { answers } = stores()
    assert.equal(await answers.saveAnswer(answer, 'a'), false)
    await answers.claimKey(claimOf('a', 100), at(0))
    assert.equal(await answers.saveAnswer({ ...answer, status: 409 }, 'b'), false)
    assert.equal(await answers.saveAnswer(answer, 'a'), true)
    assert.equal(await answers.saveAnswer({ ...answer, status: 409 }, 'a'), false)
    assert.equal(await answers.renewClaim('k', 'a', at(5_000)), false)
    await answers.releaseKey('k', 'a')
    for (const holder of ['a', 'b']) {
      assert.deepEqual(await answers.claimKey(claimOf(holder, 1_999), at(999)), { kind: 'answered', answer })
    }
    assert.deepEqual(await answers.claimKey(claimOf('b', 1_100), at(1_000)), claimed)
    assert.equal(await answers.saveAnswer({ ...answer, status: 204, expiresAt: at(2_000) }, 'b'), true)
    await answers.claimKey(claimOf('a', 1_500, 'l'), at(1_000))
    assert.equal(await answers.removeExpired(at(1_500), 10), 1)
    assert.equal(await answers.removeExpired(at(1_500), 10), 0)
    assert.deepEqual(await answers.claimKey(claimOf('a', 3_000), at(1_500)), {
      kind: 'answered',
      answer: { ...answer, status: 204, expiresAt: at(2_000) },
    })
  })
}

function uploadConformance(stores: () => OpenedStores['stores']) {
  const at = (ms: number) => ms as EpochMs
  const site = {
    fileId: '281474976710655',
    name: 'core "site" ä.xml',
    content: 'PGM+'.repeat(500_000),
    expiresAt: at(100),
  }

  test('an upload is there until it expires, or until too many that expire later are', async () => {
    const { files } = stores()
    const small = (fileId: string, expiresAt: number) => ({
      ...site,
      fileId,
      content: 'eA==',
      expiresAt: at(expiresAt),
    })
    const kept = async (now: number) => {
      const found = await Promise.all([site.fileId, '2', '3', '4'].map((fileId) => files.findFile(fileId, at(now))))
      return found.map((file) => file?.fileId)
    }
    await files.addFile(site, at(0), 2)
    assert.deepEqual(await files.findFile(site.fileId, at(99)), site)
    assert.equal(await files.findFile(site.fileId, at(100)), undefined)
    assert.equal(await files.findFile('2', at(0)), undefined)
    await files.addFile(small('2', 300), at(10), 2)
    assert.deepEqual(await kept(10), [site.fileId, '2', undefined, undefined])
    await files.addFile(small('3', 200), at(20), 2)
    assert.deepEqual(await kept(20), [undefined, '2', '3', undefined])
    await files.addFile(small('4', 400), at(200), 3)
    assert.deepEqual(await kept(20), [undefined, '2', undefined, '4'], 'what has expired is removed')
    assert.deepEqual(await files.findFile('2', at(20)), small('2', 300))
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
    assert.equal(await principals.addPrincipal(etl), true)
    assert.equal(await principals.addPrincipal({ ...etl, grants: [], createdAt: at(7) }), false)
    await principals.addPrincipal({ ...etl, name: 'bi', grants: [] })
    const viewer = [{ role: 'viewer', place: {} }] as const
    const admin = [{ role: 'admin', place: {} }] as const
    const swaps = [viewer, admin].map((grants) => principals.swapGrants(etl, grants))
    assert.deepEqual(await Promise.all(swaps), [true, false], 'of two at once the second has seen what is no more')
    assert.equal(await principals.swapGrants({ ...etl, name: 'nobody' }, viewer), false)
    const changed = { ...etl, grants: [{ role: 'viewer', place: {} }] }
    assert.deepEqual(await principals.findPrincipal('etl'), changed)
    assert.deepEqual(await principals.listPrincipals(), [{ ...etl, name: 'bi', grants: [] }, changed])
    assert.equal(await principals.removePrincipal('etl'), true)
    assert.equal(await principals.removePrincipal('etl'), false)
    assert.equal(await principals.findPrincipal('etl'), undefined)
  })

  test('grants go with the catalog that they name, and are none for another one of its name', async () => {
    const { catalogs, principals } = stores()
    const lake = { name: 'lake', type: 'ams', properties: { warehouse: 'file:///lake' } } as const
    const others: readonly Grant[] = [
      { role: 'viewer', place: {} },
      { role: 'admin', place: { catalog: 'lakes' } },
    ]
    const named: readonly Grant[] = [
      { role: 'admin', place: { catalog: 'lake' } },
      { role: 'editor', place: { catalog: 'lake', namespace: ['lakes'] } },
      { role: 'viewer', place: { catalog: 'lake', namespace: ['a'], table: 'b' } },
    ]
    const grantsOf = async (name: string) => (await principals.findPrincipal(name))?.grants
    await catalogs.addCatalog(lake)
    await principals.addPrincipal({ ...etl, grants: [...named, ...others] })
    await principals.addPrincipal({ ...etl, name: 'bi', grants: named })
    assert.equal(await catalogs.removeCatalog('lake', { version: 0, isEmpty: false }), 'changed')
    assert.deepEqual(await grantsOf('bi'), named)
    assert.equal(await catalogs.removeCatalog('lake'), 'removed')
    assert.deepEqual(await grantsOf('etl'), others)
    assert.deepEqual(await grantsOf('bi'), [])
    // Given while the catalog went, or before grants went with it.
    const [bi] = await principals.listPrincipals()
    assert.ok(bi !== undefined && (await principals.swapGrants(bi, named)))
    assert.equal(await catalogs.addCatalog(lake), undefined)
    assert.deepEqual(await grantsOf('bi'), [])
    assert.ok(await principals.swapGrants({ ...bi, grants: [] }, named))
    assert.equal(await catalogs.addCatalog(lake), 'lake')
    await catalogs.saveCatalog(lake)
    assert.deepEqual(await grantsOf('bi'), named)
    assert.deepEqual(await grantsOf('etl'), others)
  })

  test('a credential is found with its owner, and goes with it', async () => {
    const { principals } = stores()
    assert.equal(await principals.addCredential(credential), false)
    await principals.addPrincipal(etl)
    const lasting = { ...credential, id: 'c0', createdAt: at(6), expiresAt: undefined }
    for (const each of [lasting, credential]) assert.equal(await principals.addCredential(each), true)
    assert.deepEqual(await principals.findCredential('c1'), { credential, principal: etl })
    assert.deepEqual(await principals.listCredentials('etl'), [credential, lasting])
    await principals.addPrincipal({ ...etl, name: 'bi' })
    const others = { ...credential, id: 'c2', principal: 'bi', createdAt: at(7) }
    await principals.addCredential(others)
    assert.deepEqual(await principals.listCredentials('etl'), [credential, lasting])
    assert.deepEqual(await principals.listCredentials(), [credential, lasting, others])
    await principals.removePrincipal('bi')
    assert.equal(await principals.removeCredential('bi', 'c1'), false)
    assert.equal(await principals.removeCredential('etl', 'c1'), true)
    assert.equal(await principals.findCredential('c1'), undefined)
    await principals.removePrincipal('etl')
    await principals.addPrincipal(etl)
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
    for (const namespace of names) assert.equal(await pointers.addNamespace('lake', namespace, { owner: 'a' }), 'added')
    assert.equal(await pointers.addNamespace('lake', ['sales'], {}), 'exists')
    assert.equal(await pointers.addNamespace('lake', ['none', 'eu'], {}), 'no-parent')
    assert.equal(await pointers.addNamespace('other', ['sales'], {}), 'no-parent')
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
    assert.equal(await pointers.changePointers([to(table, 'v2'), { after: fresh }, stale]), 'refused')
    assert.equal(await pointers.changePointers([to(table, 'v2'), { after: items }]), 'refused')
    const nowhere = { after: { ...fresh, namespace: ['none'] } }
    assert.equal(await pointers.changePointers([to(table, 'v2'), nowhere]), 'refused')
    assert.deepEqual(await pointers.listPointers('lake', ['sales'], 'table', page), [items, table])
    assert.equal(await pointers.changePointers([to(table, 'v2'), { after: fresh }, to(items, 'v3')]), 'made')
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
