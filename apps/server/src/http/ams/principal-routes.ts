import { isDeepStrictEqual } from 'node:util'
import {
  credentialParams,
  grantsBody,
  issuedCredential,
  newCredentialBody,
  newPrincipalBody,
  type PrincipalBody,
  principalParams,
  principal as principalSchema,
} from '@moraine/api/rest/principal-schemas'
import type { Grant, Place } from '@moraine/management/access/grant'
import {
  type Credential,
  checkPrincipal,
  type Principal,
  type PrincipalStore,
} from '@moraine/management/access/principal'
import type { Stores } from '@moraine/management/store/stores'
import { type EpochMs, later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import { Type } from 'typebox'
import type { Authenticator } from '../../access/authenticator.ts'
import { bearerOf, newCredential } from '../../access/credential-secret.ts'
import { type AdministratorGuard, administratorGuard } from '../../access/last-administrator.ts'
import { refuseUnknownFields } from './refuse-unknown-fields.ts'
import { type ApiServer, answers, success } from './route-types.ts'
import { REQUEST } from './table-change/plan-table-change.ts'

export type PrincipalRoutesDeps = {
  readonly stores: Pick<Stores, 'principals'> & { readonly catalogs: Pick<Stores['catalogs'], 'findCatalog'> }
  readonly authenticator: Pick<Authenticator, 'administersItself'>
  readonly clock: Clock
  readonly random: Random
}

const tags = ['access']
const ALL = '/principals'
const ONE = `${ALL}/:principal`

/** Who may do what, and what they show for it. Not in Amoro. */
export function principalRoutes(server: ApiServer, deps: PrincipalRoutesDeps): void {
  const { stores, clock, authenticator } = deps
  const isOpen = authenticator.administersItself === true
  const guard = isOpen ? stores.principals : administratorGuard(stores.principals, clock)
  grantRoutes(server, deps, guard)
  credentialRoutes(server, deps, guard)
}

function grantRoutes(
  server: ApiServer,
  { stores: { principals, catalogs }, clock }: PrincipalRoutesDeps,
  guard: AdministratorGuard,
): void {
  server.get(
    ALL,
    { schema: { tags, summary: 'Everybody, by name', response: answers(Type.Array(principalSchema)) } },
    async () => {
      const all = await principals.listPrincipals()
      const credentials = Map.groupBy(await principals.listCredentials(), ({ principal }) => principal)
      return success(all.map((each) => principalBody(each, credentials.get(each.name) ?? [])))
    },
  )
  server.post(
    ALL,
    {
      schema: { tags, summary: 'Make a principal known', body: newPrincipalBody, response: answers(principalSchema) },
    },
    async ({ body }) => {
      refuseUnknownFields(body, newPrincipalBody, REQUEST)
      const made = { name: body.name, grants: grantsOf(body.grants), createdAt: clock.now() }
      checkPrincipal(made)
      await refuseUnknownCatalogs(made.grants, [], catalogs)
      if (!(await principals.addPrincipal(made))) {
        throw new MoraineError('already-exists', `there is a principal ${body.name}; change its grants with PUT`)
      }
      return success(principalBody(made, []))
    },
  )
  server.put(
    ONE,
    {
      schema: {
        tags,
        summary: 'Replace the grants of a principal, from those that are expected if any are named',
        params: principalParams,
        body: grantsBody,
        response: answers(principalSchema),
      },
    },
    async ({ params, body }) => {
      const found = await findPrincipal(principals, params.principal)
      refuseUnknownFields(body, grantsBody, REQUEST)
      const { expectedGrants } = body
      if (expectedGrants !== undefined && !isDeepStrictEqual(grantsOf(expectedGrants), found.grants)) {
        throw grantsChanged(found)
      }
      const changed = { ...found, grants: grantsOf(body.grants) }
      checkPrincipal(changed)
      await refuseUnknownCatalogs(changed.grants, found.grants, catalogs)
      if (!(await guard.swapGrants(found, changed.grants))) throw grantsChanged(found)
      return success(principalBody(changed, await principals.listCredentials(changed.name)))
    },
  )
  server.delete(
    ONE,
    {
      schema: {
        tags,
        summary: 'Forget a principal and its credentials',
        params: principalParams,
        response: answers(Type.Null()),
      },
    },
    async ({ params }) => {
      if (!(await guard.removePrincipal(params.principal))) throw unknownPrincipal(params.principal)
      return success(null)
    },
  )
}

function credentialRoutes(
  server: ApiServer,
  { stores: { principals }, clock, random }: PrincipalRoutesDeps,
  guard: AdministratorGuard,
): void {
  server.post(
    `${ONE}/credentials`,
    {
      schema: {
        tags,
        summary: 'Make a credential; its secret is told once',
        params: principalParams,
        body: newCredentialBody,
        response: answers(issuedCredential),
      },
      // Without a body everything is as by default.
      preValidation: async (request) => {
        request.body ??= {}
      },
    },
    async ({ params, body }) => {
      const now = clock.now()
      const of = { principal: params.principal, note: body.note ?? '', expiresAt: expiryOf(body.expiresAt, now) }
      const { credential, secret } = newCredential(of, now, random)
      if (!(await principals.addCredential(credential))) throw unknownPrincipal(params.principal)
      return success({ id: credential.id, secret, token: bearerOf(credential.id, secret) })
    },
  )
  server.delete(
    `${ONE}/credentials/:credential`,
    {
      schema: {
        tags,
        summary: 'Revoke a credential, and with it every token it was exchanged for',
        params: credentialParams,
        response: answers(Type.Null()),
      },
    },
    async ({ params }) => {
      const { principal, credential } = params
      if (await guard.removeCredential(principal, credential)) return success(null)
      throw new MoraineError('not-found', `${principal} has no credential ${credential}`)
    },
  )
}

/** @throws {MoraineError} `invalid-input` for a moment that has passed, at which nobody could get in */
function expiryOf(expiresAt: number | undefined, now: EpochMs): EpochMs | undefined {
  if (expiresAt === undefined) return undefined
  if (expiresAt > now) return later(now, expiresAt - now)
  throw new MoraineError('invalid-input', `expiresAt ${expiresAt} has passed: it is ${now} now, in epoch milliseconds`)
}

function principalBody({ name, grants, createdAt }: Principal, credentials: readonly Credential[]): PrincipalBody {
  return {
    name,
    grants: grants.map(({ role, place: { catalog, namespace, table } }) => ({
      role,
      ...(catalog !== undefined && { catalog }),
      ...(namespace !== undefined && { namespace: [...namespace] }),
      ...(table !== undefined && { table }),
    })),
    createdAt,
    credentials: credentials.map(({ id, note, createdAt: madeAt, expiresAt }) => ({
      id,
      note,
      createdAt: madeAt,
      expiresAt: expiresAt ?? null,
    })),
  }
}

function grantsOf(bodies: PrincipalBody['grants']): readonly Grant[] {
  return bodies.map(({ role, catalog, namespace, table }) => {
    const place: Place = {
      ...(catalog !== undefined && { catalog }),
      ...(namespace !== undefined && { namespace }),
      ...(table !== undefined && { table }),
    }
    return { role, place }
  })
}

/**
 * A catalog that is not registered is a name misspelt, or one that somebody else may register later, with these grants on it.
 * Namespaces and tables may be still to come: who makes them is for the grants to say.
 *
 * @param kept grants that the principal has: they may stay though their catalog went, before grants went with it
 * @throws {MoraineError} `invalid-input` naming the field
 */
async function refuseUnknownCatalogs(
  grants: readonly Grant[],
  kept: readonly Grant[],
  catalogs: PrincipalRoutesDeps['stores']['catalogs'],
): Promise<void> {
  const known = new Set(kept.map(({ place }) => place.catalog))
  for (const [at, { place }] of grants.entries()) {
    if (place.catalog === undefined || known.has(place.catalog)) continue
    if ((await catalogs.findCatalog(place.catalog)) === undefined) {
      throw new MoraineError(
        'invalid-input',
        `grants[${at}].catalog: there is no catalog ${JSON.stringify(place.catalog)}; register it first, or name one of GET /catalogs as it is written there`,
      )
    }
    known.add(place.catalog)
  }
}

function grantsChanged({ name }: Principal): MoraineError {
  return new MoraineError('conflict', `the grants of ${name} changed meanwhile; look at them, and send yours again`)
}

async function findPrincipal(principals: PrincipalStore, name: string): Promise<Principal> {
  const found = await principals.findPrincipal(name)
  if (found === undefined) throw unknownPrincipal(name)
  return found
}

function unknownPrincipal(name: string): MoraineError {
  return new MoraineError('not-found', `there is no principal ${name}`)
}
