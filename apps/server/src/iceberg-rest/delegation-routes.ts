import { isKind, MoraineError } from '@moraine/stdx/error'
import { type JsonDecoder, listOf, mapOf, optional, record, required, text } from '@moraine/stdx/exact-json-decode'
import type { RequestToSign } from '../catalogs/delegation/decide-signing.ts'
import type { DelegationKind, TableAccess } from '../catalogs/delegation/table-access.ts'
import { encodeHandedOut, handedOut, STAGED } from './handed-out.ts'
import { bodyOf, identifierOf, malformed, ok, type RestAnswer, type RestCall, type RestRoute } from './rest-route.ts'

const ONE = '/v1/{prefix}/namespaces/{namespace}/tables/{table}'

/** By which clients renew the credentials that a table came with. */
export const CREDENTIALS_ROUTE: RestRoute = {
  method: 'GET',
  path: `${ONE}/credentials`,
  needs: 'view-table',
  answer: loadCredentials,
}

/** By which clients without credentials have each request to the store signed. */
export const SIGN_ROUTE: RestRoute = {
  method: 'POST',
  path: `${ONE}/sign`,
  needs: 'view-table',
  isRead: true,
  answer: signRequest,
}

async function loadCredentials(call: RestCall): Promise<RestAnswer> {
  const access = accessOf(call, 'vended-credentials')
  const table = await placedTable(call, access, call.query['staged'])
  const given = await access.delegate({ ...table, identity: call.identity }, new Set(['vended-credentials']))
  if (given.kind === 'none') {
    throw new MoraineError('permission', `no credentials are given for table ${table.identifier.name}: ${given.why}`)
  }
  const { 'storage-credentials': credentials = [] } = encodeHandedOut(handedOut(call, access, given, table))
  return { ...ok({ 'storage-credentials': credentials }), isSecret: true }
}

async function signRequest(call: RestCall): Promise<RestAnswer> {
  const access = accessOf(call, 'remote-signing')
  const request = bodyOf(call, decodeSignRequest)
  const { identifier, metadata } = await placedTable(call, access, request.staged ?? call.query['staged'])
  const { uri, headers, isRepeatable } = await access.sign({ identifier, metadata, identity: call.identity }, request)
  const listed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))
  return { ...ok({ uri, headers: listed }), cacheControl: isRepeatable ? 'private' : 'no-cache' }
}

/** The table, or what was staged under its name by who asks. */
async function placedTable(call: RestCall, access: TableAccess, staged: string | undefined) {
  const identifier = identifierOf(call)
  try {
    const { metadata } = await call.catalog.loadTable(identifier, call.signal)
    return { identifier, metadata }
  } catch (error) {
    const place = staged === undefined ? undefined : access.staged.open(staged, identifier, call.identity.name)
    if (staged === undefined || place === undefined || !isKind(error, 'not-found')) throw error
    return { identifier, metadata: place, staged }
  }
}

function accessOf({ access, catalog }: RestCall, kind: DelegationKind): TableAccess {
  if (access?.kinds.has(kind) === true) return access
  throw new MoraineError(
    'unsupported',
    `catalog ${catalog.name} does not give ${kind}; its property access-delegation says what it gives`,
  )
}

/** `RemoteSignRequest`, `S3SignRequest` of former days. */
const decodeSignRequest: JsonDecoder<RequestToSign & { readonly region: string; readonly staged?: string }> = (
  value,
  place,
) => {
  const json = record(value, place)
  const region = required(json, 'region', text)
  if (!/^[a-z0-9-]{1,64}$/.test(region)) throw malformed(`region ${JSON.stringify(region)} is no region`)
  const provider = optional(json, 'provider', text) ?? 's3'
  if (provider !== 's3') throw malformed(`requests to ${JSON.stringify(provider)} are not signed here; those to s3 are`)
  const headers = new Map<string, readonly string[]>()
  for (const [name, values] of Object.entries(required(json, 'headers', mapOf(listOf(text))))) {
    if (headers.has(name.toLowerCase())) throw malformed(`header ${name} is given twice`)
    headers.set(name.toLowerCase(), values)
  }
  const body = optional(json, 'body', text)
  const staged = optional(json, 'properties', mapOf(text))?.[STAGED]
  return {
    ...(staged !== undefined && { staged }),
    region,
    method: required(json, 'method', text),
    uri: required(json, 'uri', text),
    headers: Object.fromEntries(headers),
    ...(body !== undefined && { body }),
  }
}
