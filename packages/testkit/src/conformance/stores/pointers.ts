import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stores } from '@moraine/management/store/stores'

export function pointerConformance(stores: () => Stores): void {
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
