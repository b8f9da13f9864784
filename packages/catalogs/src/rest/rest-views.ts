import type { CatalogViews, ViewCommit, ViewCommitOutcome } from '../catalog-views.ts'
import { checkIdentifier, formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { decodeAnswer, expectSuccess, REGISTERED, type RestSubject, saysAbsent } from './rest-answer.ts'
import { decodeTablePage } from './rest-json.ts'
import type { RestPaths } from './rest-path.ts'
import type { RestResponse, RestTransport } from './rest-transport.ts'
import { decodeLoadedView, encodeCreateView, encodeViewCommit } from './rest-view-json.ts'
import { sendChange } from './send-change.ts'
import { sendCommit } from './send-commit.ts'
import { sendRename } from './send-rename.ts'

/** The views of a REST catalog. */
export function restViews(send: RestTransport, paths: RestPaths): CatalogViews {
  return {
    async listViews(namespace, page, signal) {
      const path = paths.namespace(namespace, 'views')
      const request = { method: 'GET', path, query: { pageToken: page ?? '' } } as const
      return decodeAnswer(expectSuccess(await send(request, signal), NAMESPACE), decodeTablePage)
    },

    async createView(identifier, view, signal) {
      checkIdentifier(identifier)
      const path = paths.namespace(identifier.namespace, 'views')
      const body = encodeCreateView({ name: identifier.name, view })
      const request = { method: 'POST', path, body } as const
      const made = (response: RestResponse) => decodeAnswer(response, decodeLoadedView(identifier))
      const what = `view ${formatIdentifier(identifier)}`
      return sendChange({ send, request, subject: NEW_VIEW, what, done: 'created', made }, signal)
    },

    async registerView(identifier, metadataLocation, signal) {
      checkIdentifier(identifier)
      const path = paths.namespace(identifier.namespace, 'register-view')
      const body = { name: identifier.name, 'metadata-location': metadataLocation }
      const request = { method: 'POST', path, body } as const
      const made = (response: RestResponse) => decodeAnswer(response, decodeLoadedView(identifier))
      const what = `view ${formatIdentifier(identifier)}`
      return sendChange({ send, request, subject: REGISTERED, what, done: 'registered', made }, signal)
    },

    async loadView(identifier, signal) {
      const answer = expectSuccess(await send({ method: 'GET', path: paths.view(identifier) }, signal), VIEW)
      return decodeAnswer(answer, decodeLoadedView(identifier))
    },

    async findViewLocation(identifier, signal) {
      const response = await send({ method: 'GET', path: paths.view(identifier) }, signal)
      if (saysAbsent(response, VIEW)) return undefined
      return decodeAnswer(expectSuccess(response, VIEW), decodeLoadedView(identifier)).metadataLocation
    },

    commitView: (identifier, commit, signal) => commitView(send, paths, identifier, commit, signal),

    async dropView(identifier, signal) {
      const request = { method: 'DELETE', path: paths.view(identifier) } as const
      const what = `view ${formatIdentifier(identifier)}`
      await sendChange({ send, request, subject: VIEW, what, done: 'dropped', made: () => undefined }, signal)
    },

    async renameView(from, to, signal) {
      await sendRename({ send, paths, what: 'views' }, from, to, signal)
    },
  }
}

const NAMESPACE: RestSubject = { entity: 'namespace', conflict: 'conflict' }
const VIEW: RestSubject = { entity: 'view', conflict: 'conflict' }
const NEW_VIEW: RestSubject = { entity: 'namespace', conflict: 'already-exists' }

async function commitView(
  send: RestTransport,
  paths: RestPaths,
  identifier: TableIdentifier,
  commit: ViewCommit,
  signal: AbortSignal | undefined,
): Promise<ViewCommitOutcome> {
  const request = { method: 'POST', path: paths.view(identifier), body: encodeViewCommit(identifier, commit) } as const
  const committed = (response: RestResponse) =>
    ({ kind: 'committed', view: decodeAnswer(response, decodeLoadedView(identifier)) }) as const
  return sendCommit({ send, request, subject: VIEW, committed }, signal)
}
