import { encodeMetadataFile } from '@moraine/iceberg/metadata/metadata-file'
import { applyViewUpdates } from '@moraine/iceberg/view/apply-view-updates'
import { violatedViewRequirement } from '@moraine/iceberg/view/check-view-requirements'
import type { ViewMetadata } from '@moraine/iceberg/view/view-metadata'
import { formatViewMetadata, parseViewMetadata } from '@moraine/iceberg/view/view-metadata-json'
import { MoraineError } from '@moraine/stdx/error'
import { JSON_VALUES_MAX } from '@moraine/stdx/exact-json'
import { hasMoreValues } from '@moraine/stdx/exact-json-count'
import { uuidV4 } from '@moraine/stdx/random'
import { nameTaken, noSuchNamespace, noSuchView, targetTaken } from '../catalog-error.ts'
import type { CatalogViews, CreateView, LoadedView, ViewCommit, ViewCommitOutcome } from '../catalog-views.ts'
import type { AddedOrigin } from '../metadata-file/look-for-added.ts'
import { newMetadataLocation } from '../metadata-file/metadata-file-name.ts'
import { followPointer, orRemove, removeQuietly } from '../metadata-file/metadata-files.ts'
import { cutPage, PAGE_SIZE } from '../page.ts'
import { checkIdentifier, checkNamespace, formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { newTableLocation } from '../table-location.ts'
import { findPointer, findTaken, type InternalStore } from './internal-store.ts'
import { checkMove, checkPlace, type Whereabouts } from './location-rules.ts'
import { notAdded } from './not-added.ts'
import { addPointer, movePointer } from './swap-pointer.ts'
import type { InternalPointer } from './table-pointers.ts'
import { takeBack } from './take-back.ts'

/** The views of an internal catalog. */
export function internalViews(store: InternalStore): CatalogViews {
  const { name: catalog, pointers } = store
  return {
    async listViews(namespace, page) {
      checkNamespace(namespace)
      if ((await pointers.findNamespace(catalog, namespace)) === undefined) throw noSuchNamespace(namespace)
      const request = { ...(page === undefined ? {} : { after: page }), limit: PAGE_SIZE + 1 }
      const found = await pointers.listPointers(catalog, namespace, 'view', request)
      const { items, ...rest } = cutPage(found, ({ name }) => name)
      return { items: items.map(({ name }) => ({ namespace, name })), ...rest }
    },

    async createView(identifier, view, signal) {
      await checkFree(store, identifier)
      const metadata = await firstMetadata(store, identifier, view, signal)
      const placement = await checkMove(store.locations, { catalog, identifier, after: metadata })
      const metadataLocation = await writeView(store, metadata, undefined, signal)
      return addView(store, { identifier, metadata, metadataLocation }, { placement, origin: 'written' })
    },

    async registerView(identifier, metadataLocation, signal) {
      await checkFree(store, identifier)
      checkPlace(store.locations, 'metadata-location', metadataLocation)
      const metadata = await readView(store, metadataLocation, signal)
      const { namespace, name } = identifier
      const back = await takeBack(store, { kind: 'view', catalog, namespace, name, metadataLocation })
      if (back !== undefined) return { identifier, metadata, metadataLocation: back.metadataLocation }
      const move = { catalog, identifier, after: metadata, registered: metadataLocation }
      const placement = await checkMove(store.locations, move)
      return addView(store, { identifier, metadata, metadataLocation }, { placement, origin: 'registered' })
    },

    async loadView(identifier, signal) {
      return (await loadPointedView(store, identifier, signal)).view
    },

    async findViewLocation(identifier) {
      checkIdentifier(identifier)
      return (await findPointer(store, 'view', identifier))?.metadataLocation
    },

    commitView: (identifier, commit, signal) => commitView(store, identifier, commit, signal),

    async dropView(identifier) {
      checkIdentifier(identifier)
      const { namespace, name } = identifier
      if (!(await pointers.removePointer(catalog, namespace, name, 'view'))) throw noSuchView(identifier)
    },

    async renameView(from, to) {
      checkIdentifier(from)
      checkIdentifier(to)
      const pointer = await findPointer(store, 'view', from)
      const outcome = pointer === undefined ? 'absent' : await pointers.renamePointer(pointer, to)
      if (outcome === 'absent') throw noSuchView(from)
      if (outcome === 'exists') throw targetTaken(from, to, (await findTaken(store, to)) ?? 'view')
      if (outcome === 'no-namespace') throw noSuchNamespace(to.namespace)
    },
  }
}

async function checkFree(store: InternalStore, identifier: TableIdentifier): Promise<void> {
  checkIdentifier(identifier)
  const taken = await findTaken(store, identifier)
  if (taken !== undefined) throw nameTaken('view', taken, identifier)
}

async function firstMetadata(
  store: InternalStore,
  identifier: TableIdentifier,
  { schema, version, location, properties = {} }: CreateView,
  signal: AbortSignal | undefined,
): Promise<ViewMetadata> {
  const namespaceProperties = await store.pointers.findNamespace(store.name, identifier.namespace)
  if (namespaceProperties === undefined) throw noSuchNamespace(identifier.namespace)
  return applyViewUpdates(
    undefined,
    [
      { action: 'assign-uuid', uuid: uuidV4(store.random) },
      {
        action: 'set-location',
        location: location ?? (await newTableLocation(store, identifier, namespaceProperties, signal)),
      },
      { action: 'set-properties', updates: properties },
      { action: 'add-schema', schema },
      { action: 'add-view-version', viewVersion: { ...version, versionId: 1, schemaId: -1 } },
      { action: 'set-current-view-version', viewVersionId: -1 },
    ],
    { now: store.clock.now() },
  )
}

/** Gives the view its name. A file that was written for it goes if somebody else has the name. */
async function addView(
  store: InternalStore,
  view: LoadedView,
  { placement, origin }: { readonly placement: Whereabouts; readonly origin: AddedOrigin },
): Promise<LoadedView> {
  const { identifier, metadata, metadataLocation } = view
  const { namespace, name } = identifier
  const pointer = { kind: 'view', catalog: store.name, namespace, name, metadataLocation } as const
  const written = origin === 'written' ? [metadataLocation] : []
  const outcome = await orRemove(store, written, () => addPointer(store, pointer, placement, origin))
  if (outcome === 'won') return view
  if (typeof outcome === 'string') await removeQuietly(store, written)
  const done = origin === 'written' ? 'created' : 'registered'
  throw await notAdded(store, outcome, { kind: 'view', identifier, location: metadata.location, done })
}

async function commitView(
  store: InternalStore,
  identifier: TableIdentifier,
  { requirements, updates }: ViewCommit,
  signal: AbortSignal | undefined,
): Promise<ViewCommitOutcome> {
  const { pointer, view } = await loadPointedView(store, identifier, signal)
  const violated = violatedViewRequirement(view.metadata, requirements)
  if (violated !== undefined) return { kind: 'conflict', reason: violated }
  const metadata = applyViewUpdates(view.metadata, updates, { now: store.clock.now() })
  if (metadata === view.metadata) return { kind: 'committed', view }
  const move = { catalog: store.name, identifier, before: view.metadata, after: metadata }
  const placement = await checkMove(store.locations, move)
  const metadataLocation = await writeView(store, metadata, view.metadataLocation, signal)
  const outcome = await orRemove(store, [metadataLocation], () =>
    movePointer(store, pointer, metadataLocation, placement, { signal }),
  )
  if (outcome === 'won') return { kind: 'committed', view: { identifier, metadata, metadataLocation } }
  if (typeof outcome === 'object') return { kind: 'unknown', cause: outcome.unknown }
  await removeQuietly(store, [metadataLocation])
  return { kind: 'conflict', reason: `another commit to ${formatIdentifier(identifier)} came first`, raced: true }
}

async function loadPointedView(
  store: InternalStore,
  identifier: TableIdentifier,
  signal: AbortSignal | undefined,
): Promise<{ readonly pointer: InternalPointer; readonly view: LoadedView }> {
  checkIdentifier(identifier)
  const found = await followPointer(
    { kind: 'view', identifier },
    () => findPointer(store, 'view', identifier),
    (location) => readView(store, location, signal),
  )
  if (found === undefined) throw noSuchView(identifier)
  const { pointer, metadata } = found
  return { pointer, view: { identifier, metadata, metadataLocation: pointer.metadataLocation } }
}

async function readView(
  store: InternalStore,
  location: string,
  signal: AbortSignal | undefined,
): Promise<ViewMetadata> {
  return parseViewMetadata(await store.io.read(location, signal), location)
}

async function writeView(
  store: InternalStore,
  metadata: ViewMetadata,
  previous: string | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  const text = formatViewMetadata(metadata)
  if (hasMoreValues(text, JSON_VALUES_MAX)) {
    throw new MoraineError(
      'invalid-input',
      `the metadata of the view would have more than ${JSON_VALUES_MAX} JSON values, and could not be read back; drop it, and create it with a smaller schema`,
    )
  }
  const location = newMetadataLocation(metadata, previous, store.random)
  await store.io.write(location, encodeMetadataFile(text, location), { isUnreferenced: true }, signal)
  return location
}
