import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Role } from '@moraine/management/access/grant'
import { type EpochMs, later } from '@moraine/stdx/brand'
import { seededRandom } from '@moraine/stdx/random'
import { memoryPrincipals } from '@moraine/testkit/memory-stores/memory-principals'
import { makeFirstAdministrator } from './first-administrator.ts'

const NOW = 1_700_000_000_000 as EpochMs
const clock = { now: () => NOW, monotonicMs: () => 0, sleep: async () => {} }

async function knowing(name: string, role: Role, catalog: string | undefined, expiresAt: EpochMs | undefined) {
  const principals = memoryPrincipals()
  const place = catalog === undefined ? {} : { catalog }
  await principals.addPrincipal({ name, grants: [{ role, place }], createdAt: NOW })
  const credential = { id: 'c', principal: name, secretHash: 'h', note: '', createdAt: NOW, expiresAt }
  await principals.addCredential(credential)
  return { principals, make: () => makeFirstAdministrator(principals, clock, seededRandom(1)) }
}

test('an administrator is made once, where nobody is known', async () => {
  const principals = memoryPrincipals()
  const made = await makeFirstAdministrator(principals, clock, seededRandom(1))
  assert.match(made ?? '', /^[^:]+:.+$/)
  assert.equal(await makeFirstAdministrator(principals, clock, seededRandom(2)), undefined)
})

test('whoever is no administrator, or cannot get in any more, is no way in', async () => {
  const cases = [
    ['viewer', 'viewer', undefined, undefined],
    ['of one catalog', 'admin', 'lake', undefined],
    ['expired', 'admin', undefined, NOW],
    ['admin', 'viewer', undefined, undefined],
    ['admin', 'admin', undefined, NOW],
  ] as const
  for (const [name, role, catalog, expiresAt] of cases) {
    const { principals, make } = await knowing(name, role, catalog, expiresAt)
    assert.notEqual(await make(), undefined, name)
    assert.deepEqual((await principals.findPrincipal('admin'))?.grants, [{ role: 'admin', place: {} }])
    assert.equal(await make(), undefined)
  }
  const { make } = await knowing('boss', 'admin', undefined, later(NOW, 1))
  assert.equal(await make(), undefined)
})

test('a credential that is not kept is not shown', async () => {
  const principals = memoryPrincipals()
  const removed = {
    ...principals,
    addPrincipal: async (principal: Parameters<typeof principals.addPrincipal>[0]) => {
      await principals.addPrincipal(principal)
      return principals.removePrincipal(principal.name)
    },
  }
  await assert.rejects(makeFirstAdministrator(removed, clock, seededRandom(1)), { kind: 'conflict' })
})
