import type { Clock } from '@moraine/stdx/clock'
import type { AwsEnvironment } from '../aws/aws-credentials.ts'
import type { Catalog } from '../catalog.ts'
import { decodeAnswer, expectSuccess } from './rest-answer.ts'
import { authorized } from './rest-auth.ts'
import { decodeRestConfig, type RestConfig } from './rest-json.ts'
import { restNamespaces } from './rest-namespaces.ts'
import { restPaths } from './rest-path.ts'
import { withRestRetries } from './rest-retry.ts'
import { type RestSettings, restSettings } from './rest-settings.ts'
import { restSigner } from './rest-signing.ts'
import { restTables } from './rest-tables.ts'
import { commitTransaction } from './rest-transaction.ts'
import { type RestTransport, restTransport } from './rest-transport.ts'
import { restViews } from './rest-views.ts'

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
  /** For tests; the runtime's by default. */
  readonly fetch?: typeof fetch
  /** Of each request. */
  readonly timeoutMs?: number
}

/**
 * A catalog behind Iceberg's REST protocol. Asks the server for its configuration first; what it overrides counts, then
 * the given properties, then its defaults. A commit that the server may have made without our hearing of it is
 * `unknown`. Tokens and credentials appear in no message.
 */
export async function openRestCatalog(options: RestCatalogOptions, signal?: AbortSignal): Promise<Catalog> {
  const given = restSettings(options.properties)
  const request = { method: 'GET', path: 'v1/config', query: { warehouse: given.warehouse } } as const
  const answer = await transportOf(given, options)(request, signal)
  const config = decodeAnswer(expectSuccess(answer, { entity: 'warehouse', conflict: 'conflict' }), decodeRestConfig)
  const settings = restSettings({ ...config.defaults, ...options.properties, ...config.overrides })
  const transport = transportOf(settings, options)
  const paths = restPaths(settings.prefix, settings.namespaceSeparator)
  const tables = restTables(transport, paths)
  const commitTables: Catalog['commitTables'] = (changes, inner) =>
    commitTransaction(transport, paths, tables.loadTable, changes, inner)
  return {
    name: options.name,
    ...restNamespaces(transport, paths),
    ...tables,
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

const TIMEOUT_MS = 60_000

function transportOf(settings: RestSettings, options: RestCatalogOptions): RestTransport {
  const { clock, environment = process.env, fetch: send = fetch, timeoutMs = TIMEOUT_MS } = options
  const sign = settings.signing && restSigner(settings.signing, { clock, environment })
  const base = { uri: settings.uri, headers: settings.headers, fetch: send, clock, timeoutMs }
  const transport = restTransport({ ...base, ...(sign === undefined ? {} : { sign }) })
  return withRestRetries(authorized(transport, settings.credentials, base), { clock, retries: settings.retries })
}
