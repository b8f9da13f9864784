import type { Catalog, LoadedTable } from '@moraine/catalogs/catalog'
import { decodeIdentifier } from '@moraine/catalogs/rest/rest-json'
import {
  checkIdentifier,
  checkNamespace,
  type Namespace,
  type TableIdentifier,
} from '@moraine/catalogs/table-identifier'
import { isSeen, type Place, type Privilege } from '@moraine/management/access/grant'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { JsonObject, JsonValue } from '@moraine/stdx/exact-json'
import { flag, type JsonDecoder, optional, record, required, text } from '@moraine/stdx/exact-json-decode'
import type { FileIO } from '@moraine/storage/file-io'
import type { Identity } from '../access/identity.ts'
import type { PlacementRules } from '../access/placement.ts'
import type { TableAccess } from '../catalogs/delegation/table-access.ts'
import type { IcebergRestHooks } from './iceberg-rest-hooks.ts'
import type { PageTokens } from './page-tokens.ts'
import type { ScanPlanning } from './scan-planning.ts'

/** One endpoint of the protocol: its method and path as the specification writes them, and what it does. */
export type RestRoute = {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE'
  readonly path: string
  /**
   * What whoever asks must be allowed to do at the place that the path names. `see`: it is enough that something there is
   * open to them; what else the request names, the route demands itself.
   */
  readonly needs: Privilege | 'see'
  /** It changes nothing: made again it does no harm, and its answer is not worth keeping. */
  readonly isRead?: true
  readonly answer: (call: RestCall) => Promise<RestAnswer>
}

export type RestCall = {
  readonly catalog: Catalog
  /** Who asks. */
  readonly identity: Identity
  /** Parts of the path, decoded. */
  readonly params: Readonly<Record<string, string | undefined>>
  readonly query: Readonly<Record<string, string | undefined>>
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: JsonValue | undefined
  readonly hooks: IcebergRestHooks
  /** Reads the files of a table that was just loaded, or of the catalog with its own settings. */
  readonly ioOf: (table?: LoadedTable) => FileIO
  /** How clients come to the files of the catalog's tables; `undefined` if it hands nothing out. */
  readonly access: TableAccess | undefined
  /** Where its tables may be put. */
  readonly placement: PlacementRules
  readonly pages: PageTokens
  /** For whoever plans a scan; of the whole service. */
  readonly planning: ScanPlanning
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

/** The table or view that an answer is all about, and the state of it that was answered. */
export type AnswerSubject = {
  readonly kind: 'table' | 'view'
  readonly identifier: TableIdentifier
  readonly metadataLocation: string
  /** Absent for tables that have none. */
  readonly uuid?: string
}

/** The body is `json`, or the `pieces` one after another, which are JSON already; at most one of them is there. */
export type RestAnswer = {
  readonly subject?: AnswerSubject
  readonly status: number
  readonly json?: JsonObject
  readonly pieces?: readonly Uint8Array[]
  readonly etag?: string
  /** It has credentials in it: nobody on the way may keep it, nor may we. */
  readonly isSecret?: true
  /** Whether the client may use it again. */
  readonly cacheControl?: 'private' | 'no-cache'
}

export function subjectOf(
  kind: AnswerSubject['kind'],
  { identifier, metadataLocation }: { readonly identifier: TableIdentifier; readonly metadataLocation: string },
  uuid: string | undefined,
): AnswerSubject {
  return { kind, identifier, metadataLocation, ...(uuid !== undefined && { uuid }) }
}

export const NO_CONTENT: RestAnswer = { status: 204 }

export function ok(json: JsonObject): RestAnswer {
  return { status: 200, json }
}

export function namespaceOf({ params }: RestCall): Namespace {
  const namespace = splitNamespace(params['namespace'] ?? '')
  checkNamespace(namespace)
  return namespace
}

/** What the path names, as grants do; names are checked where they are used. */
export function placeOfPath(params: RestCall['params']): Place {
  const catalog = params['warehouse'] ?? ''
  const namespace = splitNamespace(params['namespace'] ?? '')
  const table = params['table'] ?? params['view']
  if (namespace.length === 0) return { catalog }
  return { catalog, namespace, ...(table !== undefined && { table }) }
}

/** The place of a table or view of the catalog. */
export function placeOfTable({ catalog }: Pick<RestCall, 'catalog'>, { namespace, name }: TableIdentifier): Place {
  return { catalog: catalog.name, namespace, table: name }
}

/** Those of the tables or views that whoever asks may know of. */
export function seenTables(call: RestCall, tables: readonly TableIdentifier[]): readonly TableIdentifier[] {
  return tables.filter((table) => isSeen(call.identity.grants, placeOfTable(call, table)))
}

/** The table or view that the path names. */
export function identifierOf(call: RestCall): TableIdentifier {
  const identifier = { namespace: namespaceOf(call), name: call.params['table'] ?? call.params['view'] ?? '' }
  checkIdentifier(identifier)
  return identifier
}

/** The levels of a namespace in a path or a query; none for the empty text. */
export function splitNamespace(text: string): Namespace {
  return text === '' ? [] : text.split('\u001f')
}

/** `RenameTableRequest`, of views as well. */
export const decodeRename: JsonDecoder<{ readonly from: TableIdentifier; readonly to: TableIdentifier }> = (
  value,
  place,
) => {
  const json = record(value, place)
  return { from: required(json, 'source', decodeIdentifier), to: required(json, 'destination', decodeIdentifier) }
}

type Registration = { readonly name: string; readonly location: string; readonly overwrite: boolean }

/** `RegisterTableRequest`, of views as well, which are not overwritten. */
export const decodeRegister: JsonDecoder<Registration> = (value, place) => {
  const json = record(value, place)
  return {
    name: required(json, 'name', text),
    location: required(json, 'metadata-location', text),
    overwrite: optional(json, 'overwrite', flag) ?? false,
  }
}

/** What the request's body says; it is `invalid-input` if it says nothing of the kind. */
export function bodyOf<T>({ body }: RestCall, decode: JsonDecoder<T>): T {
  if (body === undefined) throw malformed('the request has no JSON body')
  try {
    return decode(body, { document: 'request body', kind: 'invalid-input' })
  } catch (error) {
    throw isKind(error, 'invalid-input') ? malformed(error.message) : error
  }
}

/** A request that cannot be read; what can be read and cannot be done is no such error. */
export function malformed(message: string, cause?: unknown): MoraineError {
  return new MoraineError('invalid-input', message, { context: { entity: 'request' }, cause })
}

/**
 * Work on a metadata file that the request names. One that is damaged, or is no metadata at all, is a mistake of the request,
 * unlike the file of a table that is here.
 *
 * @throws {MoraineError} `invalid-input` for that file if it is `corrupt`
 */
export async function namedFile<T>(location: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isKind(error, 'corrupt') || error.context['metadataFile'] !== location) throw error
    throw new MoraineError('invalid-input', error.message, { cause: error })
  }
}
