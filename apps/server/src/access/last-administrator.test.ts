import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Grant } from '@moraine/management/access/grant'
import type { PrincipalStore } from '@moraine/management/access/principal'
import { must } from '@moraine/stdx/assert'
import { type EpochMs, later } from '@moraine/stdx/brand'
import { isKind } from '@moraine/stdx/error'
import { memoryPrincipals } from '@moraine/testkit/memory-stores/memory-principals'
import { administratorGuard, listAdministrators } from './last-administrator.ts'

const NOW = 1_700_000_000_000 as EpochMs
const clock = { now: () => NOW }
const ADMIN: readonly Grant[] = [{ role: 'admin', place: {} }]
const VIEWER: readonly Grant[] = [{ role: 'viewer', place: {} }]

type Known = { readonly grants?: readonly Grant[]; readonly expiresAt?: EpochMs; readonly credentials?: number }

async function knowing(all: Readonly<Record<string, Known>>): Promise<PrincipalStore> {
  const principals = memoryPrincipals()
  for (const [name, { grants = ADMIN, expiresAt, credentials = 1 }] of Object.entries(all)) {
    await principals.addPrincipal({ name, grants, createdAt: NOW })
    for (let at = 0; at < credentials; at++) {
      const of = { principal: name, secretHash: 'h', note: '', createdAt: NOW, expiresAt }
      await principals.addCredential({ id: `${name}-${at}`, ...of })
    }
  }
  return principals
}

const isLast = (error: unknown) => isKind(error, 'conflict') && /last administrator.*give another/.test(error.message)

const find = async (principals: PrincipalStore, name: string) => must(await principals.findPrincipal(name), name)

test('nobody takes the last administrator away, nor the last that it shows', async () => {
  const others: readonly Known[] = [
    { grants: VIEWER },
    { grants: [{ role: 'admin', place: { catalog: 'lake' } }] },
    { expiresAt: NOW },
    { credentials: 0 },
  ]
  for (const other of others) {
    const principals = await knowing({ ann: {}, bob: other })
    const guard = administratorGuard(principals, clock)
    const ann = await find(principals, 'ann')
    await assert.rejects(guard.removePrincipal('ann'), isLast)
    await assert.rejects(guard.swapGrants(ann, VIEWER), isLast)
    await assert.rejects(guard.removeCredential('ann', 'ann-0'), isLast)
    assert.deepEqual([...(await listAdministrators(principals, clock))], ['ann'])
    assert.equal(await guard.swapGrants(ann, [...ADMIN, ...VIEWER]), true)
    assert.equal(await guard.removePrincipal('bob'), true)
  }
})

test('an administrator goes while there is another, and one credential of two', async () => {
  const principals = await knowing({ ann: { credentials: 2 }, bob: { expiresAt: later(NOW, 1) } })
  const guard = administratorGuard(principals, clock)
  assert.equal(await guard.removeCredential('bob', 'ann-0'), false)
  assert.equal(await guard.removeCredential('ann', 'none'), false)
  assert.equal(await guard.removePrincipal('nobody'), false)
  assert.equal(await guard.removePrincipal('bob'), true)
  assert.equal(await guard.removeCredential('ann', 'ann-0'), true)
  await assert.rejects(guard.removeCredential('ann', 'ann-1'), isLast)
})

/** What one server does is done between another's look and its change. */
async function raced(first: (guard: ReturnType<typeof administratorGuard>) => Promise<unknown>) {
  const store = await knowing({ ann: {}, bob: {} })
  let meanwhile: (() => Promise<unknown>) | undefined = () => administratorGuard(store, clock).removePrincipal('bob')
  const then = async () => {
    const run = meanwhile
    meanwhile = undefined
    await run?.()
  }
  const slow: PrincipalStore = {
    ...store,
    swapGrants: (...args) => then().then(() => store.swapGrants(...args)),
    removeCredential: (...args) => then().then(() => store.removeCredential(...args)),
  }
  await assert.rejects(first(administratorGuard(slow, clock)), isLast)
  assert.deepEqual([...(await listAdministrators(store, clock))], ['ann'])
  assert.equal(await store.findPrincipal('bob'), undefined)
}

test('of two servers that take an administrator each, one puts back what it took', async () => {
  await raced((guard) => guard.removePrincipal('ann'))
  await raced((guard) => guard.removeCredential('ann', 'ann-0'))
  await raced(async (guard) => guard.swapGrants({ name: 'ann', grants: ADMIN, createdAt: NOW }, VIEWER))
})

test('whoever becomes the last administrator while its role, or its credential, is taken keeps it', async () => {
  const takings = [
    (guard: ReturnType<typeof administratorGuard>, principals: PrincipalStore) =>
      find(principals, 'ann').then((ann) => guard.swapGrants(ann, VIEWER)),
    (guard: ReturnType<typeof administratorGuard>) => guard.removePrincipal('ann'),
  ]
  for (const take of takings) {
    const principals = await knowing({ ann: { credentials: 0 }, bob: {} })
    let isTaken = false
    // Another server, in the moment in which this one has looked: ann gets a credential, and bob, one of two now, goes.
    const raced: PrincipalStore = {
      ...principals,
      async swapGrants(principal, grants) {
        if (!isTaken) {
          isTaken = true
          const of = { principal: 'ann', secretHash: 'h', note: '', createdAt: NOW, expiresAt: undefined }
          await principals.addCredential({ id: 'ann-new', ...of })
          await administratorGuard(principals, clock).removePrincipal('bob')
        }
        return principals.swapGrants(principal, grants)
      },
    }
    await assert.rejects(take(administratorGuard(raced, clock), principals), isLast)
    assert.deepEqual([...(await listAdministrators(principals, clock))], ['ann'])
  }
})
