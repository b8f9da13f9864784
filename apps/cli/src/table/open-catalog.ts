import type { Catalog } from '@moraine/catalogs/catalog'
import type { HadoopStore } from '@moraine/catalogs/filesystem/hadoop-store'
import { lacksJdbcTables } from '@moraine/catalogs/jdbc/jdbc-schema'
import { CREATES_JDBC_TABLES } from '@moraine/catalogs/jdbc/jdbc-settings'
import { openExternalCatalog } from '@moraine/catalogs/open-catalog'
import { REGISTERS_OVER } from '@moraine/catalogs/rest/rest-catalog'
import { describeError, MoraineError } from '@moraine/stdx/error'
import type { CatalogPlace } from './catalog-place.ts'
import { checkStore, checkWarehouse } from './check-store.ts'

export type CatalogContext = HadoopStore & { readonly warn: (message: string) => void }

/** Whether what is to be done may make a catalog that is not there yet, the tables of a database, and what else it needs. */
export type CatalogUse = {
  readonly creates: boolean
  /** Whether a table is to be registered in the place of another: whoever asks for it says that a server may know how. */
  readonly overwrites?: true
}

/**
 * Opens the catalog. Where nothing is to be created, none is made by looking for it.
 *
 * @throws {MoraineError} `invalid-input` if a property is missing or makes no sense, `not-found` if there is no such
 * warehouse or database
 */
export async function openCatalog(
  place: CatalogPlace,
  { creates, overwrites }: CatalogUse,
  context: CatalogContext,
  signal?: AbortSignal,
): Promise<Catalog> {
  const { type, name } = place
  if (type === 'filesystem' || type === 'hadoop') await checkFolder(place, context)
  const properties: Readonly<Record<string, string>> = {
    ...(type === 'jdbc' && !creates && { [CREATES_JDBC_TABLES]: 'false' }),
    ...(type === 'rest' && overwrites && { [REGISTERS_OVER]: 'true' }),
    ...place.properties,
  }
  const opening = openExternalCatalog({ ...context, name, type, properties }, signal)
  return opening.catch((error: unknown) => {
    if (place.signIn !== undefined) throw isSignedOut(error) ? withHint(error, `; ${place.signIn}`) : error
    if (type === 'jdbc' && !creates && lacksJdbcTables(error)) throw noTablesYet(place)
    throw type === 'rest' && isNoCatalog(error) ? withHint(error, rootHint(properties['uri'] ?? '')) : error
  })
}

function isSignedOut(error: unknown): boolean {
  return error instanceof MoraineError && error.context['status'] === 401
}

/** The error with more to say, if it is of the kind. */
export function withHint(error: unknown, hint: string, kind?: MoraineError['kind']): unknown {
  if (!(error instanceof MoraineError) || (kind !== undefined && error.kind !== kind)) return error
  return new MoraineError(error.kind, `${describeError(error)}${hint}`, { context: error.context })
}

async function checkFolder({ properties: { warehouse = '' } }: CatalogPlace, { warn }: CatalogContext): Promise<void> {
  checkStore(warehouse, warn)
  await checkWarehouse(warehouse, warehouse)
}

function noTablesYet({ label }: CatalogPlace): MoraineError {
  return new MoraineError(
    'not-found',
    `${label} is not in its database yet: \`namespace create\` and \`table register\` make its tables there`,
  )
}

/** Iceberg's protocol answers in JSON, and with a reason where it refuses. */
function isNoCatalog(error: unknown): boolean {
  if (!(error instanceof MoraineError)) return false
  const { status, explained } = error.context
  return error.kind === 'corrupt' || (explained === false && (status === 404 || status === 405))
}

function rootHint(uri: string): string {
  return `; ${uri} is not where the server keeps its REST catalog: give the URL with its path, the one that Iceberg's clients append /v1/config to (of Moraine it ends in /api/iceberg/rest, of others often in /iceberg, /catalog or /api/catalog)`
}
