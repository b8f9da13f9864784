import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { MoraineError } from '@moraine/stdx/error'
import type { Catalog, CommitOutcome, CreateTable, LoadedTable } from '../catalog.ts'
import { nameTaken, noSuchNamespace, noSuchTable, targetTaken } from '../catalog-error.ts'
import { createdMetadata } from '../metadata-file/created-metadata.ts'
import { readMetadata } from '../metadata-file/metadata-files.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { cutPage, PAGE_SIZE } from '../page.ts'
import { checkIdentifier, checkNamespace, formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { newTableLocation } from '../table-location.ts'
import { commitGroups } from './commit-groups.ts'
import { commitNewTable, commitTogether } from './internal-commit.ts'
import { findPointer, findTaken, type InternalStore, loadPointed } from './internal-store.ts'
import { checkDistinct, commitInternalTables } from './internal-transaction.ts'
import { checkMove, checkPlace } from './location-rules.ts'
import { addPointer } from './swap-pointer.ts'

type Tables = Omit<
  Catalog,
  | 'name'
  | 'views'
  | 'dropped'
  | 'listNamespaces'
  | 'createNamespace'
  | 'dropNamespace'
  | 'loadNamespace'
  | 'updateNamespace'
>

/** The tables of an internal catalog. */
export function internalTables(store: InternalStore): Tables {
  const { name: catalog, pointers } = store
  const line = oneAtATime()
  const grouped = commitGroups(line, lineOf, (identifier, commits, signal) =>
    commitTogether(store, identifier, commits, signal),
  )
  return {
    async listTables(namespace, page) {
      checkNamespace(namespace)
      if ((await pointers.findNamespace(catalog, namespace)) === undefined) throw noSuchNamespace(namespace)
      const request = { ...(page === undefined ? {} : { after: page }), limit: PAGE_SIZE + 1 }
      const { items, ...rest } = cutPage(
        await pointers.listPointers(catalog, namespace, 'table', request),
        ({ name }) => name,
      )
      return { items: items.map(({ name }) => ({ namespace, name })), ...rest }
    },

    async loadTable(identifier, signal) {
      checkIdentifier(identifier)
      const found = await loadPointed(store, identifier, signal)
      if (found === undefined) throw noSuchTable(identifier)
      return found.table
    },

    async findMetadataLocation(identifier) {
      checkIdentifier(identifier)
      return (await findPointer(store, 'table', identifier))?.metadataLocation
    },

    async commitTable(identifier, commit, signal) {
      checkIdentifier(identifier)
      return grouped(identifier, commit, signal)
    },

    async commitTables(changes, signal) {
      checkDistinct(changes)
      // Whoever stands in several lines has joined them in one order, so that nobody waits in a circle.
      const lines = changes.map(({ identifier }) => lineOf(identifier)).sort()
      const commit = () => commitInternalTables(store, changes, signal)
      return lines.reduceRight<typeof commit>((next, key) => () => line(key, next, signal), commit)()
    },

    async createTable(identifier, table, signal) {
      const metadata = await stage(store, identifier, table, signal)
      return created(store, identifier, await commitNewTable(store, identifier, metadata, signal))
    },

    stageTable: (identifier, table, signal) => stage(store, identifier, table, signal),

    async registerTable(identifier, metadataLocation, signal) {
      checkIdentifier(identifier)
      await checkFree(store, identifier)
      checkPlace(store.locations, 'metadata-location', metadataLocation)
      const metadata = await readMetadata(store, metadataLocation, signal)
      await checkMove(store.locations, { catalog, identifier, after: metadata })
      const { namespace, name } = identifier
      const outcome = await addPointer(store, { kind: 'table', catalog, namespace, name, metadataLocation })
      if (outcome === 'no-namespace') throw noSuchNamespace(namespace)
      if (outcome === 'lost') throw nameTaken('table', (await findTaken(store, identifier)) ?? 'table', identifier)
      if (outcome !== 'won') throw uncertain(identifier, outcome.unknown)
      return { identifier, metadata, metadataLocation }
    },

    async dropTable(identifier) {
      checkIdentifier(identifier)
      const { namespace, name } = identifier
      if (!(await pointers.removePointer(catalog, namespace, name, 'table'))) throw noSuchTable(identifier)
    },

    async renameTable(from, to) {
      checkIdentifier(from)
      checkIdentifier(to)
      const pointer = await findPointer(store, 'table', from)
      const outcome = pointer === undefined ? 'absent' : await pointers.renamePointer(pointer, to)
      if (outcome === 'absent') throw noSuchTable(from)
      if (outcome === 'exists') throw targetTaken(from, to, (await findTaken(store, to)) ?? 'table')
      if (outcome === 'no-namespace') throw noSuchNamespace(to.namespace)
    },
  }
}

/** In which commits to the table wait for one another. */
function lineOf({ namespace, name }: TableIdentifier): string {
  return `commits to ${JSON.stringify([...namespace, name])}`
}

async function stage(
  store: InternalStore,
  identifier: TableIdentifier,
  table: CreateTable,
  signal: AbortSignal | undefined,
): Promise<TableMetadata> {
  checkIdentifier(identifier)
  const properties = await store.pointers.findNamespace(store.name, identifier.namespace)
  if (properties === undefined) throw noSuchNamespace(identifier.namespace)
  await checkFree(store, identifier)
  const location = table.location ?? (await newTableLocation(store, identifier, properties, signal))
  const metadata = createdMetadata(table, location, store)
  await checkMove(store.locations, { catalog: store.name, identifier, after: metadata })
  return metadata
}

async function checkFree(store: InternalStore, identifier: TableIdentifier): Promise<void> {
  const taken = await findTaken(store, identifier)
  if (taken !== undefined) throw nameTaken('table', taken, identifier)
}

async function created(
  store: InternalStore,
  identifier: TableIdentifier,
  outcome: CommitOutcome,
): Promise<LoadedTable> {
  if (outcome.kind === 'committed') return outcome.table
  if (outcome.kind === 'unknown') throw uncertain(identifier, outcome.cause)
  throw nameTaken('table', (await findTaken(store, identifier)) ?? 'table', identifier)
}

function uncertain(identifier: TableIdentifier, cause: Error): MoraineError {
  return new MoraineError(
    'unavailable',
    `table ${formatIdentifier(identifier)} may or may not have been created; look for it`,
    { cause },
  )
}
