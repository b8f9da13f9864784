import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InternalTable, TablePointers } from '@moraine/catalogs/internal/table-pointers'
import { entries } from './catalog-samples.ts'

/** What every store of an internal catalog's pointers does. `open` is called once a test and gives an empty one. */
export function tablePointersConformance(
  name: string,
  open: () => Promise<{ readonly pointers: TablePointers; close(): Promise<void> }>,
): void {
  const check: Check = (what, run) => {
    test(`${name}: ${what}`, async () => {
      const { pointers, close } = await open()
      try {
        await run(pointers)
      } finally {
        await close()
      }
    })
  }
  namespaceTests(check)
  pointerTests(check)
}

type Check = (what: string, run: (pointers: TablePointers) => Promise<void>) => void

const A_PAGE = { limit: 10 }
const ORDERS: InternalTable = {
  catalog: 'lake',
  namespace: ['sales', 'eu'],
  name: 'orders',
  metadataLocation: 's3://b/1.metadata.json',
}

async function withSales(pointers: TablePointers): Promise<void> {
  await pointers.addNamespace('lake', ['sales'], {})
  await pointers.addNamespace('lake', ['sales', 'eu'], {})
}

function namespaceTests(check: Check): void {
  check('namespaces belong to a catalog and a parent', async (pointers) => {
    const properties = JSON.parse('{"owner":"me","__proto__":"kept","":"empty key"}') as Record<string, string>
    assert.equal(await pointers.addNamespace('lake', ['sales'], properties), true)
    assert.equal(await pointers.addNamespace('lake', ['sales'], {}), false)
    assert.equal(await pointers.addNamespace('pond', ['sales'], {}), true)
    assert.equal(await pointers.addNamespace('lake', ['sales', 'eu'], {}), true)
    assert.equal(await pointers.addNamespace('lake', ['sales.eu'], {}), true)
    assert.deepEqual(entries((await pointers.findNamespace('lake', ['sales'])) ?? {}), entries(properties))
    assert.deepEqual(await pointers.findNamespace('pond', ['sales']), {})
    assert.equal(await pointers.findNamespace('lake', ['eu']), undefined)
    assert.deepEqual(await pointers.listNamespaces('lake', [], A_PAGE), [['sales'], ['sales.eu']])
    assert.deepEqual(await pointers.listNamespaces('lake', ['sales'], A_PAGE), [['sales', 'eu']])
    assert.deepEqual(await pointers.listNamespaces('lake', ['sales', 'eu'], A_PAGE), [])
  })

  check('names that differ in case, accents or trailing spaces are different', async (pointers) => {
    const names = ['sales', 'Sales', 'sálés', 'sa\u0301le\u0301s', 'sales ', '%', '_']
    for (const name of names) assert.equal(await pointers.addNamespace('lake', [name], {}), true, name)
    assert.equal((await pointers.listNamespaces('lake', [], A_PAGE)).length, names.length)
  })

  check('a page goes on where the last one ended', async (pointers) => {
    for (const name of ['c', 'a', 'e', 'b', 'd']) await pointers.addNamespace('lake', [name], {})
    assert.deepEqual(await pointers.listNamespaces('lake', [], { limit: 2 }), [['a'], ['b']])
    assert.deepEqual(await pointers.listNamespaces('lake', [], { after: 'b', limit: 2 }), [['c'], ['d']])
    assert.deepEqual(await pointers.listNamespaces('lake', [], { after: 'd', limit: 2 }), [['e']])
  })

  check('properties are replaced only if they are what was read', async (pointers) => {
    await pointers.addNamespace('lake', ['sales'], { a: '1', b: '2' })
    assert.equal(await pointers.swapNamespaceProperties('lake', ['sales'], { b: '2', a: '1' }, { c: '3' }), true)
    assert.equal(await pointers.swapNamespaceProperties('lake', ['sales'], { a: '1', b: '2' }, { d: '4' }), false)
    assert.equal(await pointers.swapNamespaceProperties('lake', ['none'], {}, { d: '4' }), false)
    assert.deepEqual(await pointers.findNamespace('lake', ['sales']), { c: '3' })
  })

  check('a namespace is removed only when nothing is in it', async (pointers) => {
    await withSales(pointers)
    await pointers.addPointer(ORDERS)
    assert.equal(await pointers.removeNamespace('lake', ['none']), 'absent')
    assert.equal(await pointers.removeNamespace('lake', ['sales']), 'not-empty')
    assert.equal(await pointers.removeNamespace('lake', ['sales', 'eu']), 'not-empty')
    await pointers.removePointer('lake', ['sales', 'eu'], 'orders')
    assert.equal(await pointers.removeNamespace('lake', ['sales', 'eu']), 'removed')
    assert.equal(await pointers.removeNamespace('lake', ['sales']), 'removed')
    assert.equal(await pointers.findNamespace('lake', ['sales']), undefined)
  })
}

function pointerTests(check: Check): void {
  const find = (pointers: TablePointers) => pointers.findPointer('lake', ['sales', 'eu'], 'orders')

  check('a pointer is added once, where there is a namespace', async (pointers) => {
    assert.equal(await pointers.addPointer(ORDERS), 'no-namespace')
    await withSales(pointers)
    assert.equal(await find(pointers), undefined)
    assert.equal(await pointers.addPointer(ORDERS), 'added')
    assert.equal(await pointers.addPointer({ ...ORDERS, metadataLocation: 's3://b/other' }), 'exists')
    assert.deepEqual(await find(pointers), ORDERS)
    assert.equal(await pointers.findPointer('pond', ['sales', 'eu'], 'orders'), undefined)
    assert.equal(await pointers.findPointer('lake', ['sales'], 'orders'), undefined)
  })

  check('of several swaps from one state one wins', async (pointers) => {
    await withSales(pointers)
    await pointers.addPointer(ORDERS)
    const locations = Array.from({ length: 8 }, (_, at) => `s3://b/2-${at}.metadata.json`)
    const won = await Promise.all(locations.map((location) => pointers.swapPointer(ORDERS, location)))
    assert.equal(won.filter(Boolean).length, 1)
    assert.deepEqual(await find(pointers), { ...ORDERS, metadataLocation: locations[won.indexOf(true)] })
    assert.equal(await pointers.swapPointer(ORDERS, 's3://b/3'), false)
    assert.equal(await pointers.swapPointer({ ...ORDERS, name: 'none' }, 's3://b/3'), false)
  })

  check('tables are listed by name, a page at a time, each namespace for itself', async (pointers) => {
    await withSales(pointers)
    for (const name of ['c', 'a', 'b']) await pointers.addPointer({ ...ORDERS, name })
    await pointers.addPointer({ ...ORDERS, namespace: ['sales'], name: 'z' })
    const names = async (after?: string) =>
      (
        await pointers.listPointers('lake', ['sales', 'eu'], { ...(after === undefined ? {} : { after }), limit: 2 })
      ).map((table) => table.name)
    assert.deepEqual(await names(), ['a', 'b'])
    assert.deepEqual(await names('b'), ['c'])
    assert.deepEqual(await pointers.listPointers('lake', ['sales'], A_PAGE), [
      { ...ORDERS, namespace: ['sales'], name: 'z' },
    ])
  })

  check('a rename moves the pointer as it is now, to a name that is free', async (pointers) => {
    await withSales(pointers)
    await pointers.addPointer(ORDERS)
    await pointers.addPointer({ ...ORDERS, name: 'taken' })
    const to = { namespace: ['sales'], name: 'moved' }
    assert.equal(await pointers.renamePointer({ ...ORDERS, name: 'none' }, to), 'absent')
    assert.equal(await pointers.renamePointer(ORDERS, { namespace: ['none'], name: 'x' }), 'no-namespace')
    assert.equal(await pointers.renamePointer(ORDERS, { namespace: ['sales', 'eu'], name: 'taken' }), 'exists')
    await pointers.swapPointer(ORDERS, 's3://b/2')
    assert.equal(await pointers.renamePointer(ORDERS, to), 'renamed')
    assert.equal(await find(pointers), undefined)
    assert.deepEqual(await pointers.findPointer('lake', ['sales'], 'moved'), {
      ...ORDERS,
      ...to,
      metadataLocation: 's3://b/2',
    })
  })

  check('a removed pointer is gone, and says whether it was there', async (pointers) => {
    await withSales(pointers)
    await pointers.addPointer(ORDERS)
    assert.equal(await pointers.removePointer('lake', ['sales', 'eu'], 'orders'), true)
    assert.equal(await pointers.removePointer('lake', ['sales', 'eu'], 'orders'), false)
    assert.equal(await find(pointers), undefined)
    assert.equal(await pointers.swapPointer(ORDERS, 's3://b/3'), false)
  })
}
