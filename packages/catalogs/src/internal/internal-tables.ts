import { MoraineError } from '@moraine/stdx/error'
import type { CatalogTableOperations, CommitOutcome, CreateTable, LoadedTable } from '../catalog.ts'
import { changeUncertain, nameTaken, noSuchNamespace, noSuchTable, targetTaken } from '../catalog-error.ts'
import { createdMetadata } from '../metadata-file/created-metadata.ts'
import { readMetadata } from '../metadata-file/metadata-files.ts'
import { withStagedFolders } from '../metadata-file/staged-folders.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { cutPage, PAGE_SIZE } from '../page.ts'
import type { RequestClaim } from '../request-claim.ts'
import {
  checkIdentifier,
  checkNamespace,
  formatIdentifier,
  identifierKey,
  type TableIdentifier,
} from '../table-identifier.ts'
import { newTableLocation } from '../table-location.ts'
import { commitGroups } from './commit-groups.ts'
import { checkUnprotected } from './deletion-protection.ts'
import { commitNewTable, commitTogether, type PlacedTable } from './internal-commit.ts'
import { findPointer, findTaken, type InternalStore, loadPointed } from './internal-store.ts'
import { checkDistinct, commitInternalTables } from './internal-transaction.ts'
import { checkMove, checkPlace } from './location-rules.ts'
import { notAdded } from './not-added.ts'
import { addPointer, movePointer } from './swap-pointer.ts'
import { takeBack } from './take-back.ts'

/** In what commits to the tables of one catalog wait for one another, whoever asked for them. */
export type TableLines = ReturnType<typeof tableLines>

export function tableLines(store: InternalStore) {
  const line = oneAtATime()
  const grouped = commitGroups(line, lineOf, (identifier, commits, signal) =>
    commitTogether(store, identifier, commits, signal),
  )
  return { line, grouped }
}

/**
 * The tables of an internal catalog.
 *
 * @param claim under which they are changed, as `store` is already; commits in a group have theirs with them
 */
export function internalTables(
  store: InternalStore,
  { line, grouped }: TableLines = tableLines(store),
  claim?: RequestClaim,
): CatalogTableOperations {
  const { name: catalog, pointers } = store
  const registerTable: CatalogTableOperations['registerTable'] = async (
    identifier,
    metadataLocation,
    signal,
    judge,
  ) => {
    checkIdentifier(identifier)
    await checkFree(store, identifier)
    checkPlace(store.locations, 'metadata-location', metadataLocation)
    const metadata = await readMetadata(store, metadataLocation, signal)
    await judge?.(metadata)
    const { namespace, name } = identifier
    const pointer = { kind: 'table', catalog, namespace, name, metadataLocation } as const
    const back = await takeBack(store, pointer)
    if (back !== undefined) return { identifier, metadata, metadataLocation: back.metadataLocation }
    const move = { catalog, identifier, after: metadata, registered: metadataLocation }
    const placement = await checkMove(store.locations, move)
    const outcome = await addPointer(store, pointer, placement, 'registered')
    if (outcome === 'won') return { identifier, metadata, metadataLocation }
    throw await notAdded(store, outcome, { kind: 'table', identifier, location: metadata.location, done: 'registered' })
  }
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
      return grouped(identifier, claim === undefined ? commit : { ...commit, claim }, signal)
    },

    async commitTables(changes, signal) {
      checkDistinct(changes)
      // Whoever stands in several lines has joined them in one order, so that nobody waits in a circle.
      const lines = changes.map(({ identifier }) => lineOf(identifier)).sort()
      const commit = () => commitInternalTables(store, changes, signal)
      return lines.reduceRight<typeof commit>((next, key) => () => line(key, next, signal), commit)()
    },

    async createTable(identifier, table, signal) {
      const placed = await stage(store, identifier, table, signal)
      return created(store, identifier, await commitNewTable(store, identifier, placed, signal))
    },

    async stageTable(identifier, table, signal) {
      const { metadata } = await stage(store, identifier, table, signal)
      return withStagedFolders(store.io, metadata, signal)
    },

    registerTable,

    async overwriteTable(identifier, metadataLocation, signal, judge) {
      checkIdentifier(identifier)
      const pointer = await findPointer(store, 'table', identifier)
      if (pointer === undefined) return registerTable(identifier, metadataLocation, signal, judge)
      checkPlace(store.locations, 'metadata-location', metadataLocation)
      const metadata = await readMetadata(store, metadataLocation, signal)
      await judge?.(metadata)
      // Judged whole, as what is new here is.
      const move = { catalog, identifier, after: metadata, registered: metadataLocation }
      const placement = await checkMove(store.locations, move)
      const registered = { identifier, metadata, metadataLocation }
      if (pointer.metadataLocation === metadataLocation) return registered
      // Its former state has no name afterwards, and is not kept among what was dropped.
      await checkUnprotected(store, pointer, 'register another in its place')
      const outcome = await movePointer(store, pointer, metadataLocation, placement, { signal })
      if (outcome === 'won') return registered
      if (outcome !== 'lost') throw changeUncertain('table', identifier, 'registered', outcome.unknown)
      const what = `another commit to ${formatIdentifier(identifier)} came first`
      throw new MoraineError('conflict', `${what}; look at the table, and register again what is to take its place`)
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
function lineOf(identifier: TableIdentifier): string {
  return `commits to ${identifierKey(identifier)}`
}

async function stage(
  store: InternalStore,
  identifier: TableIdentifier,
  table: CreateTable,
  signal: AbortSignal | undefined,
): Promise<PlacedTable> {
  checkIdentifier(identifier)
  const properties = await store.pointers.findNamespace(store.name, identifier.namespace)
  if (properties === undefined) throw noSuchNamespace(identifier.namespace)
  await checkFree(store, identifier)
  const location = table.location ?? (await newTableLocation(store, identifier, properties, signal))
  const metadata = createdMetadata(table, location, store)
  return { metadata, placement: await checkMove(store.locations, { catalog: store.name, identifier, after: metadata }) }
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
  if (outcome.kind === 'unknown') throw changeUncertain('table', identifier, 'created', outcome.cause)
  throw nameTaken('table', (await findTaken(store, identifier)) ?? 'table', identifier)
}
