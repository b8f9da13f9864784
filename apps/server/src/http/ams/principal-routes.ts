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
import { checkPrincipal, type Principal, type PrincipalStore } from '@moraine/management/access/principal'
import type { Stores } from '@moraine/management/store/stores'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import { Type } from 'typebox'
import { bearerOf, newCredential } from '../../access/credential-secret.ts'
import { type ApiServer, answers, success } from './route-types.ts'

export type PrincipalRoutesDeps = {
  readonly stores: Pick<Stores, 'principals'>
  readonly clock: Clock
  readonly random: Random
}

const tags = ['access']
const ALL = '/principals'
const ONE = `${ALL}/:principal`

/** Who may do what, and what they show for it. Not in Amoro. */
export function principalRoutes(server: ApiServer, deps: PrincipalRoutesDeps): void {
  grantRoutes(server, deps)
  credentialRoutes(server, deps)
}

function grantRoutes(server: ApiServer, { stores: { principals }, clock }: PrincipalRoutesDeps): void {
  server.get(
    ALL,
    { schema: { tags, summary: 'Everybody, by name', response: answers(Type.Array(principalSchema)) } },
    async () => {
      const all = await principals.listPrincipals()
      return success(await Promise.all(all.map((each) => principalBody(principals, each))))
    },
  )
  server.post(
    ALL,
    {
      schema: { tags, summary: 'Make a principal known', body: newPrincipalBody, response: answers(principalSchema) },
    },
    async ({ body }) => {
      const made = { name: body.name, grants: grantsOf(body.grants), createdAt: clock.now() }
      checkPrincipal(made)
      if ((await principals.findPrincipal(body.name)) !== undefined) {
        throw new MoraineError('already-exists', `there is a principal ${body.name}; change its grants with PUT`)
      }
      await principals.savePrincipal(made)
      return success(await principalBody(principals, made))
    },
  )
  server.put(
    ONE,
    {
      schema: {
        tags,
        summary: 'Replace the grants of a principal',
        params: principalParams,
        body: grantsBody,
        response: answers(principalSchema),
      },
    },
    async ({ params, body }) => {
      const changed = { ...(await findPrincipal(principals, params.principal)), grants: grantsOf(body.grants) }
      checkPrincipal(changed)
      await principals.savePrincipal(changed)
      return success(await principalBody(principals, changed))
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
      if (!(await principals.removePrincipal(params.principal))) throw unknownPrincipal(params.principal)
      return success(null)
    },
  )
}

function credentialRoutes(server: ApiServer, { stores: { principals }, clock, random }: PrincipalRoutesDeps): void {
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
      const of = {
        principal: params.principal,
        note: body.note ?? '',
        expiresAt: body.expiresAt as EpochMs | undefined,
      }
      const { credential, secret } = newCredential(of, clock.now(), random)
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
      if (await principals.removeCredential(principal, credential)) return success(null)
      throw new MoraineError('not-found', `${principal} has no credential ${credential}`)
    },
  )
}

async function principalBody(
  principals: PrincipalStore,
  { name, grants, createdAt }: Principal,
): Promise<PrincipalBody> {
  const credentials = await principals.listCredentials(name)
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

async function findPrincipal(principals: PrincipalStore, name: string): Promise<Principal> {
  const found = await principals.findPrincipal(name)
  if (found === undefined) throw unknownPrincipal(name)
  return found
}

function unknownPrincipal(name: string): MoraineError {
  return new MoraineError('not-found', `there is no principal ${name}`)
}
