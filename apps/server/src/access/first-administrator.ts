import type { Grant } from '@moraine/management/access/grant'
import type { PrincipalStore } from '@moraine/management/access/principal'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import { newCredential } from './credential-secret.ts'
import { listAdministrators, mayAll } from './last-administrator.ts'

const NAME = 'admin'
const ADMIN: readonly Grant[] = [{ role: 'admin', place: {} }]

/**
 * Makes an administrator where none could get in: viewers, and whose credentials have all expired, could not let anybody in.
 * The credential is `id:secret`, to be shown once; `undefined` where there is an administrator.
 *
 * @throws {MoraineError} `conflict` if somebody else was at it
 */
export async function makeFirstAdministrator(
  principals: PrincipalStore,
  clock: Clock,
  random: Random,
): Promise<string | undefined> {
  const now = clock.now()
  if ((await listAdministrators(principals, clock)).size > 0) return undefined
  const of = { principal: NAME, note: 'of the first start', expiresAt: undefined }
  const { credential, secret } = newCredential(of, now, random)
  const principal = { name: NAME, grants: ADMIN, createdAt: now }
  if (!(await principals.addPrincipal(principal))) await raise(principals)
  if (!(await principals.addCredential(credential))) throw changedMeanwhile()
  return `${credential.id}:${secret}`
}

/** Somebody of that name is known already, whose grants may have been taken away: nobody else could give them back. */
async function raise(principals: PrincipalStore): Promise<void> {
  const found = await principals.findPrincipal(NAME)
  if (found !== undefined && (mayAll(found.grants) || (await principals.swapGrants(found, ADMIN)))) return
  throw changedMeanwhile()
}

function changedMeanwhile(): MoraineError {
  return new MoraineError('conflict', `the principal ${NAME} changed while its first credential was made; start again`)
}
