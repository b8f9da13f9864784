import { MoraineError } from '@moraine/stdx/error'
import type { StorageSettings } from '@moraine/storage/settings'
import { isStorageSetting } from '@moraine/storage/settings'
import type { TableOptions } from '../table/open-table.ts'
import type { RawTableOptions } from './catalog-options.ts'
import { keyValues, type ValueSources } from './key-values.ts'
import { serverAccess } from './server-access.ts'

/** @throws {MoraineError} `invalid-input` for a value that cannot be one */
export async function tableOptions(raw: RawTableOptions, sources: ValueSources): Promise<TableOptions> {
  const { env } = sources
  const { catalog, catalogType, catalogUri, warehouse } = raw
  if (raw.server !== undefined && !isOfService(raw)) {
    throw new MoraineError(
      'invalid-input',
      '--server: name the catalog of the service with --catalog, and leave out --catalog-uri and --catalog-type',
    )
  }
  const token = raw.token ?? env['MORAINE_CATALOG_TOKEN']
  const properties = await keyValues(PROPERTY, raw.catalogProperty ?? [], sources)
  const storage = await keyValues(STORAGE, raw.storage ?? [], sources)
  return {
    ...(catalog !== undefined && { catalog }),
    ...(isOfService(raw) && { service: serverAccess(raw, env) }),
    ...(catalogType !== undefined && { catalogType }),
    ...(catalogUri !== undefined && { catalogUri }),
    ...(warehouse !== undefined && { warehouse }),
    ...(token !== undefined && { token }),
    properties,
    storage: { ...storageFromEnv(env), ...ofStorage(properties), ...storage },
  }
}

/** Whether the catalog is one of the running service, which is reached through it. */
export function isOfService(raw: RawTableOptions): raw is RawTableOptions & { readonly catalog: string } {
  const { catalog, catalogType, catalogUri } = raw
  return catalog !== undefined && catalogType === undefined && catalogUri === undefined
}

const PROPERTY = { name: '--catalog-property', example: 'client.region=eu-west-1' }
const STORAGE = { name: '--storage', example: 's3.endpoint=http://127.0.0.1:9000' }

/** The variables that AWS's own tools read. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  AWS_ENDPOINT_URL_S3: 's3.endpoint',
  AWS_ENDPOINT_URL: 's3.endpoint',
  AWS_REGION: 'client.region',
  AWS_ACCESS_KEY_ID: 's3.access-key-id',
  AWS_SECRET_ACCESS_KEY: 's3.secret-access-key',
  AWS_SESSION_TOKEN: 's3.session-token',
}

function storageFromEnv(env: ValueSources['env']): StorageSettings {
  return Object.fromEntries(
    Object.entries(ENVIRONMENT)
      .toReversed()
      .flatMap(([variable, key]) => (env[variable] === undefined ? [] : [[key, env[variable]]])),
  )
}

/** Of a catalog's properties those that say how its tables' files are reached; nothing of the catalog goes with tasks. */
function ofStorage(properties: StorageSettings): StorageSettings {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => isStorageSetting(key)))
}
