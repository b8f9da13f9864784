import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import type { Namespace } from '@moraine/catalogs/table-identifier'
import { catalogFilter } from '@moraine/management/catalogs/catalog-filter'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { resolveDatabase } from './resolve-database.ts'

function catalogOf(tree: readonly Namespace[]) {
  const listed: Namespace[] = []
  const catalog = {
    name: 'far',
    async loadNamespace(namespace: Namespace) {
      if (tree.some((each) => JSON.stringify(each) === JSON.stringify(namespace))) return {}
      throw new MoraineError('not-found', 'no such namespace')
    },
    async listNamespaces(parent: Namespace) {
      listed.push(parent)
      const items = tree.filter(
        (each) => each.length === parent.length + 1 && parent.every((name, at) => each[at] === name),
      )
      return { items }
    },
  }
  return { opened: { catalog: catalog as unknown as Catalog, filter: catalogFilter({}) }, listed }
}

const NEVER = new AbortController().signal
const TREE = [['a'], ['a.b'], ['a', 'b'], ['a', 'b.c'], ['a.b', 'd'], ['z'], ['z', 'b'], ['a', 'b', 'e']]

test('a name is found however it is cut, and only what begins like it is looked at', async () => {
  for (const [name, found, looked] of [
    ['a.b', ['a.b'], []],
    ['a.b.e', ['a', 'b', 'e'], []],
    ['a.b.c', ['a', 'b.c'], [[], ['a'], ['a', 'b']]],
    ['a.b.d', ['a.b', 'd'], [[], ['a'], ['a', 'b'], ['a.b']]],
  ] as const) {
    const { opened, listed } = catalogOf(TREE)
    assert.deepEqual(await resolveDatabase(opened, name, NEVER), found)
    assert.deepEqual(listed, looked)
  }
})

test('a name that nothing has is not searched for in the whole catalog', async () => {
  const { opened, listed } = catalogOf(TREE)
  await assert.rejects(resolveDatabase(opened, 'z.y.x.w', NEVER), (error) => isKind(error, 'not-found'))
  assert.deepEqual(listed, [[], ['z']])
})
