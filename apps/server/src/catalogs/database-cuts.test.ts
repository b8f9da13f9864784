import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import type { Namespace } from '@moraine/catalogs/table-identifier'
import { catalogFilter } from '@moraine/management/catalogs/catalog-filter'
import { T0 } from '@moraine/management/testing/build'
import { MoraineError } from '@moraine/stdx/error'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import fc from 'fast-check'
import { databaseCuts } from './database-cuts.ts'
import { findTable } from './find-table.ts'
import { resolveDatabase } from './resolve-database.ts'

test('a name is cut into levels as one, then at every dot, then with shorter levels first', () => {
  const cases: readonly (readonly [string, readonly Namespace[]])[] = [
    ['a', [['a']]],
    ['a.b', [['a.b'], ['a', 'b']]],
    ['a.b.c', [['a.b.c'], ['a', 'b', 'c'], ['a', 'b.c'], ['a.b', 'c']]],
    ['a..b', [['a..b'], ['a', '.b'], ['a.', 'b']]],
    ['.a', [['.a']]],
    ['a.', [['a.']]],
    ['.', [['.']]],
  ]
  for (const [name, cuts] of cases) assert.deepEqual([...databaseCuts(name)], cuts, name)
})

test('of a name with a thousand dots a few are had at once', () => {
  const [whole, levels] = databaseCuts('a.'.repeat(1000).slice(0, -1))
  assert.deepEqual([whole?.length, levels?.length], [1, 1000])
})

test('a database is the same one in its catalog and among managed tables', async () => {
  const name = 'a.b.c.d'
  const cuts = [...databaseCuts(name)]
  await fc.assert(
    fc.asyncProperty(fc.subarray(cuts, { minLength: 1 }), async (there) => {
      const first = cuts.find((each) => there.includes(each))
      assert.deepEqual(await resolveDatabase(catalogWith(there), name, new AbortController().signal), first)
      const stores = memoryStores()
      for (const namespace of there.toReversed()) {
        await stores.tables.addTable({ name: { catalog: 'c', namespace, name: 't' }, format: 'ICEBERG', createdAt: T0 })
      }
      assert.deepEqual((await findTable(stores, { catalog: 'c', db: name, table: 't' })).name.namespace, first)
    }),
  )
})

/** With the parents of the namespaces, listed in no order. */
function catalogWith(namespaces: readonly Namespace[]) {
  const tree = namespaces.flatMap((each) => each.map((_, at) => each.slice(0, at + 1))).toReversed()
  const isSame = (one: Namespace, other: Namespace) => JSON.stringify(one) === JSON.stringify(other)
  const catalog = {
    name: 'c',
    async loadNamespace(namespace: Namespace) {
      if (!namespaces.some((each) => isSame(each, namespace))) throw new MoraineError('not-found', 'none')
      return {}
    },
    async listNamespaces(parent: Namespace) {
      return { items: tree.filter((each) => isSame(each.slice(0, -1), parent)) }
    },
  }
  return { catalog: catalog as unknown as Catalog, filter: catalogFilter({}) }
}
