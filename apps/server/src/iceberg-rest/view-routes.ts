import { noSuchView } from '@moraine/catalogs/catalog-error'
import type { CatalogViews, LoadedView } from '@moraine/catalogs/catalog-views'
import { encodeIdentifier } from '@moraine/catalogs/rest/rest-json'
import { decodeCreateView, decodeViewCommit } from '@moraine/catalogs/rest/rest-view-json'
import { encodeViewMetadata } from '@moraine/iceberg/view/view-metadata-json'
import { MoraineError } from '@moraine/stdx/error'
import { demand } from '../access/identity.ts'
import { listPage } from './list-page.ts'
import { makeCommit } from './make-commit.ts'
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
const ALL = `${NAMESPACE}/views`
const ONE = `${ALL}/{view}`

export const VIEW_ROUTES: readonly RestRoute[] = [
  {
    method: 'GET',
    path: ALL,
    needs: 'see',
    async answer(call) {
      const namespace = namespaceOf(call)
      const { items, next } = await listPage(call, ['views', ...namespace], (page) =>
        viewsOf(call).listViews(namespace, page, call.signal),
      )
      return ok({ identifiers: seenTables(call, items).map(encodeIdentifier), 'next-page-token': next })
    },
  },
  {
    method: 'POST',
    path: ALL,
    needs: 'write-table',
    async answer(call) {
      const { name, view } = bodyOf(call, decodeCreateView)
      return answerWithView(await viewsOf(call).createView({ namespace: namespaceOf(call), name }, view, call.signal))
    },
  },
  {
    method: 'GET',
    path: ONE,
    needs: 'view-table',
    async answer(call) {
      const identifier = identifierOf(call)
      // Clients that look for a table and then for a view want to hear that there is none.
      if (call.catalog.views === undefined) throw noSuchView(identifier)
      return answerWithView(await call.catalog.views.loadView(identifier, call.signal))
    },
  },
  {
    method: 'HEAD',
    path: ONE,
    needs: 'view-table',
    async answer(call) {
      const identifier = identifierOf(call)
      const found = await call.catalog.views?.findViewLocation(identifier, call.signal)
      if (found === undefined) throw noSuchView(identifier)
      return NO_CONTENT
    },
  },
  {
    method: 'POST',
    path: ONE,
    needs: 'write-table',
    answer(call) {
      const views = viewsOf(call)
      const identifier = identifierOf(call)
      const commit = bodyOf(call, decodeViewCommit)
      return makeCommit(
        () => views.commitView(identifier, commit, call.signal),
        ({ view }) => answerWithView(view),
      )
    },
  },
  {
    method: 'DELETE',
    path: ONE,
    needs: 'write-table',
    async answer(call) {
      await viewsOf(call).dropView(identifierOf(call), call.signal)
      return NO_CONTENT
    },
  },
  {
    method: 'POST',
    path: `${NAMESPACE}/register-view`,
    needs: 'write-table',
    async answer(call) {
      const { name, location } = bodyOf(call, decodeRegister)
      const identifier = { namespace: namespaceOf(call), name }
      const register = () => viewsOf(call).registerView(identifier, location, call.signal)
      return answerWithView(await namedFile(location, register))
    },
  },
  {
    method: 'POST',
    path: '/v1/{prefix}/views/rename',
    needs: 'see',
    async answer(call) {
      const { from, to } = bodyOf(call, decodeRename)
      for (const each of [from, to]) demand(call.identity, 'write-table', placeOfTable(call, each))
      await viewsOf(call).renameView(from, to, call.signal)
      return NO_CONTENT
    },
  },
]

export function viewsOf({ catalog, placement }: Pick<RestCall, 'catalog' | 'placement'>): CatalogViews {
  if (catalog.views !== undefined) return catalog.views
  const remedy = placement.type === 'jdbc' ? '; with jdbc.schema-version=V1 it has them' : ''
  throw new MoraineError('unsupported', `catalog ${catalog.name} has no views${remedy}`)
}

/** A `LoadViewResult`. */
export function answerWithView(view: LoadedView): RestAnswer {
  const { metadata, metadataLocation } = view
  const json = { 'metadata-location': metadataLocation, metadata: encodeViewMetadata(metadata) }
  return { status: 200, json, subject: subjectOf('view', view, metadata.viewUuid) }
}
