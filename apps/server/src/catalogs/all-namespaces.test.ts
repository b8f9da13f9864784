import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import type { Namespace } from '@moraine/catalogs/table-identifier'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { allNamespaces } from './all-namespaces.ts'

/** A catalog of which only namespaces are listed, one to a page. */
function catalogWith(list: (parent: Namespace) => readonly Namespace[]): Catalog {
  const listNamespaces: Catalog['listNamespaces'] = async (parent, page = '0') => {
    const all = list(parent)
    const at = Number(page)
    const items = all.slice(at, at + 1)
    return { items, ...(at + 1 < all.length && { nextPage: String(at + 1) }) }
  }
  return { listNamespaces } as unknown as Catalog
}

const TREE: readonly Namespace[] = [['a'], ['b'], ['a', 'x'], ['a', 'x', 'deep'], ['a.x'], ['b', 'x']]

function below(parent: Namespace): readonly Namespace[] {
  return TREE.filter((each) => each.length === parent.length + 1 && parent.every((name, at) => each[at] === name))
}

test('namespaces are found at every depth, and those that look alike in dots are kept apart', async () => {
  assert.deepEqual(new Set(await allNamespaces(catalogWith(below))), new Set(TREE))
})

test('catalogs whose namespaces do not nest are listed once', async () => {
  const flat: readonly Namespace[] = [['a'], ['b']]
  assert.deepEqual(await allNamespaces(catalogWith(() => flat)), flat)
  const refusing = catalogWith((parent) => {
    if (parent.length > 0) throw new MoraineError('unsupported', 'namespaces do not nest')
    return flat
  })
  assert.deepEqual(await allNamespaces(refusing), flat)
})

test('a catalog that cannot be listed says so', async () => {
  const broken = catalogWith((parent) => {
    if (parent.length === 0) return [['a']]
    throw new MoraineError('unavailable', 'the catalog does not answer')
  })
  await assert.rejects(allNamespaces(broken), /does not answer/)
})

test('a level is listed several at a time, in the order of its parents', async () => {
  const parents: readonly Namespace[] = Array.from({ length: 20 }, (_, number) => [`p${number}`])
  let running = 0
  let most = 0
  const catalog = catalogWith((parent) => {
    if (parent.length === 0) return parents
    return parent.length === 1 ? [[...parent, 'child']] : []
  })
  const listNamespaces: Catalog['listNamespaces'] = async (parent, page, signal) => {
    running += 1
    most = Math.max(most, running)
    await Promise.resolve()
    const found = await catalog.listNamespaces(parent, page, signal)
    running -= 1
    return found
  }
  const found = await allNamespaces({ listNamespaces } as unknown as Catalog)
  assert.deepEqual(found, [...parents, ...parents.map((parent) => [...parent, 'child'])])
  assert.ok(most > 1 && most <= 8, `${most} at a time`)
})

test('a catalog that always has another child, or too many, is given up', async () => {
  let asked = 0
  const deep = catalogWith((parent) => {
    asked += 1
    return [[...parent, 'child']]
  })
  await assert.rejects(allNamespaces(deep), (error) => isKind(error, 'exhausted') && /levels deep/.test(error.message))
  assert.equal(asked, 65)
  const wide: Catalog['listNamespaces'] = async (parent) => ({
    items: Array.from({ length: 1000 }, (_, at) => [...parent, String(at)]),
  })
  const catalog = { listNamespaces: wide } as unknown as Catalog
  await assert.rejects(allNamespaces(catalog), (error) => isKind(error, 'exhausted'))
})
