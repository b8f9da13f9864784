import type { Catalog } from '@moraine/catalogs/catalog'
import type { Namespace } from '@moraine/catalogs/table-identifier'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { childNamespaces } from './all-namespaces.ts'
import { databaseCuts } from './database-cuts.ts'
import { whyLeftOut } from './left-out.ts'
import type { OpenedCatalog } from './open-catalogs.ts'

/**
 * The database that a path names, cut into levels as `databaseCuts` has it. For a name with more than two cuts it is listed
 * what begins like it.
 *
 * @throws {MoraineError} `not-found`
 */
export async function resolveDatabase(
  { catalog, filter }: Pick<OpenedCatalog, 'catalog' | 'filter'>,
  name: string,
  signal: AbortSignal,
): Promise<Namespace> {
  if (filter.acceptsDatabase([name])) {
    const [whole, levels, another] = databaseCuts(name)
    for (const cut of [whole, levels]) if (cut !== undefined && (await hasNamespace(catalog, cut, signal))) return cut
    if (another !== undefined) {
      const found = await namespaceNamed(catalog, [], name, signal)
      if (found !== undefined) return found
    }
  }
  const leftOut = whyLeftOut({ name: catalog.name, filter }, [name])
  throw new MoraineError('not-found', leftOut ?? `there is no database '${name}' in catalog '${catalog.name}'`)
}

/** The namespace below the parent whose levels, joined, are the text; of several the one with the shorter first level. */
async function namespaceNamed(
  catalog: Catalog,
  parent: Namespace,
  text: string,
  signal: AbortSignal,
): Promise<Namespace | undefined> {
  const children = (await childNamespaces(catalog, parent, signal)).map((child) => ({
    child,
    level: child.at(-1) ?? '',
  }))
  const begun = children.filter(({ level }) => level !== '' && `${text}.`.startsWith(`${level}.`))
  for (const { child, level } of begun.sort((a, b) => a.level.length - b.level.length)) {
    if (level === text) return child
    const found = await namespaceNamed(catalog, child, text.slice(level.length + 1), signal)
    if (found !== undefined) return found
  }
  return undefined
}

/** A catalog that cannot have such a namespace has none. */
async function hasNamespace(catalog: Catalog, namespace: Namespace, signal: AbortSignal): Promise<boolean> {
  try {
    await catalog.loadNamespace(namespace, signal)
    return true
  } catch (error) {
    if (isKind(error, 'not-found') || isKind(error, 'unsupported') || isKind(error, 'invalid-input')) return false
    throw error
  }
}
