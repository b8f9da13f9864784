import { tableMetastore } from '@moraine/api/thrift/table-metastore'
import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import { databaseName } from '@moraine/management/records/table-name'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { type BoundService, bindService, type CallContext, type Handlers } from '@moraine/thrift/dispatch'
import { createDatabase } from '../catalogs/create-database.ts'
import { dropAsAsked } from '../catalogs/drop-as-asked.ts'
import { findInAnyCase } from '../catalogs/find-in-any-case.ts'
import type { FindOpened, OpenedCatalog } from '../catalogs/open-catalogs.ts'
import { resolveDatabase } from '../catalogs/resolve-database.ts'
import { resolveTable } from '../catalogs/resolve-table.ts'
import { ANSWER_LIMITS, answerInTime } from '../requests/answer-in-time.ts'
import { type BlockerHandlersDeps, blockerHandlers } from './blocker-handlers.ts'
import { asDeclared } from './declared-exceptions.ts'
import { engineCatalog } from './engine-catalog.ts'

export type TableMetastoreDeps = BlockerHandlersDeps & {
  readonly stores: Pick<Stores, 'catalogs' | 'tables' | 'blockers'>
  readonly findCatalog: FindOpened
  readonly listing: Pick<CatalogListing, 'listDatabases'>
  /** Of the REST catalog, by which engines elsewhere reach it. */
  readonly restUri: () => string
  readonly clock: Clock
}

type MetastoreHandlers = Handlers<(typeof tableMetastore)['methods']>

/** The table service on its wire. Mixed tables are not there yet: of those that are, engines hear by the REST catalog. */
export function tableMetastoreHandlers(deps: TableMetastoreDeps): BoundService {
  const handlers = { ...catalogHandlers(deps), ...databaseHandlers(deps), ...tableHandlers(deps) }
  const answered = inTimeAsDeclared({ ...handlers, ...blockerHandlers(deps) }, deps.clock)
  // Clients send it before each call: it waits for nothing.
  return bindService(tableMetastore, { ping: () => undefined, ...answered })
}

function catalogHandlers({
  stores,
  restUri,
}: TableMetastoreDeps): Pick<MetastoreHandlers, 'getCatalogs' | 'getCatalog'> {
  return {
    getCatalogs: async () => (await stores.catalogs.listCatalogs()).map((each) => engineCatalog(each, restUri())),
    getCatalog: async ({ name }) => engineCatalog(await findInAnyCase(stores.catalogs, name), restUri()),
  }
}

function databaseHandlers(
  deps: TableMetastoreDeps,
): Pick<MetastoreHandlers, 'getDatabases' | 'createDatabase' | 'dropDatabase'> {
  return {
    async getDatabases({ catalogName }, { signal }) {
      const { name } = await findInAnyCase(deps.stores.catalogs, catalogName)
      return (await deps.listing.listDatabases(name, signal)).map(databaseName).sort()
    },
    async createDatabase({ catalogName, database }, { signal }) {
      await createDatabase(await openInternal(deps, catalogName, signal), [database], {}, signal)
      return undefined
    },
    async dropDatabase({ catalogName, database }, { signal }) {
      const opened = await openInternal(deps, catalogName, signal)
      await opened.catalog.dropNamespace(await resolveDatabase(opened, database, signal), signal)
      return undefined
    },
  }
}

type TableCalls =
  | 'createTableMeta'
  | 'listTables'
  | 'getTable'
  | 'removeTable'
  | 'tableCommit'
  | 'allocateTransactionId'

function tableHandlers(deps: TableMetastoreDeps): Pick<MetastoreHandlers, TableCalls> {
  const noMixedTables = (what: string) =>
    new MoraineError(
      'unsupported',
      `${what}: this service has no mixed tables yet; use the Iceberg REST catalog at ${deps.restUri()} for those of Iceberg`,
    )
  return {
    async createTableMeta({ tableMeta: { tableIdentifier } }, { signal }) {
      await openInternal(deps, tableIdentifier.catalog, signal)
      throw noMixedTables(`table ${tableIdentifier.database}.${tableIdentifier.tableName} was not created`)
    },
    async listTables({ catalogName, database }, { signal }) {
      await resolveDatabase(await openInternal(deps, catalogName, signal), database, signal)
      return []
    },
    async getTable({ tableIdentifier: { catalog, database, tableName } }, { signal }) {
      await openInternal(deps, catalog, signal)
      throw noMixedTables(`table ${database}.${tableName} is not loaded`)
    },
    async removeTable({ tableIdentifier: { catalog, database: db, tableName: table } }, { signal }) {
      const opened = await openInternal(deps, catalog, signal)
      // Whether the data is to go, too, Amoro does not heed either: what is dropped is kept for a time here.
      await dropAsAsked(opened.catalog, await resolveTable(opened, { db, table }, signal), false, signal)
      return undefined
    },
    // Commits are told to the REST catalog; earlier clients tell them here as well.
    tableCommit: () => undefined,
    allocateTransactionId() {
      throw new MoraineError('unsupported', 'transaction ids are not allocated here; upgrade the connector')
    },
  }
}

async function openInternal(
  { stores, findCatalog }: TableMetastoreDeps,
  asked: string,
  signal: AbortSignal,
): Promise<OpenedCatalog> {
  const { name, type } = await findInAnyCase(stores.catalogs, asked)
  if (type === 'ams') return findCatalog(name, signal)
  throw new MoraineError(
    'unsupported',
    `catalog '${name}' is of type ${type}: what is in it is kept elsewhere, and made and dropped there; only those of type ams are kept here`,
  )
}

const CHANGES: ReadonlySet<string> = new Set<keyof MetastoreHandlers>([
  'createDatabase',
  'dropDatabase',
  'removeTable',
  'block',
  'releaseBlocker',
  'renewBlocker',
])

type Answering = Omit<MetastoreHandlers, 'ping'>

/** The same handlers, of which none waits for a catalog without end, and whose errors travel as what their methods declare. */
function inTimeAsDeclared(handlers: Answering, clock: Clock): Answering {
  const entries = Object.entries(handlers as Record<keyof Answering, AnyHandler>) as [keyof Answering, AnyHandler][]
  const answering = entries.map(([name, handler]) => {
    const what = `${tableMetastore.name}:${name}`
    const answer = async (args: unknown, context: CallContext) => {
      const asked = { isChange: CHANGES.has(name), what, gone: context.signal }
      try {
        return await answerInTime(clock, ANSWER_LIMITS, asked, async (signal) => handler(args, { ...context, signal }))
      } catch (error) {
        throw asDeclared(error, tableMetastore.methods[name].exceptions)
      }
    }
    return [name, answer]
  })
  return Object.fromEntries(answering) as Answering
}

type AnyHandler = (args: unknown, context: CallContext) => unknown
