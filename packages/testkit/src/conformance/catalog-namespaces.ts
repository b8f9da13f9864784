import assert from 'node:assert/strict'
import type { Catalog } from '@moraine/catalogs/catalog'
import type { Page } from '@moraine/catalogs/page'
import { catalogTest, createSalesOrders, entries, ORDERS, rejectsAs } from './catalog-samples.ts'
import type { CatalogTraits, OpenCatalog } from './catalog-under-test.ts'

export function catalogNamespaceTests(name: string, traits: CatalogTraits, open: OpenCatalog): void {
  catalogTest(name, 'a namespace is there from its creation to its drop, for every client', open, async (opened) => {
    const { catalog, other } = opened
    await rejectsAs('not-found', 'sales', catalog.loadNamespace(['sales']))
    await rejectsAs('not-found', 'sales', catalog.dropNamespace(['sales']))
    await rejectsAs('not-found', 'sales', catalog.listTables(['sales']))
    assert.deepEqual(await catalog.listNamespaces([]), { items: [] })

    await catalog.createNamespace(['sales'])
    await catalog.createNamespace(['hr'])
    await rejectsAs('already-exists', 'sales', other.createNamespace(['sales']))
    assert.deepEqual(sorted(await other.listNamespaces([])), [['hr'], ['sales']])
    assert.deepEqual(await other.listTables(['sales']), { items: [] })
    await other.loadNamespace(['sales'])

    await other.dropNamespace(['sales'])
    await rejectsAs('not-found', 'sales', catalog.loadNamespace(['sales']))
    assert.deepEqual(await catalog.listNamespaces([]), { items: [['hr']] })
  })

  catalogTest(name, 'a namespace with a table is not dropped, and is once the table is', open, async (opened) => {
    const { catalog } = opened
    await createSalesOrders(opened)
    await rejectsAs('conflict', 'sales', catalog.dropNamespace(['sales']))
    await catalog.loadTable(ORDERS)
    await catalog.dropTable(ORDERS)
    await catalog.dropNamespace(['sales'])
    assert.deepEqual(await catalog.listNamespaces([]), { items: [] })
  })

  catalogTest(name, 'the root is no namespace to create, drop or load', open, async ({ catalog }) => {
    await rejectsAs('invalid-input', 'namespace', catalog.createNamespace([]))
    await rejectsAs('invalid-input', 'namespace', catalog.dropNamespace([]))
    await rejectsAs('invalid-input', 'namespace', catalog.loadNamespace([]))
    await rejectsAs('invalid-input', 'namespace', catalog.listTables([]))
  })

  nestedNamespaceTests(name, traits, open)
  namespacePropertyTests(name, traits, open)
}

function nestedNamespaceTests(name: string, traits: CatalogTraits, open: OpenCatalog): void {
  if (!traits.nestedNamespaces) {
    catalogTest(name, 'a namespace inside another is refused', open, async ({ catalog }) => {
      await catalog.createNamespace(['a'])
      await rejectsAs('unsupported', 'a', catalog.createNamespace(['a', 'b']))
    })
    return
  }
  catalogTest(name, 'namespaces nest, and each lists only its own children', open, async ({ catalog, other }) => {
    // Where levels are joined by dots, none may have one.
    const isRefused = (traits.refusedNamespaces ?? traits.refusedNames).some((level) => level.includes('.'))
    const dotted = isRefused ? [] : [['a.b']]
    for (const namespace of [['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'x'], ...dotted]) {
      await catalog.createNamespace(namespace)
    }
    assert.deepEqual(sorted(await other.listNamespaces([])), [['a'], ...dotted])
    assert.deepEqual(sorted(await other.listNamespaces(['a'])), [
      ['a', 'b'],
      ['a', 'x'],
    ])
    assert.deepEqual(await other.listNamespaces(['a', 'b']), { items: [['a', 'b', 'c']] })
    for (const namespace of dotted) assert.deepEqual(await other.listNamespaces(namespace), { items: [] })
    await rejectsAs('not-found', 'a.y', other.listNamespaces(['a', 'y']))
    await rejectsAs('conflict', 'a.b', other.dropNamespace(['a', 'b']))
    await other.dropNamespace(['a', 'b', 'c'])
    await other.dropNamespace(['a', 'b'])
    assert.deepEqual(await catalog.listNamespaces(['a']), { items: [['a', 'x']] })
  })
}

function namespacePropertyTests(name: string, traits: CatalogTraits, open: OpenCatalog): void {
  if (!traits.namespaceProperties) {
    catalogTest(name, 'namespace properties are refused', open, async ({ catalog }) => {
      await rejectsAs('unsupported', 'sales', catalog.createNamespace(['sales'], { owner: 'me' }))
      assert.deepEqual(await catalog.listNamespaces([]), { items: [] })
      await catalog.createNamespace(['sales'])
      await rejectsAs('unsupported', 'sales', catalog.updateNamespace(['sales'], { set: { a: 'b' }, remove: [] }))
    })
    return
  }
  catalogTest(name, 'namespace properties are set, removed and reported missing', open, async ({ catalog, other }) => {
    const properties = JSON.parse('{"owner":"me","__proto__":"kept","constructor":"also"}') as Record<string, string>
    await catalog.createNamespace(['sales'], properties)
    assert.deepEqual(entries(await propertiesSet(other)), entries(properties))

    const missing = await other.updateNamespace(['sales'], {
      set: { a: 'b', owner: 'you' },
      remove: ['constructor', 'none', '__proto__'],
    })
    assert.deepEqual(missing, ['none'])
    assert.deepEqual(entries(await propertiesSet(catalog)), entries({ a: 'b', owner: 'you' }))
    await rejectsAs('not-found', 'hr', catalog.updateNamespace(['hr'], { set: { a: 'b' }, remove: [] }))
  })

  catalogTest(name, 'concurrent changes of namespace properties all count', open, async ({ catalog, other }) => {
    await catalog.createNamespace(['sales'])
    const change = (client: Catalog, key: string) =>
      client.updateNamespace(['sales'], { set: { [key]: 'x' }, remove: [] })
    await Promise.all([change(catalog, 'a'), change(other, 'b'), change(catalog, 'c'), change(other, 'd')])
    assert.deepEqual(Object.keys(await propertiesSet(catalog)).sort(), ['a', 'b', 'c', 'd'])
  })
}

/** Without where its tables go, which many catalogs say of a namespace that was not told. */
async function propertiesSet(catalog: Catalog): Promise<Readonly<Record<string, string>>> {
  const { location: _, ...properties } = await catalog.loadNamespace(['sales'])
  return properties
}

function sorted({ items }: Page<readonly string[]>): readonly (readonly string[])[] {
  return [...items].sort((a, b) => (a.join('\u0000') < b.join('\u0000') ? -1 : 1))
}
