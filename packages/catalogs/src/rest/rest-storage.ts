import { isKind } from '@moraine/stdx/error'
import type { Catalog, StorageAccess } from '../catalog.ts'
import type { TableIdentifier } from '../table-identifier.ts'
import { decodeAnswer, expectSuccess, type RestSubject } from './rest-answer.ts'
import { decodeTableCredential } from './rest-json.ts'
import type { RestPaths } from './rest-path.ts'
import type { RestRequest, RestTransport } from './rest-transport.ts'
import { isVendedCredential } from './vended-credential.ts'

type StorageTerms = {
  readonly uri: string
  readonly delegate: Readonly<Record<string, string>>
  readonly hasCredentials: boolean
}

/**
 * Asks how to reach the files of a table: what ends alone, where an earlier answer or the server's endpoints say how to
 * (`client.refresh-credentials-endpoint`, LoadCredentials), else with the table.
 */
export function storageLoader(
  send: RestTransport,
  paths: RestPaths,
  terms: StorageTerms,
  loadTable: Catalog['loadTable'],
): NonNullable<Catalog['loadStorage']> {
  return async (identifier, before, signal) => {
    const request = before && renewalRequest(before, identifier, paths, terms)
    const renewed = request && (await renew(send, request, before, signal))
    if (renewed !== undefined) return renewed
    const { metadata, storageProperties = {} } = await loadTable(identifier, signal)
    return { location: metadata.location, properties: storageProperties }
  }
}

const CREDENTIALS: RestSubject = { entity: 'table', conflict: 'conflict' }
const ENDPOINT = 'client.refresh-credentials-endpoint'

/** @returns `undefined` if the catalog has to be asked for the table */
function renewalRequest(
  before: StorageAccess,
  identifier: TableIdentifier,
  paths: RestPaths,
  { uri, delegate, hasCredentials }: StorageTerms,
): RestRequest | undefined {
  const told = pathBelow(uri, before.properties[ENDPOINT])
  if (told !== undefined) {
    const [path = '', query = ''] = told.split('?', 2)
    return { method: 'GET', path, query: Object.fromEntries(new URLSearchParams(query)), headers: delegate }
  }
  return hasCredentials
    ? { method: 'GET', path: `${paths.table(identifier)}/credentials`, headers: delegate }
    : undefined
}

/** No other server is sent the tokens of this one. */
function pathBelow(uri: string, endpoint: string | undefined): string | undefined {
  if (endpoint === undefined || endpoint === '') return undefined
  if (endpoint.startsWith(`${uri}/`)) return endpoint.slice(uri.length + 1)
  const path = endpoint.replace(/^\/+/, '')
  return /^[a-z][a-z\d+.-]*:/i.test(endpoint) || path.split(/[/?]/).includes('..') ? undefined : path
}

async function renew(
  send: RestTransport,
  request: RestRequest,
  before: StorageAccess,
  signal: AbortSignal | undefined,
): Promise<StorageAccess | undefined> {
  try {
    const response = expectSuccess(await send(request, signal), CREDENTIALS)
    const credential = decodeAnswer(response, decodeTableCredential(before.location))
    if (credential === undefined) return undefined
    const lasting = Object.entries(before.properties).filter(([key]) => !isVendedCredential(key))
    return { ...before, properties: { ...Object.fromEntries(lasting), ...credential } }
  } catch (error) {
    // Of a table that is gone, or a server without the endpoint after all, loading the table tells.
    if (isKind(error, 'not-found') || isKind(error, 'unsupported')) return undefined
    throw error
  }
}
