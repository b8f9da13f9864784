import { createHash } from 'node:crypto'
import type { TablePlace } from '@moraine/catalogs/metadata-file/own-files'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { FILE_PATH_PROPERTIES } from '@moraine/iceberg/metadata/table-properties'
import { MoraineError } from '@moraine/stdx/error'
import type { JsonObject } from '@moraine/stdx/exact-json'
import type { Delegated, DelegationKind, TableAccess } from '../catalogs/delegation/table-access.ts'
import type { RestCall } from './rest-route.ts'

/** What an answer about a table gives a client to reach its files with. Never to be logged or kept. */
export type HandedOut = {
  readonly config: Readonly<Record<string, string>>
  readonly credentials: readonly { readonly prefix: string; readonly config: Readonly<Record<string, string>> }[]
  /** What a client has to say with each request that it wants signed. */
  readonly signing?: Readonly<Record<string, string>>
  /** The same for the same credentials; tells nothing of their secrets. */
  readonly tag: string
}

/** `staged`: it is not created yet, and known by this word alone. */
type Table = { readonly identifier: TableIdentifier; readonly metadata: TablePlace; readonly staged?: string }

/** In properties of a request to sign, and in the path's query of clients that know no such properties. */
export const STAGED = 'moraine.staged'

/** Whether the client asks for something of the kind, and the catalog has it. */
export function isDelegated({ access, headers }: Pick<RestCall, 'access' | 'headers'>): boolean {
  const takes = takenKinds(headers['x-iceberg-access-delegation'])
  return access !== undefined && [...takes].some((kind) => access.kinds.has(kind))
}

/** What the client asks for by `X-Iceberg-Access-Delegation`, if the catalog gives it; `undefined` for nothing. */
export async function handOut(call: RestCall, table: Table): Promise<HandedOut | undefined> {
  const takes = takenKinds(call.headers['x-iceberg-access-delegation'])
  if (call.access === undefined || takes.size === 0) return undefined
  const given = await call.access.delegate({ ...table, identity: call.identity }, takes)
  return given.kind === 'none' ? undefined : handedOut(call, call.access, given, table)
}

/** As {@link handOut}, of a table that does not exist yet. */
export function handOutStaged(call: RestCall, table: Table): Promise<HandedOut | undefined> {
  const staged = call.access?.staged.seal(table.identifier, table.metadata, call.identity.name)
  return handOut(call, { ...table, ...(staged !== undefined && { staged }) })
}

/** As {@link handOut}, of a table that was just made: whatever goes wrong now, the table is there, and the answer says so. */
export async function handOutMade(call: RestCall, table: Table): Promise<HandedOut | undefined> {
  try {
    return await handOut(call, table)
  } catch (error) {
    if (!(error instanceof MoraineError)) throw error
    call.hooks.onWithheld?.({ catalog: call.catalog.name, identifier: table.identifier, error })
    return undefined
  }
}

/** The fields of a `LoadTableResult` and its like. Older clients look into `config` alone. */
export function encodeHandedOut({ config, credentials, signing }: HandedOut): JsonObject {
  return {
    config,
    ...(credentials.length > 0 && { 'storage-credentials': credentials }),
    ...(signing !== undefined && { 'remote-signing-config': { properties: signing } }),
  }
}

/** The part of the path that names a table, relative to the catalog's URI. */
function pathOf({ params }: Pick<RestCall, 'params'>, { namespace, name }: TableIdentifier): string {
  const levels = encodeURIComponent(namespace.join('\u001f'))
  return `v1/catalogs/${encodeURIComponent(params['warehouse'] ?? '')}/namespaces/${levels}/tables/${encodeURIComponent(name)}`
}

const KINDS: readonly DelegationKind[] = ['vended-credentials', 'remote-signing']

function takenKinds(header: string | undefined): ReadonlySet<DelegationKind> {
  const words = (header ?? '').split(',').map((word) => word.trim().toLowerCase())
  return new Set(KINDS.filter((kind) => words.includes(kind)))
}

export function handedOut(call: RestCall, access: TableAccess, given: Delegated, table: Table): HandedOut {
  const path = pathOf(call, table.identifier)
  const query = table.staged === undefined ? '' : `?staged=${table.staged}`
  const common = access.clientSettings
  if (given.kind === 'signing') {
    const config = { ...common, ...signerConfig(`${path}/sign${query}`) }
    const signing = table.staged === undefined ? {} : { signing: { [STAGED]: table.staged } }
    return { config, credentials: [], ...signing, tag: tagOf(['signing']) }
  }
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = given.credentials
  const config = {
    ...common,
    's3.access-key-id': accessKeyId,
    's3.secret-access-key': secretAccessKey,
    ...(sessionToken !== undefined && { 's3.session-token': sessionToken }),
    ...(expiration !== undefined && {
      's3.session-token-expires-at-ms': String(expiration.getTime()),
      'client.refresh-credentials-endpoint': `${path}/credentials${query}`,
    }),
  }
  return { config, credentials: [{ prefix: prefixOf(table), config }], tag: tagOf([accessKeyId]) }
}

/** The names of Java's client before 1.12, which finds the endpoint by itself since; Python's has to be told all of it. */
function signerConfig(endpoint: string): Readonly<Record<string, string>> {
  return {
    's3.remote-signing-enabled': 'true',
    's3.signer': 'S3V4RestSigner',
    's3.signer.endpoint': endpoint,
    'py-io-impl': 'pyiceberg.io.fsspec.FsspecFileIO',
  }
}

/**
 * One prefix for all of a table's places, of which there may be several: Java's client renews no more than one credential
 * of S3. What the credentials open, their policy says.
 */
function prefixOf({ metadata: { location, properties } }: Table): string {
  const places = [location, ...FILE_PATH_PROPERTIES.flatMap((key) => properties[key] ?? [])]
  const folder = `${location.replace(/\/+$/, '')}/`
  return places.every((place) => `${place.replace(/\/+$/, '')}/`.startsWith(folder)) ? folder : 's3'
}

function tagOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22)
}
