import { orAbort } from '@moraine/stdx/abort'
import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { Catalog } from '../catalog.ts'
import { namespaceExists, noSuchNamespace } from '../catalog-error.ts'
import { internalNamespaces } from '../internal/internal-namespaces.ts'
import type { InternalStore } from '../internal/internal-store.ts'
import { internalTables } from '../internal/internal-tables.ts'
import { internalViews } from '../internal/internal-views.ts'
import { unlessGone } from '../internal/unless-gone.ts'
import { metadataCache } from '../metadata-file/metadata-cache.ts'
import { checkNamespace } from '../table-identifier.ts'
import { explainEmptyJdbc } from './explain-empty-jdbc.ts'
import type { JdbcDatabase } from './jdbc-database.ts'
import { jdbcPointers } from './jdbc-pointers.ts'
import { prepareJdbcSchema, withJdbcTables } from './jdbc-schema.ts'
import { type JdbcSettings, jdbcSettings } from './jdbc-settings.ts'
import { newJdbcNamespaceText } from './jdbc-store.ts'
import { openJdbcDatabase } from './open-jdbc-database.ts'
import { probeJdbcCommit } from './probe-jdbc-commit.ts'

export type JdbcCatalogOptions = {
  /** Part of the key of every row, unless `jdbc.catalog-name` says what all writers of the catalog call it. */
  readonly name: string
  /** What Iceberg's JdbcCatalog takes; `jdbcSettings` has the list. */
  readonly properties: Readonly<Record<string, string>>
  readonly io: FileIO
  readonly clock: Clock
  readonly random: Random
  /** Whether commits may name files of metadata in the table's places alone. */
  readonly boundsFiles?: boolean
  /** Told of files that could not be removed after the outcome was settled; they do no harm. */
  readonly onLeftover: InternalStore['onLeftover']
}

export type JdbcCatalog = Catalog & { readonly close: () => Promise<void> }

/**
 * The catalog that Iceberg's JdbcCatalog (Java) and PyIceberg's SqlCatalog keep in SQLite, PostgreSQL or MySQL, beside them:
 * a row per table with its current metadata file. A commit updates the row if the file still is what the commit was
 * based on. With a V1 schema it has views, too, which PyIceberg does not see.
 *
 * The database is looked at, and its tables are created where they are missing and nothing says otherwise.
 *
 * @throws {MoraineError} `invalid-input`, `unsupported` for the properties; `unavailable`, `permission` and the like if
 * the database cannot be used; `aborted` at once, with the connections closed as soon as the statement at hand has ended
 */
export async function openJdbcCatalog(options: JdbcCatalogOptions, signal?: AbortSignal): Promise<JdbcCatalog> {
  const settings = jdbcSettings(options.properties)
  const database = openJdbcDatabase(settings.server, options.clock)
  const doing = `opening catalog ${options.name}`
  try {
    return await orAbort(jdbcCatalogIn(database, settings, options), signal, doing)
  } catch (error) {
    await orAbort(database.close(), signal, doing)
    throw error
  }
}

/** The same in a database that is open already. */
export async function jdbcCatalogIn(
  database: JdbcDatabase,
  settings: JdbcSettings,
  { name, io, clock, random, boundsFiles = false, onLeftover }: Omit<JdbcCatalogOptions, 'properties'>,
): Promise<JdbcCatalog> {
  const schemaVersion = await prepareJdbcSchema(database, settings)
  const pointers = jdbcPointers({ database: withJdbcTables(database), isStrict: settings.isStrict, schemaVersion })
  const warehouse = settings.warehouse.replace(/\/+$/, '')
  const cache = metadataCache()
  const store: InternalStore = {
    name: settings.catalogName ?? name,
    warehouse,
    pointers,
    io,
    clock,
    random,
    cache,
    boundsFiles,
    onLeftover,
  }
  return {
    name,
    ...unlessGone({
      ...namespacesOf(store),
      ...(settings.isStrict ? internalTables(store) : tablesAnywhere(store)),
      probeCommit: (..._: Parameters<NonNullable<Catalog['probeCommit']>>) => probeJdbcCommit(database),
    }),
    ...(schemaVersion === 'V1' && { views: unlessGone(internalViews(store)) }),
    explainEmpty: () => explainEmptyJdbc(database, store.name),
    close: () => database.close(),
  }
}

/** A namespace does not need its parent: that is there because of its child. */
function namespacesOf(store: InternalStore): ReturnType<typeof internalNamespaces> {
  return {
    ...internalNamespaces(store),
    async createNamespace(namespace, properties = {}) {
      checkNamespace(namespace)
      const outcome = await store.pointers.addNamespace(store.name, namespace, properties)
      if (outcome === 'exists') throw namespaceExists(namespace)
    },
  }
}

/** A table does not need its namespace, which is there because of it; whoever asks for what is in one does. */
function tablesAnywhere(store: InternalStore): ReturnType<typeof internalTables> {
  const { name, pointers } = store
  const anywhere: InternalStore = {
    ...store,
    pointers: {
      ...pointers,
      async findNamespace(catalog, namespace) {
        newJdbcNamespaceText(namespace)
        return (await pointers.findNamespace(catalog, namespace)) ?? {}
      },
    },
  }
  const tables = internalTables(anywhere)
  return {
    ...tables,
    async listTables(namespace, page, signal) {
      checkNamespace(namespace)
      if ((await pointers.findNamespace(name, namespace)) === undefined) throw noSuchNamespace(namespace)
      return tables.listTables(namespace, page, signal)
    },
  }
}
