import type { Clock } from '@moraine/stdx/clock'
import { isStorageSetting, type StorageSettings } from '@moraine/storage/settings'
import type { AwsEnvironment } from '../aws/aws-credentials.ts'
import type { Catalog } from '../catalog.ts'
import { configuredSettings } from './configured-settings.ts'
import { decodeAnswer, expectSuccess } from './rest-answer.ts'
import { type RestSession, restSession } from './rest-auth.ts'
import { decodeRestConfig, type RestConfig } from './rest-json.ts'
import { restNamespaces } from './rest-namespaces.ts'
import { restPaths } from './rest-path.ts'
import { withRestRetries } from './rest-retry.ts'
import { type RestSettings, restSettings } from './rest-settings.ts'
import { restSigner } from './rest-signing.ts'
import { restTables } from './rest-tables.ts'
import { commitTransaction } from './rest-transaction.ts'
import { type RestTransport, restTransport } from './rest-transport.ts'
import { type RestTurns, restTurns } from './rest-turns.ts'
import { restViews } from './rest-views.ts'

/**
 * The property that says that the server takes `overwrite` in a registration: it is younger than the endpoint, of which servers
 * say that they have it, and one that does not know the word registers without it.
 */
export const REGISTERS_OVER = 'register-overwrite-supported'

export type RestCatalogOptions = {
  readonly name: string
  /**
   * What Iceberg's own clients take: `uri`, `warehouse`, `prefix`, `header.*`, `rest.client.max-retries`, and by
   * `rest.auth.type` (`oauth2` if absent): `token`, or `credential` (`id:secret`) with `oauth2-server-uri`, `scope`,
   * `audience` and `resource`; `rest.auth.basic.username` and `.password`; for `sigv4` (or `rest.sigv4-enabled`)
   * `rest.signing-region`, `rest.signing-name` and keys as `rest.access-key-id`, else AWS's default credentials.
   */
  readonly properties: Readonly<Record<string, string>>
  readonly clock: Clock
  /** Where AWS's region and keys may be; the process's by default. */
  readonly environment?: AwsEnvironment
  /** The runtime's by default. */
  readonly fetch?: typeof fetch
  /** Of each request. */
  readonly timeoutMs?: number
}

/**
 * A catalog behind Iceberg's REST protocol, asked by {@link restTurns}. Asks the server for its configuration first, and heeds
 * it as {@link configuredSettings} does. A commit that the server may have made without our hearing of it is
 * `unknown`. Tokens and credentials appear in no message.
 */
export async function openRestCatalog(options: RestCatalogOptions, signal?: AbortSignal): Promise<Catalog> {
  const given = restSettings(options.properties)
  const session = restSession(given.credentials, requestOptions(given, options))
  const turns = restTurns(options)
  const request = { method: 'GET', path: 'v1/config', query: { warehouse: given.warehouse } } as const
  const answer = await transportOf(given, session, turns, options)(request, signal)
  const config = decodeAnswer(expectSuccess(answer, { entity: 'warehouse', conflict: 'conflict' }), decodeRestConfig)
  const settings = configuredSettings(given, options.properties, config)
  // Signed in once, unless the configuration says otherwise.
  const continued = session.continue(settings.credentials, requestOptions(settings, options))
  const transport = transportOf(settings, continued, turns, options)
  const paths = restPaths(settings.prefix, settings.namespaceSeparator)
  const { overwriteTable, ...tables } = restTables(transport, paths, {
    uri: settings.uri,
    delegation: settings.delegation,
    hasCredentials: hasEndpoint(config, 'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials'),
    common: toldStorage(config, options.properties),
  })
  const commitTables: Catalog['commitTables'] = (changes, inner) =>
    commitTransaction(transport, paths, tables.loadTable, changes, inner)
  return {
    name: options.name,
    ...restNamespaces(transport, paths),
    ...tables,
    ...(options.properties[REGISTERS_OVER]?.trim().toLowerCase() === 'true' && overwriteTable && { overwriteTable }),
    ...(hasEndpoint(config, 'POST /v1/{prefix}/transactions/commit') && { commitTables }),
    ...(hasEndpoint(config, 'GET /v1/{prefix}/namespaces/{namespace}/views/{view}') && {
      views: restViews(transport, paths),
    }),
  }
}

// As the protocol wants it: without a list of endpoints, only those of namespaces and single tables are there.
function hasEndpoint({ endpoints = [] }: RestConfig, endpoint: string): boolean {
  return endpoints.includes(endpoint)
}

/** What the server says of the storage of all its tables: what the properties say themselves counts before its defaults. */
function toldStorage(
  { defaults, overrides }: RestConfig,
  properties: RestCatalogOptions['properties'],
): StorageSettings {
  const told = Object.entries({ ...defaults, ...overrides }).filter(
    ([key]) => isStorageSetting(key) && (Object.hasOwn(overrides, key) || !Object.hasOwn(properties, key)),
  )
  return Object.fromEntries(told)
}

const TIMEOUT_MS = 60_000

function requestOptions({ uri, headers }: RestSettings, options: RestCatalogOptions) {
  const { clock, fetch: send = fetch, timeoutMs = TIMEOUT_MS } = options
  return { uri, headers, fetch: send, clock, timeoutMs }
}

function transportOf(
  settings: RestSettings,
  session: RestSession,
  inTurn: RestTurns,
  options: RestCatalogOptions,
): RestTransport {
  const { clock, environment = process.env } = options
  const sign = settings.signing && restSigner(settings.signing, { clock, environment })
  const transport = restTransport({ ...requestOptions(settings, options), ...(sign === undefined ? {} : { sign }) })
  return withRestRetries(inTurn(session.authorize(transport)), { clock, retries: settings.retries })
}
