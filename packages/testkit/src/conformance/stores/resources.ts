import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceId } from '@moraine/lifecycle/identity'
import type { ResourceState } from '@moraine/lifecycle/resource-status'
import type { Resource } from '@moraine/management/records/resource'
import { type ResourceGuard, resourceGuard, type StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { at, buildResource, RESOURCE_1, RESOURCE_2 } from '@moraine/management/testing/build'
import { applyAll } from './store-steps.ts'

export function resourceConformance(stores: () => Stores): void {
  const move = (from: ResourceGuard, state: ResourceState, resourceId = RESOURCE_1): StateChange => ({
    kind: 'move-resource',
    resourceId,
    from,
    state,
  })

  test('a resource goes its way, every state with what belongs to it', async () => {
    const resource = buildResource({ reason: 'wanted by "root"', memoryMb: 4096 })
    await applyAll(stores(), [{ kind: 'add-resource', resource }])
    let from: ResourceGuard = { status: 'requested', attempts: 0 }
    assert.deepEqual(await stores().resources.findResource(RESOURCE_1), resource)
    const launchedAt = at(5)
    const states: readonly ResourceState[] = [
      { status: 'requested', attempts: 1, retryAt: at(2), failure: 'no room' },
      { status: 'launched', launchedAt },
      {
        status: 'releasing',
        launchedAt,
        releasingAt: at(6),
        reason: 'idle',
        isFailure: false,
        attempts: 0,
        retryAt: at(6),
      },
      {
        status: 'releasing',
        launchedAt,
        releasingAt: at(6),
        reason: 'silent',
        isFailure: true,
        attempts: 1,
        retryAt: at(9),
        failure: 'no answer',
      },
      { status: 'ended', launchedAt, endedAt: at(10), reason: 'silent', isFailure: true },
    ]
    for (const state of states) {
      await applyAll(stores(), [move(from, state)])
      const found = await stores().resources.findResource(RESOURCE_1)
      assert.deepEqual(found, { ...resource, state })
      from = resourceGuard(found)
    }
    assert.deepEqual(await stores().resources.listEnded(at(10), 9), [])
    assert.deepEqual(await stores().resources.listEnded(at(11), 9), [RESOURCE_1])
    await applyAll(stores(), [{ kind: 'remove-resource', resourceId: RESOURCE_1 }])
    assert.equal(await stores().resources.findResource(RESOURCE_1), undefined)
  })

  test('a guard on status and attempts lets one of two who move a resource win', async () => {
    await applyAll(stores(), [{ kind: 'add-resource', resource: buildResource() }])
    const refused: ResourceState = { status: 'requested', attempts: 1, retryAt: at(9), failure: 'no room' }
    const first = { status: 'requested', attempts: 0 } as const
    await applyAll(stores(), [move(first, refused)])
    const late = move(first, { status: 'launched', launchedAt: at(1) })
    const other: StateChange = { kind: 'add-resource', resource: buildResource({ resourceId: RESOURCE_2 }) }
    assert.equal((await stores().state.apply([other, late])).kind, 'lost')
    assert.equal(await stores().resources.findResource(RESOURCE_2), undefined)
    assert.deepEqual((await stores().resources.findResource(RESOURCE_1))?.state, refused)
    const unknown = move(first, { status: 'launched', launchedAt: at(1) }, RESOURCE_2)
    assert.equal((await stores().state.apply([unknown])).kind, 'lost')
    await assert.rejects(stores().state.apply([other, other]))
    const ended = { status: 'ended', attempts: 0 } as const
    await assert.rejects(stores().state.apply([move(ended, refused)]), /resource-1 goes from ended to requested/)
  })

  test('resources are listed by group, those that ended apart, the failures among them too', async () => {
    const end = (isFailure: boolean, endedAt: number): ResourceState => ({
      status: 'ended',
      launchedAt: undefined,
      endedAt: at(endedAt),
      reason: 'over',
      isFailure,
    })
    const named = (name: string, parts: Partial<Resource>) =>
      buildResource({ resourceId: name as ResourceId, ...parts })
    const all = [
      named('late', { requestedAt: at(2) }),
      named('early', { requestedAt: at(1), state: { status: 'launched', launchedAt: at(3) } }),
      named('other', { group: 'big' }),
      named('failed', { state: end(true, 7) }),
      named('failed-again', { state: end(true, 9) }),
      named('done', { state: end(false, 8) }),
      named('failed-elsewhere', { group: 'big', state: end(true, 8) }),
    ]
    await applyAll(
      stores(),
      all.map((resource) => ({ kind: 'add-resource', resource })),
    )
    const ids = (listed: readonly Resource[]) => listed.map(({ resourceId }) => resourceId as string)
    const { resources } = stores()
    assert.deepEqual(ids(await resources.listResources()), ['other', 'early', 'late'])
    assert.deepEqual(ids(await resources.listResources('default')), ['early', 'late'])
    assert.deepEqual(ids(await resources.listLastEnded('default', 2)), ['failed-again', 'done'])
    assert.deepEqual(ids(await resources.listFailed('default', 9)), ['failed-again', 'failed'])
    assert.deepEqual(ids(await resources.listFailed('default', 1)), ['failed-again'])
    assert.equal((await resources.listEnded(at(99), 3)).length, 3)
  })
}
