import type { CatalogNamespaces } from '../catalog.ts'
import type { Namespace } from '../table-identifier.ts'
import { decodeAnswer, expectSuccess, type RestSubject } from './rest-answer.ts'
import { decodeMissingKeys, decodeNamespaceBody, decodeNamespacePage, encodeNamespaceChange } from './rest-json.ts'
import type { RestPaths } from './rest-path.ts'
import type { RestResponse, RestTransport } from './rest-transport.ts'
import { sendChange } from './send-change.ts'

/** The namespaces of a REST catalog. */
export function restNamespaces(send: RestTransport, paths: RestPaths): CatalogNamespaces {
  return {
    async listNamespaces(parent, page, signal) {
      // An empty token asks for pages; servers that have none ignore it.
      const query = { parent: paths.parent(parent), pageToken: page ?? '' }
      const response = await send({ method: 'GET', path: paths.namespaces(), query }, signal)
      return decodeAnswer(expectSuccess(response, SUBJECT), decodeNamespacePage)
    },

    async createNamespace(namespace, properties = {}, signal) {
      paths.check(namespace)
      const body = { namespace, properties }
      const request = { method: 'POST', path: paths.namespaces(), body } as const
      await sendChange({ send, request, subject: TAKEN, ...told(namespace, 'created'), made: () => undefined }, signal)
    },

    async dropNamespace(namespace, signal) {
      const request = { method: 'DELETE', path: paths.namespace(namespace) } as const
      await sendChange(
        { send, request, subject: SUBJECT, ...told(namespace, 'dropped'), made: () => undefined },
        signal,
      )
    },

    async loadNamespace(namespace, signal) {
      const response = await send({ method: 'GET', path: paths.namespace(namespace) }, signal)
      return decodeAnswer(expectSuccess(response, SUBJECT), decodeNamespaceBody).properties
    },

    async updateNamespace(namespace, change, signal) {
      const path = paths.namespace(namespace, 'properties')
      const request = { method: 'POST', path, body: encodeNamespaceChange(change) } as const
      const made = (response: RestResponse) => decodeAnswer(response, decodeMissingKeys)
      return sendChange({ send, request, subject: SUBJECT, ...told(namespace, 'changed'), made }, signal)
    },
  }
}

const SUBJECT: RestSubject = { entity: 'namespace', conflict: 'conflict' }
const TAKEN: RestSubject = { entity: 'namespace', conflict: 'already-exists' }

function told(namespace: Namespace, done: string) {
  return { what: `namespace ${namespace.join('.')}`, done }
}
