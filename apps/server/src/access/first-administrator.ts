import type { PrincipalStore } from '@moraine/management/access/principal'
import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import { newCredential } from './credential-secret.ts'

const NAME = 'admin'

/** Makes an administrator where nobody could get in; the credential as `id:secret`, to be shown once. */
export async function makeFirstAdministrator(
  principals: PrincipalStore,
  clock: Clock,
  random: Random,
): Promise<string | undefined> {
  for (const { name } of await principals.listPrincipals()) {
    if ((await principals.listCredentials(name)).length > 0) return undefined
  }
  const now = clock.now()
  const of = { principal: NAME, note: 'of the first start', expiresAt: undefined }
  const { credential, secret } = newCredential(of, now, random)
  await principals.savePrincipal({ name: NAME, grants: [{ role: 'admin', place: {} }], createdAt: now })
  await principals.addCredential(credential)
  return `${credential.id}:${secret}`
}
