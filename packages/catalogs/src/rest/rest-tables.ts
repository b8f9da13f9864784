import type { Catalog, CommitOutcome, LoadedTable, TableCommit } from '../catalog.ts'
import { checkIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { rememberedLocations } from './remembered-locations.ts'
import { decodeAnswer, expectSuccess, REGISTERED, type RestSubject, saysAbsent } from './rest-answer.ts'
import {
  decodeLoadedTable,
  decodeStagedMetadata,
  decodeTablePage,
  encodeCommit,
  encodeCreateTable,
} from './rest-json.ts'
import type { RestPaths } from './rest-path.ts'
import type { RestResponse, RestTransport } from './rest-transport.ts'
import { sendCommit } from './send-commit.ts'
import { sendRename } from './send-rename.ts'

type Tables = Omit<
  Catalog,
  | 'name'
  | 'views'
  | 'dropped'
  | 'commitTables'
  | 'listNamespaces'
  | 'createNamespace'
  | 'dropNamespace'
  | 'loadNamespace'
  | 'updateNamespace'
>

/** The tables of a REST catalog. */
export function restTables(send: RestTransport, paths: RestPaths): Tables {
  const remembered = rememberedLocations()
  return {
    async listTables(namespace, page, signal) {
      const request = {
        method: 'GET',
        path: paths.namespace(namespace, 'tables'),
        query: { pageToken: page ?? '' },
      } as const
      return decodeAnswer(expectSuccess(await send(request, signal), NAMESPACE), decodeTablePage)
    },

    loadTable: (identifier, signal) => loadTable(send, paths, identifier, signal),

    async findMetadataLocation(identifier, signal) {
      const path = paths.table(identifier)
      const known = remembered.find(path)
      const headers = known === undefined ? {} : { 'if-none-match': known.etag }
      const response = await send({ method: 'GET', path, headers, query: { snapshots: 'refs' } }, signal)
      if (response.status === 304 && known !== undefined) return known.metadataLocation
      if (saysAbsent(response, TABLE)) return undefined
      const loaded = decodeAnswer(expectSuccess(response, TABLE), decodeLoadedTable(identifier))
      remembered.add(path, response.etag, loaded.metadataLocation)
      return loaded.metadataLocation
    },

    commitTable: (identifier, commit, signal) => commitTable(send, paths, identifier, commit, signal),

    async createTable(identifier, table, signal) {
      const body = encodeCreateTable({ name: identifier.name, table, stage: false })
      const request = { method: 'POST', path: tablesPath(paths, identifier), headers: DELEGATE, body } as const
      return decodeAnswer(expectSuccess(await send(request, signal), NEW_TABLE), decodeLoadedTable(identifier))
    },

    async stageTable(identifier, table, signal) {
      const body = encodeCreateTable({ name: identifier.name, table, stage: true })
      const request = { method: 'POST', path: tablesPath(paths, identifier), body } as const
      return decodeAnswer(expectSuccess(await send(request, signal), NEW_TABLE), decodeStagedMetadata)
    },

    async registerTable(identifier, metadataLocation, signal) {
      checkIdentifier(identifier)
      const body = { name: identifier.name, 'metadata-location': metadataLocation }
      const request = { method: 'POST', path: paths.namespace(identifier.namespace, 'register'), body } as const
      return decodeAnswer(expectSuccess(await send(request, signal), REGISTERED), decodeLoadedTable(identifier))
    },

    dropTable: (identifier, signal) => dropTable(send, paths.table(identifier), 'false', signal),

    purgeTable: (identifier, signal) => dropTable(send, paths.table(identifier), 'true', signal),

    async renameTable(from, to, signal) {
      await sendRename({ send, paths, what: 'tables' }, from, to, signal)
    },
  }
}

const NAMESPACE: RestSubject = { entity: 'namespace', conflict: 'conflict' }
const TABLE: RestSubject = { entity: 'table', conflict: 'conflict' }
const NEW_TABLE: RestSubject = { entity: 'namespace', conflict: 'already-exists' }

/** Asks for credentials to the table's files, where the catalog hands them out. */
const DELEGATE = { 'x-iceberg-access-delegation': 'vended-credentials' }

function tablesPath(paths: RestPaths, identifier: TableIdentifier): string {
  checkIdentifier(identifier)
  return paths.namespace(identifier.namespace, 'tables')
}

async function dropTable(
  send: RestTransport,
  path: string,
  purgeRequested: 'true' | 'false',
  signal: AbortSignal | undefined,
): Promise<void> {
  expectSuccess(await send({ method: 'DELETE', path, query: { purgeRequested } }, signal), TABLE)
}

async function commitTable(
  send: RestTransport,
  paths: RestPaths,
  identifier: TableIdentifier,
  commit: TableCommit,
  signal: AbortSignal | undefined,
): Promise<CommitOutcome> {
  const request = { method: 'POST', path: paths.table(identifier), body: encodeCommit(identifier, commit) } as const
  const committed = async (response: RestResponse) => {
    const table = decodeAnswer(response, decodeLoadedTable(identifier))
    // Nessie answers with an address of its own, and tells where the file is only when it is asked for the table.
    const isFile = !/^https?:/.test(table.metadataLocation)
    return { kind: 'committed', table: isFile ? table : await loadTable(send, paths, identifier, signal) } as const
  }
  return sendCommit({ send, request, subject: TABLE, committed }, signal)
}

async function loadTable(
  send: RestTransport,
  paths: RestPaths,
  identifier: TableIdentifier,
  signal: AbortSignal | undefined,
): Promise<LoadedTable> {
  const request = { method: 'GET', path: paths.table(identifier), headers: DELEGATE } as const
  return decodeAnswer(expectSuccess(await send(request, signal), TABLE), decodeLoadedTable(identifier))
}
