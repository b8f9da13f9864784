import assert from 'node:assert/strict'
import type { Catalog } from '@moraine/catalogs/catalog'
import type { Page } from '@moraine/catalogs/page'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import type { Namespace } from '@moraine/catalogs/table-identifier'
import { systemClock } from '@moraine/stdx/clock'
import type { CatalogUnderTest } from '@moraine/testkit/conformance/catalog-under-test'

/** Two clients of one REST server, which hold nothing in common; what the first sends and is sent can get lost. */
export async function openForeignPair(
  properties: Readonly<Record<string, string>>,
): Promise<Pick<CatalogUnderTest, 'catalog' | 'other' | 'loseNextAnswer' | 'loseNextRequest'>> {
  let losing: 'answer' | 'request' | undefined
  const lossy: typeof fetch = async (input, init) => {
    const what = losing
    losing = undefined
    if (what === 'request') throw new TypeError('fetch failed')
    const response = await fetch(input, init)
    if (what === undefined) return response
    await response.arrayBuffer()
    throw new TypeError('fetch failed')
  }
  return {
    catalog: await openForeign(properties, lossy),
    other: await openForeign(properties),
    loseNextAnswer() {
      losing = 'answer'
    },
    loseNextRequest() {
      losing = 'request'
    },
  }
}

export function openForeign(
  properties: Readonly<Record<string, string>>,
  send: typeof fetch = fetch,
): Promise<Catalog> {
  return openRestCatalog({ name: 'foreign', properties, clock: systemClock, fetch: send })
}

/** Leaves the catalog as it was at first: without tables, views and namespaces. */
export async function dropAll(catalog: Catalog, within: Namespace = []): Promise<void> {
  for (const namespace of await all((page) => catalog.listNamespaces(within, page))) {
    await dropAll(catalog, namespace)
    for (const table of await all((page) => catalog.listTables(namespace, page))) await catalog.dropTable(table)
    const { views } = catalog
    if (views !== undefined)
      for (const view of await all((page) => views.listViews(namespace, page))) await views.dropView(view)
    await catalog.dropNamespace(namespace)
  }
}

async function all<T>(list: (page?: string) => Promise<Page<T>>): Promise<readonly T[]> {
  const { items, nextPage } = await list()
  assert.equal(nextPage, undefined, 'what a test makes fits a page')
  return items
}
