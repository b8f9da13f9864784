import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import type { ResourceId } from '@moraine/lifecycle/identity'
import type { Container, Launched, LaunchOrder } from '@moraine/management/resources/container'
import { describeError } from '@moraine/stdx/error'

/** A container that runs nothing yet, and the view of somebody who stands beside what it launches into. */
export type OpenedContainer = {
  readonly container: Container
  /** What of an order has to be so here, for an optimizer to come up. */
  readonly order?: Partial<LaunchOrder>
  /** Returns when all that was ordered up to now has come about: optimizers run, and those released are gone. */
  readonly settle: () => Promise<void>
  /** What anybody there can read of an optimizer: its command line, by arguments. `undefined`: there is none. */
  readonly commandOf: (resourceId: ResourceId) => Promise<readonly string[] | undefined>
  /** Variables with which the optimizer was started; none if there is no such optimizer. */
  readonly variablesOf: (resourceId: ResourceId) => Promise<Readonly<Record<string, string>>>
  /** Takes the optimizer away as somebody may who does not ask the container; absent where nobody can. */
  readonly remove?: (resourceId: ResourceId) => Promise<void>
  /** Of the same kind, but what it launches into is not to be reached; absent where that cannot be. */
  readonly unreachable?: Container
  /** Ends the container and whatever is left of what it launched. */
  readonly close: () => Promise<void>
}

/** What every container must do, whatever it launches into. */
export function containerConformance(name: string, open: () => Promise<OpenedContainer>): void {
  const holder: { opened?: OpenedContainer } = {}
  const opened = () => {
    assert.ok(holder.opened)
    return holder.opened
  }
  describe(`${name}: container`, () => {
    beforeEach(async () => {
      await holder.opened?.close()
      holder.opened = await open()
    })
    after(async () => holder.opened?.close())
    launchTests(opened)
    releaseTests(opened)
    refusalTests(opened)
  })
}

const SECRET = 'a secret of the group'

function orderOf({ order = {} }: OpenedContainer, id: string, more: Partial<LaunchOrder> = {}): LaunchOrder {
  return {
    resourceId: resourceIdOf(id),
    group: 'etl',
    threads: 2,
    memoryMb: 512,
    groupProperties: {},
    url: 'thrift://127.0.0.1:1261',
    trusted: undefined,
    groupSecret: SECRET,
    ...order,
    ...more,
  }
}

function launchTests(opened: () => OpenedContainer): void {
  test('what was launched is listed at once, runs later, and was told what was ordered', async () => {
    const { container, settle, commandOf, variablesOf } = opened()
    const order = orderOf(opened(), 'first')
    assert.deepEqual(await container.list(), [])
    await container.launch(order)
    assert.deepEqual(idsOf(await container.list()), [order.resourceId])
    await settle()
    assert.deepEqual(conditionsOf(await container.list()), [[order.resourceId, 'running']])

    const command = (await commandOf(order.resourceId)) ?? []
    assert.equal(valueAfter(command, '--url'), order.url)
    assert.equal(valueAfter(command, '--group'), order.group)
    assert.equal(valueAfter(command, '--threads'), String(order.threads))
    assert.equal(valueAfter(command, '--memory'), String(order.memoryMb))
    const variables = await variablesOf(order.resourceId)
    assert.equal(variables['MORAINE_RESOURCE_ID'], order.resourceId)
    assert.equal(variables['MORAINE_GROUP_SECRET'], SECRET)
  })

  test('the secret of the group is not in the command line, and without one there is no variable', async () => {
    const { container, settle, commandOf, variablesOf } = opened()
    const [secret, none] = [orderOf(opened(), 'secret'), orderOf(opened(), 'none', { groupSecret: undefined })]
    await container.launch(secret)
    await container.launch(none)
    await settle()
    const command = (await commandOf(secret.resourceId)) ?? []
    assert.ok(command.length > 0 && !command.join(' ').includes(SECRET))
    assert.equal((await variablesOf(none.resourceId))['MORAINE_GROUP_SECRET'], undefined)
  })

  test('names of groups reach the optimizer as they are, whatever a shell would read in them', async () => {
    const { container, settle, commandOf } = opened()
    const groups = [`a b; touch /tmp/x`, '$(HOME) $$ `id`', `"quoted" 'too' \\n`, '--threads', 'größe']
    for (const [at, group] of groups.entries()) await container.launch(orderOf(opened(), `named-${at}`, { group }))
    await settle()
    for (const [at, group] of groups.entries()) {
      assert.equal(valueAfter((await commandOf(resourceIdOf(`named-${at}`))) ?? [], '--group'), group)
    }
  })

  test('an order that was taken changes nothing when it is given again, at once or later', async () => {
    const { container, settle, commandOf } = opened()
    const order = orderOf(opened(), 'again')
    await Promise.all([container.launch(order), container.launch(order)])
    await container.launch(order)
    await settle()
    await container.launch({ ...order, threads: 1 })
    await settle()
    assert.deepEqual(conditionsOf(await container.list()), [[order.resourceId, 'running']])
    assert.equal(valueAfter((await commandOf(order.resourceId)) ?? [], '--threads'), String(order.threads))
  })
}

function releaseTests(opened: () => OpenedContainer): void {
  test('the one that is released goes, the others stay', async () => {
    const { container, settle, commandOf } = opened()
    const [one, two, three] = ['one', 'two', 'three'].map((id) => orderOf(opened(), id))
    assert.ok(one !== undefined && two !== undefined && three !== undefined)
    for (const order of [one, two, three]) await container.launch(order)
    await settle()
    await container.release(two.resourceId)
    await container.release(two.resourceId)
    await settle()
    assert.deepEqual(idsOf(await container.list()), [one.resourceId, three.resourceId])
    assert.equal(await commandOf(two.resourceId), undefined)
    assert.ok((await commandOf(one.resourceId)) !== undefined)
    await container.release(two.resourceId)
    assert.deepEqual(idsOf(await container.list()), [one.resourceId, three.resourceId])
  })

  test('it may be released before it has come up', async () => {
    const { container, settle } = opened()
    const order = orderOf(opened(), 'hasty')
    await container.launch(order)
    await container.release(order.resourceId)
    await settle()
    assert.deepEqual(await container.list(), [])
  })

  test('one that was never there is gone already', async () => {
    const { container } = opened()
    await container.release(resourceIdOf('nobody'))
    assert.deepEqual(await container.list(), [])
  })

  test('one that somebody else took away is listed no more, and may be released', async (context) => {
    const { container, settle, remove } = opened()
    if (remove === undefined) return context.skip('nobody else can')
    const order = orderOf(opened(), 'taken')
    await container.launch(order)
    await settle()
    await remove(order.resourceId)
    assert.deepEqual(await container.list(), [])
    await container.release(order.resourceId)
  })
}

function refusalTests(opened: () => OpenedContainer): void {
  const bad: readonly (readonly [string, Partial<LaunchOrder>, RegExp])[] = [
    ['no threads', { threads: 0 }, /threads/],
    ['a part of a thread', { threads: 1.5 }, /threads/],
    ['no number of threads', { threads: Number.NaN }, /threads/],
    ['no memory', { memoryMb: 0 }, /memory/],
    ['a memory that is no whole number', { memoryMb: Number.POSITIVE_INFINITY }, /memory/],
    ['no id', { resourceId: '' as ResourceId }, /id/],
    ['an id that leads elsewhere', { resourceId: '../../x' as ResourceId }, /id/],
    ['no group', { group: '' }, /group/],
    ['an address that is an option', { url: '--help' }, /address|url/],
  ]
  for (const [what, wrong, named] of bad) {
    test(`an order with ${what} is refused for good, and nothing is launched`, async () => {
      const { container, settle } = opened()
      const refused = container.launch(orderOf(opened(), 'bad', wrong))
      await assert.rejects(refused, { kind: 'invalid-input', message: named })
      await settle()
      assert.deepEqual(await container.list(), [])
    })
  }

  test('whoever has no patience left is told so', async () => {
    const { container } = opened()
    const gone = AbortSignal.abort(new Error('enough'))
    await assert.rejects(container.launch(orderOf(opened(), 'late'), gone), { kind: 'aborted' })
    assert.deepEqual(await container.list(), [])
  })

  test('a container that is not reached says its name, and that it may pass', async (context) => {
    const { unreachable } = opened()
    if (unreachable === undefined) return context.skip('it launches where it is')
    const calls = [
      () => unreachable.launch(orderOf(opened(), 'lost')),
      () => unreachable.release(resourceIdOf('lost')),
      () => unreachable.list(),
    ]
    for (const call of calls) {
      await assert.rejects(call(), (error: Error & { readonly kind?: unknown }) => {
        assert.equal(error.kind, 'unavailable')
        assert.ok(describeError(error).includes(unreachable.name), describeError(error))
        return true
      })
    }
  })

  test('it may be closed twice', async () => {
    const { container } = opened()
    await container.close()
    await container.close()
  })
}

function resourceIdOf(id: string): ResourceId {
  return id as ResourceId
}

function idsOf(launched: readonly Launched[]): readonly ResourceId[] {
  return launched.map(({ resourceId }) => resourceId).toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b))
}

const ORDER: readonly string[] = ['one', 'two', 'three']

function conditionsOf(launched: readonly Launched[]) {
  return launched.map(({ resourceId, condition }) => [resourceId, condition])
}

function valueAfter(command: readonly string[], option: string): string | undefined {
  const at = command.indexOf(option)
  return at < 0 ? undefined : command[at + 1]
}
