import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stores } from '@moraine/management/store/stores'

export function catalogStoreConformance(stores: () => Stores): void {
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
