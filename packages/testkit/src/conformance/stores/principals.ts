import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Grant } from '@moraine/management/access/grant'
import type { Stores } from '@moraine/management/store/stores'
import type { EpochMs } from '@moraine/stdx/brand'

export function principalConformance(stores: () => Stores): void {
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
