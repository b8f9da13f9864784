import type { Command } from 'commander'
import { SERVER_OPTION } from './server-options.ts'

/** What a value on the command line may be instead of itself. */
export const VALUE_FORMS = 'a value may be @FILE, env:VARIABLE, or - for standard input'

export type RawTableOptions = {
  readonly catalog?: string
  readonly server?: string
  readonly catalogType?: string
  readonly catalogUri?: string
  readonly warehouse?: string
  readonly token?: string
  readonly catalogProperty?: readonly string[]
  readonly storage?: readonly string[]
  readonly json?: boolean
}

/** Adds the options by which a table is found. */
export function withTableOptions(command: Command): Command {
  return withCatalogOptions(
    command.argument('<table>', 'directory, metadata file, s3:// location, or name (db.orders, catalog.db.orders)'),
  )
}

/** Adds the options by which a catalog is found, and the files of its tables. */
export function withCatalogOptions(command: Command): Command {
  return command
    .option('--catalog <name>', 'catalog of the running service; with --catalog-uri, the name a JDBC catalog has')
    .option(...SERVER_OPTION)
    .option(
      '--catalog-uri <uri>',
      'without the service: REST catalog (http:), Hive metastore (thrift:) or database (jdbc:)',
    )
    .option('--catalog-type <type>', 'rest, hive, glue, jdbc, filesystem or custom, where the URI does not tell')
    .option('--warehouse <dir>', "filesystem catalog's directory, or the warehouse of another catalog")
    .option('--catalog-property <key=value...>', `of the catalog, as Iceberg's clients name them; ${VALUE_FORMS}`)
    .option(
      '--token <token>',
      'bearer token (default: MORAINE_TOKEN for the service, MORAINE_CATALOG_TOKEN for a REST catalog)',
    )
    .option('--storage <key=value...>', 'storage properties, such as s3.endpoint=http://127.0.0.1:9000')
    .option('--json', 'print one JSON document')
}
