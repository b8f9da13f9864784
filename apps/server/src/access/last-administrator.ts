import type { Grant } from '@moraine/management/access/grant'
import type { Principal, PrincipalStore } from '@moraine/management/access/principal'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'

/** A role on the whole service that lets others in. */
export function mayAll(grants: readonly Grant[]): boolean {
  return grants.some(({ role, place }) => role === 'admin' && place.catalog === undefined)
}

/** What is left out of account: a role of somebody, or a credential. */
type Without = { readonly principal?: string; readonly credential?: string }

/** The names of those who may do everything, and have a credential that still holds to prove it with. */
export async function listAdministrators(
  principals: PrincipalStore,
  clock: Pick<Clock, 'now'>,
  without: Without = {},
): Promise<ReadonlySet<string>> {
  const now = clock.now()
  const live = (await principals.listCredentials()).filter(
    ({ id, expiresAt = Number.POSITIVE_INFINITY }) => expiresAt > now && id !== without.credential,
  )
  const known = new Set(live.map(({ principal }) => principal))
  const all = (await principals.listPrincipals()).filter(({ name }) => name !== without.principal)
  return new Set(all.filter(({ name, grants }) => known.has(name) && mayAll(grants)).map(({ name }) => name))
}

/**
 * The changes by which a service could lose its last administrator, refused where they would.
 *
 * Several servers may take away several administrators at once, so each looks again after what it has done, and undoes it
 * where nobody is left: of all that write before they look at least one sees the others. Whoever is removed loses the role
 * first, because a principal that is gone cannot be put back with its credentials. Should a process die in between, the
 * next start makes an administrator (`makeFirstAdministrator`).
 */
export interface AdministratorGuard {
  /** As `PrincipalStore.swapGrants`. @throws {MoraineError} `conflict` if nobody would be left to let others in */
  swapGrants(principal: Principal, grants: readonly Grant[]): Promise<boolean>
  /** As `PrincipalStore.removePrincipal`; errors as those of {@link swapGrants}. */
  removePrincipal(name: string): Promise<boolean>
  /** As `PrincipalStore.removeCredential`; errors as those of {@link swapGrants}. */
  removeCredential(principal: string, id: string): Promise<boolean>
}

export function administratorGuard(principals: PrincipalStore, clock: Pick<Clock, 'now'>): AdministratorGuard {
  /** Both answer whether there was something to do. */
  type Change = { readonly takes: Without; do(): Promise<boolean>; undo(): Promise<boolean> }

  async function leavingOne(name: string, { takes, ...change }: Change): Promise<boolean> {
    // Where there is none, others are let in by other means. Whoever is none yet may become one before this is done.
    if ((await listAdministrators(principals, clock)).size === 0) return change.do()
    if ((await listAdministrators(principals, clock, takes)).size === 0) throw lastOne(name)
    if (!(await change.do())) return false
    if ((await listAdministrators(principals, clock)).size > 0) return true
    if (await change.undo()) throw lastOne(name)
    throw new MoraineError(
      'conflict',
      `${name} was the last administrator of the service, and was changed by somebody else before that could be undone; look at the principals now, and restart the service if none of them is one: it makes one then`,
    )
  }

  async function swapGrants(principal: Principal, grants: readonly Grant[]): Promise<boolean> {
    if (mayAll(grants) || !mayAll(principal.grants)) return principals.swapGrants(principal, grants)
    const changed = { ...principal, grants }
    return leavingOne(principal.name, {
      takes: { principal: principal.name },
      do: () => principals.swapGrants(principal, grants),
      undo: () => principals.swapGrants(changed, principal.grants),
    })
  }

  return {
    swapGrants,
    async removePrincipal(name) {
      const found = await principals.findPrincipal(name)
      if (found === undefined) return false
      if (mayAll(found.grants) && !(await swapGrants(found, []))) {
        throw new MoraineError('conflict', `the grants of ${name} changed meanwhile; look at them, and ask again`)
      }
      return principals.removePrincipal(name)
    },
    async removeCredential(principal, id) {
      const found = await principals.findCredential(id)
      if (found === undefined) return principals.removeCredential(principal, id)
      return leavingOne(principal, {
        takes: { credential: id },
        do: () => principals.removeCredential(principal, id),
        undo: () => principals.addCredential(found.credential),
      })
    },
  }
}

function lastOne(name: string): MoraineError {
  return new MoraineError(
    'conflict',
    `${name} is the last administrator of the service: give another principal the role admin without a catalog, and a credential, then ask again`,
  )
}
