import type { StorageSettings } from '@moraine/storage/settings'
import type { CatalogTableOperations, CommitOutcome, TableCommit } from '../catalog.ts'
import { checkIdentifier, formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
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
import { DELEGATION } from './rest-settings.ts'
import { storageLoader } from './rest-storage.ts'
import type { RestResponse, RestTransport } from './rest-transport.ts'
import { sendChange } from './send-change.ts'
import { sendCommit } from './send-commit.ts'
import { sendRename } from './send-rename.ts'
import { tableTokens } from './table-tokens.ts'

/** How a server speaks of the files of tables. */
export type TableFilesTerms = {
  /** Of the catalog, without a trailing slash. */
  readonly uri: string
  readonly delegation: string
  /** Whether credentials can be asked for without the table. */
  readonly hasCredentials: boolean
  /** What it says of the storage of all its tables. */
  readonly common: StorageSettings
}

/** The tables of a REST catalog. */
export function restTables(bare: RestTransport, paths: RestPaths, terms: TableFilesTerms): CatalogTableOperations {
  const remembered = rememberedLocations()
  const tokens = tableTokens()
  const send = tokens.attached(bare)
  const delegate = terms.delegation === '' ? {} : { [DELEGATION]: terms.delegation }
  const loadTable: CatalogTableOperations['loadTable'] = async (identifier, signal) => {
    const path = paths.table(identifier)
    const response = await send({ method: 'GET', path, headers: delegate }, signal)
    const loaded = decodeAnswer(expectSuccess(response, TABLE), decodeLoadedTable(identifier, terms.common))
    tokens.remember(path, loaded.storageProperties)
    return loaded
  }
  return {
    async listTables(namespace, page, signal) {
      const request = {
        method: 'GET',
        path: paths.namespace(namespace, 'tables'),
        query: { pageToken: page ?? '' },
      } as const
      return decodeAnswer(expectSuccess(await send(request, signal), NAMESPACE), decodeTablePage)
    },

    loadTable,

    loadStorage: storageLoader(send, paths, { ...terms, delegate }, loadTable),

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

    commitTable: (identifier, commit, signal) => commitTable({ send, paths, loadTable }, identifier, commit, signal),

    async createTable(identifier, table, signal) {
      const body = encodeCreateTable({ name: identifier.name, table, stage: false })
      const request = { method: 'POST', path: tablesPath(paths, identifier), headers: delegate, body } as const
      const made = (response: RestResponse) => decodeAnswer(response, decodeLoadedTable(identifier, terms.common))
      const what = `table ${formatIdentifier(identifier)}`
      return sendChange({ send, request, subject: NEW_TABLE, what, done: 'created', made }, signal)
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
      const made = (response: RestResponse) => decodeAnswer(response, decodeLoadedTable(identifier))
      const what = `table ${formatIdentifier(identifier)}`
      return sendChange({ send, request, subject: REGISTERED, what, done: 'registered', made }, signal)
    },

    async overwriteTable(identifier, metadataLocation, signal) {
      checkIdentifier(identifier)
      const body = { name: identifier.name, 'metadata-location': metadataLocation, overwrite: true }
      const request = { method: 'POST', path: paths.namespace(identifier.namespace, 'register'), body } as const
      const made = (response: RestResponse) => decodeAnswer(response, decodeLoadedTable(identifier))
      const what = `table ${formatIdentifier(identifier)}`
      return sendChange({ send, request, subject: OVERWRITTEN, what, done: 'registered', made }, signal)
    },

    dropTable: (identifier, signal) => dropTable({ send, paths }, identifier, 'false', signal),

    purgeTable: (identifier, signal) => dropTable({ send, paths }, identifier, 'true', signal),

    async renameTable(from, to, signal) {
      await sendRename({ send, paths, what: 'tables' }, from, to, signal)
    },
  }
}

const NAMESPACE: RestSubject = { entity: 'namespace', conflict: 'conflict' }
const TABLE: RestSubject = { entity: 'table', conflict: 'conflict' }
/** A table of that name is no obstacle: what is in the way is a commit, or a server that does not know the word. */
const OVERWRITTEN: RestSubject = { entity: 'metadata-file', conflict: 'conflict' }
const NEW_TABLE: RestSubject = { entity: 'namespace', conflict: 'already-exists' }

function tablesPath(paths: RestPaths, identifier: TableIdentifier): string {
  checkIdentifier(identifier)
  return paths.namespace(identifier.namespace, 'tables')
}

async function dropTable(
  { send, paths }: { readonly send: RestTransport; readonly paths: RestPaths },
  identifier: TableIdentifier,
  purgeRequested: 'true' | 'false',
  signal: AbortSignal | undefined,
): Promise<void> {
  const request = { method: 'DELETE', path: paths.table(identifier), query: { purgeRequested } } as const
  const what = `table ${formatIdentifier(identifier)}`
  await sendChange({ send, request, subject: TABLE, what, done: 'dropped', made: () => undefined }, signal)
}

async function commitTable(
  {
    send,
    paths,
    loadTable,
  }: Pick<CatalogTableOperations, 'loadTable'> & { readonly send: RestTransport; readonly paths: RestPaths },
  identifier: TableIdentifier,
  commit: TableCommit,
  signal: AbortSignal | undefined,
): Promise<CommitOutcome> {
  const request = { method: 'POST', path: paths.table(identifier), body: encodeCommit(identifier, commit) } as const
  const committed = async (response: RestResponse) => {
    const table = decodeAnswer(response, decodeLoadedTable(identifier))
    // Nessie answers with an address of its own, and tells where the file is only when it is asked for the table.
    const isFile = !/^https?:/.test(table.metadataLocation)
    return { kind: 'committed', table: isFile ? table : await loadTable(identifier, signal) } as const
  }
  return sendCommit({ send, request, subject: TABLE, committed }, signal)
}
