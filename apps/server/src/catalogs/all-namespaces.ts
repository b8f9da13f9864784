import type { Catalog } from '@moraine/catalogs/catalog'
import { collectPages } from '@moraine/catalogs/page'
import type { Namespace } from '@moraine/catalogs/table-identifier'
import { mapBounded } from '@moraine/stdx/bounded'
import { isKind, MoraineError } from '@moraine/stdx/error'

/** Namespaces asked for their children at a time: enough to hide a catalog's latency, few enough not to be a burden to it. */
const AT_A_TIME = 8

/** Levels of the deepest namespace that is looked for. */
const DEPTH_MAX = 64
const NAMESPACES_MAX = 200_000

/**
 * Every namespace of a catalog, parents before their children. Catalogs whose namespaces do not nest refuse to look below
 * one, say that there is nothing, or give the whole list again; a namespace that is dropped meanwhile has none.
 *
 * @throws {MoraineError} `exhausted` for a catalog of which there is always more
 */
export async function allNamespaces(catalog: Catalog, signal?: AbortSignal): Promise<readonly Namespace[]> {
  const found: Namespace[] = []
  let count = 0
  const look = async (parent: Namespace, inner: AbortSignal) => {
    const children = await childNamespaces(catalog, parent, inner)
    count += children.length
    if (count > NAMESPACES_MAX || (parent.length === DEPTH_MAX && children.length > 0)) throw endless(catalog)
    return children
  }
  let level: readonly Namespace[] = [[]]
  while (level.length > 0) {
    level = (await mapBounded(level, AT_A_TIME, look, signal)).flat()
    for (const namespace of level) found.push(namespace)
  }
  return found
}

/** Those right below the parent, if there is such a thing in this catalog. */
export async function childNamespaces(
  catalog: Catalog,
  parent: Namespace,
  signal?: AbortSignal,
): Promise<readonly Namespace[]> {
  const what = `the list of namespaces of catalog ${catalog.name}`
  try {
    const listed = await collectPages(what, (page) => catalog.listNamespaces(parent, page, signal), signal)
    return listed.filter(
      (child) => child.length === parent.length + 1 && parent.every((name, index) => child[index] === name),
    )
  } catch (error) {
    const isNoParent = isKind(error, 'unsupported') || isKind(error, 'not-found') || isKind(error, 'invalid-input')
    if (parent.length > 0 && isNoParent) return []
    throw error
  }
}

function endless({ name }: Catalog): MoraineError {
  return new MoraineError(
    'exhausted',
    `catalog ${name} has more than ${NAMESPACES_MAX} namespaces, or some that are more than ${DEPTH_MAX} levels deep, more than can be looked after; see that it is sound`,
  )
}
