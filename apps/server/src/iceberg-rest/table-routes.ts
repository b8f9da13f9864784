import type { Catalog, LoadedTable } from '@moraine/catalogs/catalog'
import { noSuchTable } from '@moraine/catalogs/catalog-error'
import { decodeCommit, decodeCreateTable, encodeIdentifier } from '@moraine/catalogs/rest/rest-json'
import { encodeTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { MoraineError } from '@moraine/stdx/error'
import { demand } from '../access/identity.ts'
import { dropAsAsked } from '../catalogs/drop-as-asked.ts'
import { encodeHandedOut, type HandedOut, handOut, handOutMade, handOutStaged, isDelegated } from './handed-out.ts'
import { listPage } from './list-page.ts'
import { encodeLoadedTable, isCurrent, locationEtag, type SnapshotMode, tableEtag } from './loaded-table.ts'
import { makeCommit } from './make-commit.ts'
import { decodeMetricsReport } from './metrics-report.ts'
import {
  bodyOf,
  decodeRegister,
  decodeRename,
  identifierOf,
  NO_CONTENT,
  namedFile,
  namespaceOf,
  ok,
  placeOfTable,
  type RestAnswer,
  type RestCall,
  type RestRoute,
  seenTables,
  subjectOf,
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
      const namespace = namespaceOf(call)
      const { items, next } = await listPage(call, ['tables', ...namespace], (page) =>
        call.catalog.listTables(namespace, page, call.signal),
      )
      return ok({ identifiers: seenTables(call, items).map(encodeIdentifier), 'next-page-token': next })
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
      if ((await call.catalog.findMetadataLocation(identifier, call.signal)) === undefined)
        throw noSuchTable(identifier)
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
        () => call.catalog.commitTable(identifier, commit, call.signal),
        ({ table }) => answerWith(table, 'all'),
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
      await dropAsAsked(call.catalog, identifier, purgeRequested, call.signal)
      return NO_CONTENT
    },
  },
  {
    method: 'POST',
    path: `${NAMESPACE}/register`,
    needs: 'write-table',
    async answer(call) {
      const { name, location, overwrite } = bodyOf(call, decodeRegister)
      const register = overwrite ? overwritingOf(call.catalog) : call.catalog.registerTable
      const identifier = { namespace: namespaceOf(call), name }
      return made(call, await namedFile(location, () => register(identifier, location, call.signal)))
    },
  },
  {
    method: 'POST',
    path: '/v1/{prefix}/tables/rename',
    needs: 'see',
    async answer(call) {
      const { from, to } = bodyOf(call, decodeRename)
      for (const each of [from, to]) demand(call.identity, 'write-table', placeOfTable(call, each))
      await call.catalog.renameTable(from, to, call.signal)
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
      if ((await catalog.findMetadataLocation(identifier, call.signal)) === undefined) throw noSuchTable(identifier)
      call.hooks.onMetricsReport?.({ catalog: catalog.name, identifier, principal: identity.name, metrics })
      return NO_CONTENT
    },
  },
]

function overwritingOf({ name, overwriteTable }: Catalog): NonNullable<Catalog['overwriteTable']> {
  if (overwriteTable !== undefined) return overwriteTable
  throw new MoraineError(
    'unsupported',
    `catalog ${name} cannot register over a table that is there; drop it without a purge, then register`,
  )
}

async function createTable(call: RestCall): Promise<RestAnswer> {
  const { name, table, stage } = bodyOf(call, decodeCreateTable)
  const identifier = { namespace: namespaceOf(call), name }
  if (!stage) return made(call, await call.catalog.createTable(identifier, table, call.signal))
  const metadata = await call.catalog.stageTable(identifier, table, call.signal)
  const handed = await handOutStaged(call, { identifier, metadata })
  const staged = ok({ metadata: encodeTableMetadata(metadata), ...(handed && encodeHandedOut(handed)) })
  return handed === undefined ? staged : { ...staged, isSecret: true }
}

async function loadTable(call: RestCall): Promise<RestAnswer> {
  const identifier = identifierOf(call)
  const snapshots = call.query['snapshots'] === 'refs' ? 'refs' : 'all'
  const known = call.headers['if-none-match']
  if (known !== undefined && !isDelegated(call)) {
    const metadataLocation = await call.catalog.findMetadataLocation(identifier, call.signal)
    const etag = metadataLocation && locationEtag(metadataLocation, snapshots)
    if (etag !== undefined && isCurrent(known, etag)) return { status: 304, etag }
  }
  const table = await call.catalog.loadTable(identifier, call.signal)
  const handed = await handOut(call, table)
  const etag = tableEtag(table, snapshots, handed)
  if (known !== undefined && isCurrent(known, etag)) return { status: 304, etag }
  return answerWith(table, snapshots, handed)
}

/** A `LoadTableResult`. */
export function answerWith(table: LoadedTable, snapshots: SnapshotMode, handed?: HandedOut): RestAnswer {
  return {
    status: 200,
    pieces: encodeLoadedTable(table, snapshots, handed),
    etag: tableEtag(table, snapshots, handed),
    subject: subjectOf('table', table, table.metadata.tableUuid),
    ...(handed !== undefined && { isSecret: true }),
  }
}

/** The answer with a table that is new here. */
async function made(call: RestCall, table: LoadedTable): Promise<RestAnswer> {
  return answerWith(table, 'all', await handOutMade(call, table))
}
