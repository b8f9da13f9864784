import { MoraineError } from '@moraine/stdx/error'
import type { StorageSettings } from '@moraine/storage/settings'
import type { Command } from 'commander'
import type { TableOptions } from '../table/open-table.ts'

export type RawTableOptions = {
  readonly catalogUri?: string
  readonly warehouse?: string
  readonly token?: string
  readonly storage?: readonly string[]
  readonly json?: boolean
}

/** Adds the options by which a table is found. */
export function withTableOptions(command: Command): Command {
  return command
    .argument('<table>', 'directory, metadata file, s3:// location, or name (db.orders, catalog.db.orders)')
    .option('--catalog-uri <url>', 'REST catalog (http:) or Hive metastore (thrift:) that knows the table by name')
    .option('--warehouse <dir>', "filesystem catalog's directory, or a REST catalog's warehouse")
    .option('--token <token>', 'bearer token of the REST catalog (default: environment MORAINE_CATALOG_TOKEN)')
    .option('--storage <key=value...>', 'storage properties, such as s3.endpoint=http://127.0.0.1:9000')
    .option('--json', 'print one JSON document')
}

export function tableOptions(raw: RawTableOptions, env: NodeJS.ProcessEnv): TableOptions {
  const token = raw.token ?? env['MORAINE_CATALOG_TOKEN']
  return {
    ...(raw.catalogUri !== undefined && { catalogUri: raw.catalogUri }),
    ...(raw.warehouse !== undefined && { warehouse: raw.warehouse }),
    ...(token !== undefined && { token }),
    storage: { ...storageFromEnv(env), ...parsePairs(raw.storage ?? []) },
  }
}

/** The variables that AWS's own tools read. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  AWS_ENDPOINT_URL_S3: 's3.endpoint',
  AWS_ENDPOINT_URL: 's3.endpoint',
  AWS_REGION: 'client.region',
  AWS_ACCESS_KEY_ID: 's3.access-key-id',
  AWS_SECRET_ACCESS_KEY: 's3.secret-access-key',
  AWS_SESSION_TOKEN: 's3.session-token',
}

function storageFromEnv(env: NodeJS.ProcessEnv): StorageSettings {
  return Object.fromEntries(
    Object.entries(ENVIRONMENT)
      .toReversed()
      .flatMap(([variable, key]) => (env[variable] === undefined ? [] : [[key, env[variable]]])),
  )
}

function parsePairs(pairs: readonly string[]): StorageSettings {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at <= 0)
        throw new MoraineError(
          'invalid-input',
          `--storage ${pair}: write key=value, as in s3.endpoint=http://127.0.0.1:9000`,
        )
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}
