import { noSuchView } from '@moraine/catalogs/catalog-error'
import type { CatalogViews, LoadedView } from '@moraine/catalogs/catalog-views'
import { encodeIdentifier } from '@moraine/catalogs/rest/rest-json'
import { decodeCreateView, decodeViewCommit } from '@moraine/catalogs/rest/rest-view-json'
import { encodeViewMetadata } from '@moraine/iceberg/view/view-metadata-json'
import { MoraineError } from '@moraine/stdx/error'
import { demand } from '../access/identity.ts'
import { makeCommit } from './make-commit.ts'
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
const ALL = `${NAMESPACE}/views`
const ONE = `${ALL}/{view}`

export const VIEW_ROUTES: readonly RestRoute[] = [
  {
    method: 'GET',
    path: ALL,
    needs: 'see',
    async answer(call) {
      const { items, nextPage } = await viewsOf(call).listViews(namespaceOf(call), pageToken(call))
      return ok({ identifiers: seenTables(call, items).map(encodeIdentifier), 'next-page-token': nextPage ?? null })
    },
  },
  {
    method: 'POST',
    path: ALL,
    needs: 'write-table',
    async answer(call) {
      const { name, view } = bodyOf(call, decodeCreateView)
      return answerWithView(await viewsOf(call).createView({ namespace: namespaceOf(call), name }, view))
    },
  },
  {
    method: 'GET',
    path: ONE,
    needs: 'view-table',
    answer: async (call) => answerWithView(await viewsOf(call).loadView(identifierOf(call))),
  },
  {
    method: 'HEAD',
    path: ONE,
    needs: 'view-table',
    async answer(call) {
      const identifier = identifierOf(call)
      if ((await viewsOf(call).findViewLocation(identifier)) === undefined) throw noSuchView(identifier)
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
        () => views.commitView(identifier, commit),
        ({ view }) => answerWithView(view),
      )
    },
  },
  {
    method: 'DELETE',
    path: ONE,
    needs: 'write-table',
    async answer(call) {
      await viewsOf(call).dropView(identifierOf(call))
      return NO_CONTENT
    },
  },
  {
    method: 'POST',
    path: `${NAMESPACE}/register-view`,
    needs: 'write-table',
    async answer(call) {
      const { name, location } = bodyOf(call, decodeRegister)
      return answerWithView(await viewsOf(call).registerView({ namespace: namespaceOf(call), name }, location))
    },
  },
  {
    method: 'POST',
    path: '/v1/{prefix}/views/rename',
    needs: 'see',
    async answer(call) {
      const { from, to } = bodyOf(call, decodeRename)
      for (const each of [from, to]) demand(call.identity, 'write-table', placeOfTable(call, each))
      await viewsOf(call).renameView(from, to)
      return NO_CONTENT
    },
  },
]

export function viewsOf({ catalog }: Pick<RestCall, 'catalog'>): CatalogViews {
  if (catalog.views !== undefined) return catalog.views
  throw new MoraineError('unsupported', `catalog ${catalog.name} has no views`)
}

/** A `LoadViewResult`. */
export function answerWithView({ identifier, metadata, metadataLocation }: LoadedView): RestAnswer {
  const json = { 'metadata-location': metadataLocation, metadata: encodeViewMetadata(metadata) }
  return { status: 200, json, subject: { kind: 'view', identifier } }
}
