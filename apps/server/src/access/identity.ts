import { type Grant, isAllowed, isSeen, type Place, type Privilege, rolesWith } from '@moraine/management/access/grant'
import { MoraineError } from '@moraine/stdx/error'

/** Who asks, and what they may do. */
export type Identity = { readonly name: string; readonly grants: readonly Grant[] }

/** Whoever asks where nobody has to say who they are. */
export const ANYBODY: Identity = { name: 'anybody', grants: [{ role: 'admin', place: {} }] }

/** @throws {MoraineError} `permission` unless the identity may do this at the place */
export function demand({ name, grants }: Identity, privilege: Privilege, place: Place): void {
  if (isAllowed(grants, privilege, place)) return
  throw new MoraineError(
    'permission',
    `${name} has no role with the privilege ${privilege} on ${formatPlace(place)}: ${enough(privilege)}; an administrator can grant it`,
  )
}

/** @throws {MoraineError} `permission` unless the place, or something in it, is known to the identity */
export function demandSight({ name, grants }: Identity, place: Place): void {
  if (isSeen(grants, place)) return
  throw new MoraineError(
    'permission',
    `${name} has no role on ${formatPlace(place)} or anything in it; an administrator can grant one`,
  )
}

/** Not all that have it: of viewer, editor, operator and admin the first would do. */
function enough(privilege: Privilege): string {
  const [least = 'admin'] = rolesWith(privilege)
  return `the role ${least} there is enough`
}

function formatPlace({ catalog, namespace, table }: Place): string {
  if (catalog === undefined) return 'the service'
  if (namespace === undefined) return `catalog ${catalog}`
  const path = [catalog, ...namespace].join('.')
  return table === undefined ? `namespace ${path}` : `${path}.${table}`
}
