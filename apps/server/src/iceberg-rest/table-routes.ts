import type { Catalog, LoadedTable } from '@moraine/catalogs/catalog'
import { noSuchTable } from '@moraine/catalogs/catalog-error'
import { decodeCommit, decodeCreateTable, encodeIdentifier } from '@moraine/catalogs/rest/rest-json'
import { formatIdentifier, type TableIdentifier } from '@moraine/catalogs/table-identifier'
import { encodeTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { MoraineError } from '@moraine/stdx/error'
import { demand } from '../access/identity.ts'
import { encodeHandedOut, type HandedOut, handOut, handOutMade, handOutStaged, isDelegated } from './handed-out.ts'
import { formatLoadedTable, isCurrent, locationEtag, type SnapshotMode } from './loaded-table.ts'
import { makeCommit } from './make-commit.ts'
import { decodeMetricsReport } from './metrics-report.ts'
import {
  bodyOf,
  decodeRegister,
  decodeRename,
  identifierOf,
  NO_CONTENT,
  namespaceOf,
  ok,
  pageToken,
  placeOfTable,
  type RestAnswer,
  type RestCall,
  type RestRoute,
  seenTables,
} from './rest-route.ts'

const NAMESPACE = '/v1/{prefix}/namespaces/{namespace}'
const ALL = `${NAMESPACE}/tables`
const ONE = `${ALL}/{table}`

export const TABLE_ROUTES: readonly RestRoute[] = [
  {
    method: 'GET',
    path: ALL,
    needs: 'see',
    async answer(call) {
      const { items, nextPage } = await call.catalog.listTables(namespaceOf(call), pageToken(call))
      return ok({ identifiers: seenTables(call, items).map(encodeIdentifier), 'next-page-token': nextPage ?? null })
    },
  },
  { method: 'POST', path: ALL, needs: 'write-table', answer: createTable },
  { method: 'GET', path: ONE, needs: 'view-table', answer: loadTable },
  {
    method: 'HEAD',
    path: ONE,
    needs: 'view-table',
    async answer(call) {
      const identifier = identifierOf(call)
      if ((await call.catalog.findMetadataLocation(identifier)) === undefined) throw noSuchTable(identifier)
      return NO_CONTENT
    },
  },
  {
    method: 'POST',
    path: ONE,
    needs: 'write-table',
    answer(call) {
      const identifier = identifierOf(call)
      const commit = bodyOf(call, decodeCommit)
      return makeCommit(
        () => call.catalog.commitTable(identifier, commit),
        ({ table }) => found(call, table),
      )
    },
  },
  {
    method: 'DELETE',
    path: ONE,
    needs: 'write-table',
    async answer(call) {
      const identifier = identifierOf(call)
      const purgeRequested = call.query['purgeRequested']?.toLowerCase() === 'true'
      await drop(call.catalog, identifier, purgeRequested)
      call.hooks.onDrop?.({ catalog: call.catalog.name, identifier, purgeRequested })
      return NO_CONTENT
    },
  },
  {
    method: 'POST',
    path: `${NAMESPACE}/register`,
    needs: 'write-table',
    async answer(call) {
      const { name, location } = bodyOf(call, decodeRegister)
      return made(call, await call.catalog.registerTable({ namespace: namespaceOf(call), name }, location))
    },
  },
  {
    method: 'POST',
    path: '/v1/{prefix}/tables/rename',
    needs: 'see',
    async answer(call) {
      const { from, to } = bodyOf(call, decodeRename)
      for (const each of [from, to]) demand(call.identity, 'write-table', placeOfTable(call, each))
      await call.catalog.renameTable(from, to)
      call.hooks.onRename?.({ catalog: call.catalog.name, from, to })
      return NO_CONTENT
    },
  },
  {
    method: 'POST',
    path: `${ONE}/metrics`,
    needs: 'view-table',
    async answer(call) {
      const metrics = bodyOf(call, decodeMetricsReport)
      const { catalog, identity } = call
      const identifier = identifierOf(call)
      if ((await catalog.findMetadataLocation(identifier)) === undefined) throw noSuchTable(identifier)
      call.hooks.onMetricsReport?.({ catalog: catalog.name, identifier, principal: identity.name, metrics })
      return NO_CONTENT
    },
  },
]

async function drop(catalog: Catalog, identifier: TableIdentifier, purge: boolean): Promise<void> {
  const { name, dropped, purgeTable } = catalog
  if (dropped !== undefined) return void (await dropped.dropTable(identifier, { purge }))
  if (!purge) return catalog.dropTable(identifier)
  if (purgeTable !== undefined) return purgeTable(identifier)
  const table = formatIdentifier(identifier)
  throw new MoraineError(
    'unsupported',
    `table ${table} was not dropped: catalog ${name} leaves the files of dropped tables to others; drop it without purgeRequested, and remove its files by yourself`,
  )
}

async function createTable(call: RestCall): Promise<RestAnswer> {
  const { name, table, stage } = bodyOf(call, decodeCreateTable)
  const identifier = { namespace: namespaceOf(call), name }
  if (!stage) return made(call, await call.catalog.createTable(identifier, table))
  const metadata = await call.catalog.stageTable(identifier, table)
  const handed = await handOutStaged(call, { identifier, metadata })
  const staged = ok({ metadata: encodeTableMetadata(metadata), ...(handed && encodeHandedOut(handed)) })
  return handed === undefined ? staged : { ...staged, isSecret: true }
}

async function loadTable(call: RestCall): Promise<RestAnswer> {
  const identifier = identifierOf(call)
  const snapshots = call.query['snapshots'] === 'refs' ? 'refs' : 'all'
  const known = call.headers['if-none-match']
  if (known !== undefined && !isDelegated(call)) {
    const metadataLocation = await call.catalog.findMetadataLocation(identifier)
    const etag = metadataLocation && locationEtag(metadataLocation, snapshots)
    if (etag !== undefined && isCurrent(known, etag)) return { status: 304, etag }
  }
  const table = await call.catalog.loadTable(identifier)
  const handed = await handOut(call, table)
  const etag = locationEtag(table.metadataLocation, snapshots, handed)
  if (known !== undefined && isCurrent(known, etag)) return { status: 304, etag }
  return answerWith(table, snapshots, handed)
}

/** A `LoadTableResult`. */
export function answerWith(table: LoadedTable, snapshots: SnapshotMode, handed?: HandedOut): RestAnswer {
  return {
    status: 200,
    text: formatLoadedTable(table, snapshots, handed),
    etag: locationEtag(table.metadataLocation, snapshots, handed),
    subject: { kind: 'table', identifier: table.identifier },
    ...(handed !== undefined && { isSecret: true }),
  }
}

/** The answer with a table that is new here. */
async function made(call: RestCall, table: LoadedTable): Promise<RestAnswer> {
  notice(call, table)
  return answerWith(table, 'all', await handOutMade(call, table))
}

/** The answer with a table's new state. */
function found(call: RestCall, table: LoadedTable): RestAnswer {
  notice(call, table)
  return answerWith(table, 'all')
}

/** Tells the service. */
function notice({ catalog, hooks }: RestCall, { identifier, metadataLocation }: LoadedTable): void {
  hooks.onCommit?.({ catalog: catalog.name, identifier, metadataLocation })
}
