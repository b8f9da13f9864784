import type { Namespace } from '@moraine/catalogs/table-identifier'

/**
 * What somebody may do. The words are Amoro's privileges, and `write-table` beside them: there everybody who reaches the
 * catalog may change its tables.
 *
 * - `view-*`: look, and for tables read their rows
 * - `write-table`: create, commit to, rename and drop tables, views and namespaces
 * - `manage-table`: have a table optimized, or its processes ended
 * - `manage-catalog`, `manage-optimizer`: register and change catalogs; groups and optimizers
 * - `manage-platform`: who may do what
 */
export type Privilege =
  | 'view-system'
  | 'view-catalog'
  | 'view-table'
  | 'view-optimizer'
  | 'write-table'
  | 'manage-table'
  | 'manage-catalog'
  | 'manage-optimizer'
  | 'execute-sql'
  | 'manage-platform'

export type Role = 'viewer' | 'editor' | 'operator' | 'admin'

/** A table or view, a namespace with all below it, a catalog, or everything: each level only below the one before it. */
export type Place = {
  readonly catalog?: string
  readonly namespace?: Namespace
  readonly table?: string
}

/** The role, at the place and below it. */
export type Grant = { readonly role: Role; readonly place: Place }

const VIEWER: readonly Privilege[] = ['view-catalog', 'view-table', 'view-optimizer']
const EDITOR: readonly Privilege[] = [...VIEWER, 'write-table', 'execute-sql']
const OPERATOR: readonly Privilege[] = [...VIEWER, 'view-system', 'manage-table', 'manage-optimizer']

const ROLES: Readonly<Record<Role, readonly Privilege[]>> = {
  viewer: VIEWER,
  editor: EDITOR,
  operator: OPERATOR,
  admin: [...new Set([...EDITOR, ...OPERATOR]), 'manage-catalog', 'manage-platform'],
}

export function privilegesOf(role: Role): readonly Privilege[] {
  return ROLES[role]
}

/** The roles that have the privilege, the least first. */
export function rolesWith(privilege: Privilege): readonly Role[] {
  const all: readonly Role[] = ['viewer', 'editor', 'operator', 'admin']
  return all.filter((role) => ROLES[role].includes(privilege))
}

export function isAllowed(grants: readonly Grant[], privilege: Privilege, place: Place): boolean {
  return grants.some((grant) => ROLES[grant.role].includes(privilege) && holds(grant.place, place))
}

/** What is left of the grants when the catalog is no more. */
export function grantsWithoutCatalog(grants: readonly Grant[], catalog: string): readonly Grant[] {
  return grants.filter(({ place }) => place.catalog !== catalog)
}

/** Whether the place is known to whoever has the grants: they cover it, or something in it. */
export function isSeen(grants: readonly Grant[], place: Place): boolean {
  return grants.some((grant) => holds(grant.place, place) || holds(place, grant.place))
}

/** Whether `inner` is `outer` or lies in it. */
function holds(outer: Place, inner: Place): boolean {
  if (outer.catalog === undefined) return true
  if (outer.catalog !== inner.catalog) return false
  if (outer.namespace === undefined) return true
  const below = inner.namespace
  if (below === undefined || !outer.namespace.every((level, at) => below[at] === level)) return false
  if (outer.table === undefined) return true
  return outer.table === inner.table && outer.namespace.length === below.length
}
