import { isDeepStrictEqual } from 'node:util'
import { type GrantEntry, type PrincipalEntry, type PrincipalsApi, principalsApi } from '@moraine/client/principals-api'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { parseLevels } from '../table/table-ref.ts'
import { grantText, principalsText, principalText } from '../text/principal-text.ts'
import type { CommandContext } from './command-context.ts'
import { parseExpiry } from './expiry.ts'
import { insteadOf } from './instead-of.ts'
import { apiConnection } from './server-access.ts'
import type { RawServerOptions } from './server-options.ts'

export type RawPlaceOptions = RawServerOptions & {
  readonly catalog?: string
  readonly namespace?: string
  readonly table?: string
}
export type RawGrantOptions = RawPlaceOptions & { readonly role: GrantEntry['role'] }

export async function listPrincipals(raw: RawServerOptions, context: CommandContext): Promise<void> {
  const principals = await apiOf(raw, context).list(context.signal)
  if (raw.json === true) context.printJson(principals)
  else context.print(principalsText(principals))
}

export async function createPrincipal(
  name: string,
  { role, ...raw }: RawPlaceOptions & { readonly role?: GrantEntry['role'] },
  context: CommandContext,
): Promise<void> {
  if (role === undefined && raw.catalog !== undefined) {
    throw new MoraineError('invalid-input', '--catalog is where a role holds: say which with --role')
  }
  const grants = role === undefined ? [] : [grantOf({ ...raw, role })]
  const remedy = `there is a principal ${name} already; \`moraine principal grant ${name}\` gives it a role`
  const api = apiOf(raw, context)
  const made = await api
    .create(name, grants, context.signal)
    .catch(insteadOf('already-exists', remedy))
    .catch(inFlags(raw))
  say(made, raw, context)
}

/** The grants that it has stay, also those that it gets at the same time. */
export async function grantRole(name: string, raw: RawGrantOptions, context: CommandContext): Promise<void> {
  const wanted = grantOf(raw)
  const changed = await changeGrants(name, raw, context, (grants) => [
    ...grants.filter((grant) => !isSame(grant, wanted)),
    wanted,
  ]).catch(inFlags(raw))
  say(changed, raw, context)
}

/** @throws {MoraineError} `not-found` if it has not that role at that place, naming those that it has */
export async function revokeRole(name: string, raw: RawGrantOptions, context: CommandContext): Promise<void> {
  const unwanted = grantOf(raw)
  const changed = await changeGrants(name, raw, context, (grants) => {
    const kept = grants.filter((grant) => !isSame(grant, unwanted))
    if (kept.length < grants.length) return kept
    const has = grants.length === 0 ? 'no role' : grants.map(grantText).join(', ')
    throw new MoraineError('not-found', `principal ${name} is not ${grantText(unwanted)}; it has ${has}`)
  })
  say(changed, raw, context)
}

/** Made anew from what somebody else has made of them meanwhile. */
async function changeGrants(
  name: string,
  raw: RawServerOptions,
  context: CommandContext,
  edit: (grants: readonly GrantEntry[]) => readonly GrantEntry[],
): Promise<PrincipalEntry> {
  const api = apiOf(raw, context)
  let { grants: from } = await findPrincipal(name, api, context.signal)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await api.change(name, { from, to: edit(from) }, context.signal)
    } catch (error) {
      if (!isKind(error, 'conflict') || attempt === CHANGE_ATTEMPTS) throw error
      const { grants } = await findPrincipal(name, api, context.signal)
      // Refused for another reason: the last administrator stays.
      if (isDeepStrictEqual(grants, from)) throw error
      from = grants
    }
  }
}

/** The API says of which entry of its body a catalog is not there: the command line has one. */
function inFlags({ catalog }: Pick<RawGrantOptions, 'catalog'>): (error: unknown) => never {
  return (error) => {
    if (catalog === undefined || !isKind(error, 'invalid-input') || !error.message.includes('].catalog: ')) throw error
    throw new MoraineError(
      'invalid-input',
      `--catalog ${catalog}: there is no such catalog; \`moraine catalog list\` tells which there are, \`moraine catalog register ${catalog}\` makes it known`,
      { context: error.context },
    )
  }
}

/** Each that is lost is one that somebody else has won. */
const CHANGE_ATTEMPTS = 20

export async function dropPrincipal(name: string, raw: RawServerOptions, context: CommandContext): Promise<void> {
  await apiOf(raw, context).remove(name, context.signal)
  if (raw.json === true) context.printJson({ principal: name, outcome: 'dropped' })
  else context.print(`principal ${name} is dropped; its credentials and tokens are worth nothing any more\n`)
}

export type RawCredentialOptions = RawServerOptions & { readonly note?: string; readonly expires?: string }

/** The secret goes to standard output and nowhere else. */
export async function createCredential(
  name: string,
  raw: RawCredentialOptions,
  context: CommandContext,
): Promise<void> {
  const form = {
    ...(raw.note !== undefined && { note: raw.note }),
    ...(raw.expires !== undefined && { expiresAt: parseExpiry(raw.expires) }),
  }
  const { id, secret, token } = await apiOf(raw, context).issueCredential(name, form, context.signal)
  if (raw.json === true) return context.printJson({ principal: name, id, secret, token })
  context.note(`a credential of ${name}, shown this once: as user and password, and as a bearer token`)
  context.print(`MORAINE_CREDENTIAL=${id}:${secret}\nMORAINE_TOKEN=${token}\n`)
}

export async function revokeCredential(
  name: string,
  id: string,
  raw: RawServerOptions,
  context: CommandContext,
): Promise<void> {
  await apiOf(raw, context).revokeCredential(name, id, context.signal)
  if (raw.json === true) context.printJson({ principal: name, credential: id, outcome: 'revoked' })
  else context.print(`credential ${id} of ${name} is revoked\n`)
}

function apiOf(raw: RawServerOptions, context: CommandContext): PrincipalsApi {
  return principalsApi(apiConnection(raw, context))
}

async function findPrincipal(name: string, api: PrincipalsApi, signal: AbortSignal): Promise<PrincipalEntry> {
  const found = (await api.list(signal)).find((each) => each.name === name)
  if (found !== undefined) return found
  throw new MoraineError(
    'not-found',
    `there is no principal ${name}; \`moraine principal create ${name}\` makes it known`,
  )
}

function grantOf({ role, catalog, namespace, table }: RawGrantOptions): GrantEntry {
  if (namespace !== undefined && catalog === undefined) {
    throw new MoraineError('invalid-input', `--namespace ${namespace}: say of which catalog with --catalog`)
  }
  if (table !== undefined && namespace === undefined) {
    throw new MoraineError('invalid-input', `--table ${table}: say of which namespace with --namespace`)
  }
  return {
    role,
    ...(catalog !== undefined && { catalog }),
    ...(namespace !== undefined && { namespace: [...parseLevels(namespace, 'namespace')] }),
    ...(table !== undefined && { table }),
  }
}

function isSame(one: GrantEntry, other: GrantEntry): boolean {
  return one.role === other.role && placeKey(one) === placeKey(other)
}

function placeKey({ catalog, namespace, table }: GrantEntry): string {
  return JSON.stringify([catalog, namespace, table])
}

function say(principal: PrincipalEntry, { json }: RawServerOptions, context: CommandContext): void {
  if (json === true) context.printJson(principal)
  else context.print(principalText(principal))
}
