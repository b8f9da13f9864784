import type { Catalog } from '@moraine/catalogs/catalog'
import { collectPages } from '@moraine/catalogs/page'
import type { Namespace } from '@moraine/catalogs/table-identifier'
import { mapBounded } from '@moraine/stdx/bounded'
import { isKind } from '@moraine/stdx/error'

/** Namespaces asked for their children at a time: enough to hide a catalog's latency, few enough not to be a burden to it. */
const AT_A_TIME = 8

/**
 * Every namespace of a catalog, parents before their children. Catalogs whose namespaces do not nest refuse to look below
 * one, say that there is nothing, or give the whole list again; a namespace that is dropped meanwhile has none.
 */
export async function allNamespaces(catalog: Catalog, signal?: AbortSignal): Promise<readonly Namespace[]> {
  const found: Namespace[] = []
  let level: readonly Namespace[] = [[]]
  while (level.length > 0) {
    const next = await mapBounded(level, AT_A_TIME, (parent, inner) => childrenOf(catalog, parent, inner), signal)
    level = next.flat()
    found.push(...level)
  }
  return found
}

async function childrenOf(catalog: Catalog, parent: Namespace, signal: AbortSignal): Promise<readonly Namespace[]> {
  try {
    const listed = await collectPages((page) => catalog.listNamespaces(parent, page, signal))
    return listed.filter(
      (child) => child.length === parent.length + 1 && parent.every((name, index) => child[index] === name),
    )
  } catch (error) {
    const isNoParent = isKind(error, 'unsupported') || isKind(error, 'not-found') || isKind(error, 'invalid-input')
    if (parent.length > 0 && isNoParent) return []
    throw error
  }
}
