import type { Catalog } from '../catalog.ts'
import { decodeAnswer, expectSuccess, type RestSubject } from './rest-answer.ts'
import { decodeMissingKeys, decodeNamespaceBody, decodeNamespacePage, encodeNamespaceChange } from './rest-json.ts'
import type { RestPaths } from './rest-path.ts'
import type { RestTransport } from './rest-transport.ts'

/** The namespaces of a REST catalog. */
export function restNamespaces(
  send: RestTransport,
  paths: RestPaths,
): Pick<Catalog, 'listNamespaces' | 'createNamespace' | 'dropNamespace' | 'loadNamespace' | 'updateNamespace'> {
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
      expectSuccess(await send({ method: 'POST', path: paths.namespaces(), body }, signal), TAKEN)
    },

    async dropNamespace(namespace, signal) {
      expectSuccess(await send({ method: 'DELETE', path: paths.namespace(namespace) }, signal), SUBJECT)
    },

    async loadNamespace(namespace, signal) {
      const response = await send({ method: 'GET', path: paths.namespace(namespace) }, signal)
      return decodeAnswer(expectSuccess(response, SUBJECT), decodeNamespaceBody).properties
    },

    async updateNamespace(namespace, change, signal) {
      const path = paths.namespace(namespace, 'properties')
      const response = await send({ method: 'POST', path, body: encodeNamespaceChange(change) }, signal)
      return decodeAnswer(expectSuccess(response, SUBJECT), decodeMissingKeys)
    },
  }
}

const SUBJECT: RestSubject = { entity: 'namespace', conflict: 'conflict' }
const TAKEN: RestSubject = { entity: 'namespace', conflict: 'already-exists' }
