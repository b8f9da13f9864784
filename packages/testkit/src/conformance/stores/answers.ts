import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClaimedPointers } from '@moraine/catalogs/internal/claimed-pointers'
import { claimLost, isClaimLost, type RequestClaim } from '@moraine/catalogs/request-claim'
import type { Stores } from '@moraine/management/store/stores'
import type { EpochMs } from '@moraine/stdx/brand'

export function answersConformance(stores: () => Stores): void {
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
      ['advancePurge', (under) => under.drops.advancePurge('lake', 'd', { purgeAt: at(8), purgesFiles: false })],
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
