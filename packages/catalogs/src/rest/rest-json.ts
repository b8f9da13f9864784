import { decodeTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { decodeTableRequirement, encodeTableRequirement } from '@moraine/iceberg/metadata/table-requirement-json'
import type { TableUpdate } from '@moraine/iceberg/metadata/table-update'
import { decodeTableUpdate, encodeTableUpdate } from '@moraine/iceberg/metadata/table-update-json'
import type { UnboundPartitionSpec } from '@moraine/iceberg/partition/partition-spec'
import {
  decodeUnboundPartitionSpec,
  encodePartitionSpec,
  FIRST_PARTITION_FIELD_ID,
} from '@moraine/iceberg/partition/partition-spec-json'
import { decodeSchema, encodeSchema } from '@moraine/iceberg/schema/schema-json'
import { decodeSortOrder, encodeSortOrder } from '@moraine/iceberg/sort/sort-order-json'
import { dropUndefined } from '@moraine/stdx/drop-undefined'
import type { JsonObject } from '@moraine/stdx/exact-json'
import {
  failAt,
  flag,
  inside,
  type JsonDecoder,
  listOf,
  mapOf,
  optional,
  record,
  required,
  text,
} from '@moraine/stdx/exact-json-decode'
import type { CreateTable, LoadedTable, NamespaceChange, TableChange, TableCommit } from '../catalog.ts'
import type { Page } from '../page.ts'
import type { Namespace, TableIdentifier } from '../table-identifier.ts'

// The bodies of Iceberg's REST catalog protocol (rest-catalog-open-api.yaml), for client and server alike.

const properties = mapOf(text)

export type NamespaceBody = { readonly namespace: Namespace; readonly properties: Readonly<Record<string, string>> }

/** CreateNamespaceRequest, CreateNamespaceResponse and GetNamespaceResponse. */
export const decodeNamespaceBody: JsonDecoder<NamespaceBody> = (value, place) => {
  const json = record(value, place)
  return {
    namespace: required(json, 'namespace', listOf(text)),
    properties: optional(json, 'properties', properties) ?? {},
  }
}

/** UpdateNamespacePropertiesRequest. */
export const decodeNamespaceChange: JsonDecoder<NamespaceChange> = (value, place) => {
  const json = record(value, place)
  return {
    set: optional(json, 'updates', properties) ?? {},
    remove: optional(json, 'removals', listOf(text)) ?? [],
  }
}

export function encodeNamespaceChange({ set, remove }: NamespaceChange): JsonObject {
  return { updates: set, removals: remove }
}

/** UpdateNamespacePropertiesResponse; of interest are the keys that were not there. */
export const decodeMissingKeys: JsonDecoder<readonly string[]> = (value, place) =>
  optional(record(value, place), 'missing', listOf(text)) ?? []

export const decodeIdentifier: JsonDecoder<TableIdentifier> = (value, place) => {
  const json = record(value, place)
  return { namespace: required(json, 'namespace', listOf(text)), name: required(json, 'name', text) }
}

export function encodeIdentifier({ namespace, name }: TableIdentifier): JsonObject {
  return { namespace, name }
}

/** By the empty text, which asks for the first page, no server can mean that there are more. */
const pageToken: JsonDecoder<string | undefined> = (value, place) => text(value, place) || undefined

/** ListNamespacesResponse. */
export const decodeNamespacePage: JsonDecoder<Page<Namespace>> = (value, place) => {
  const json = record(value, place)
  const items = required(json, 'namespaces', listOf(listOf(text)))
  return dropUndefined<Page<Namespace>>({ items, nextPage: optional(json, 'next-page-token', pageToken) })
}

/** ListTablesResponse. */
export const decodeTablePage: JsonDecoder<Page<TableIdentifier>> = (value, place) => {
  const json = record(value, place)
  const items = required(json, 'identifiers', listOf(decodeIdentifier))
  return dropUndefined<Page<TableIdentifier>>({ items, nextPage: optional(json, 'next-page-token', pageToken) })
}

export type CreateTableBody = { readonly name: string; readonly table: CreateTable; readonly stage: boolean }

/** CreateTableRequest. */
export const decodeCreateTable: JsonDecoder<CreateTableBody> = (value, place) => {
  const json = record(value, place)
  const table = dropUndefined<CreateTable>({
    schema: required(json, 'schema', decodeSchema),
    partitionSpec: optional(json, 'partition-spec', decodeUnboundPartitionSpec),
    sortOrder: optional(json, 'write-order', decodeSortOrder),
    location: optional(json, 'location', text),
    properties: optional(json, 'properties', properties),
  })
  return { name: required(json, 'name', text), table, stage: optional(json, 'stage-create', flag) ?? false }
}

export function encodeCreateTable({ name, table, stage }: CreateTableBody): JsonObject {
  return {
    name,
    location: table.location,
    schema: encodeSchema(table.schema),
    'partition-spec': table.partitionSpec && encodePartitionSpec(withFieldIds(table.partitionSpec)),
    'write-order': table.sortOrder && encodeSortOrder(table.sortOrder),
    'stage-create': stage,
    properties: table.properties,
  }
}

/** The ids that a new table gives them anyway. The protocol lets a request go without; not every server does. */
function withFieldIds({ fields, ...spec }: UnboundPartitionSpec): UnboundPartitionSpec {
  let last = Math.max(FIRST_PARTITION_FIELD_ID - 1, ...fields.map(({ fieldId = 0 }) => fieldId))
  const withId = (field: UnboundPartitionSpec['fields'][number]) => {
    if (field.fieldId !== undefined) return field
    last += 1
    return { ...field, fieldId: last }
  }
  return { ...spec, fields: fields.map(withId) }
}

/**
 * CommitTableRequest; the identifier in it repeats the path. One that would keep everybody else waiting while its updates
 * are applied is refused.
 */
export const decodeCommit: JsonDecoder<TableCommit> = (value, place) => {
  const json = record(value, place)
  const requirements = required(json, 'requirements', listOf(decodeTableRequirement))
  const updates = required(json, 'updates', listOf(decodeTableUpdate))
  const compared = updates.filter(({ action }) => COMPARED.has(action)).length
  if (compared > COMPARED_MAX) {
    failAt(
      inside(place, 'updates'),
      `has ${compared} about schemas, specs and orders, more than ${COMPARED_MAX}; make several commits`,
    )
  }
  return { requirements, updates }
}

/** Each of these is held against all that the table has of its kind. Of all others what one costs is the same, however many. */
const COMPARED: ReadonlySet<string> = new Set<TableUpdate['action']>([
  'add-schema',
  'set-current-schema',
  'remove-schemas',
  'add-spec',
  'set-default-spec',
  'remove-partition-specs',
  'add-sort-order',
  'set-default-sort-order',
])
const COMPARED_MAX = 1_000

export function encodeCommit(identifier: TableIdentifier, { requirements, updates }: TableCommit): JsonObject {
  return {
    identifier: encodeIdentifier(identifier),
    requirements: requirements.map(encodeTableRequirement),
    updates: updates.map(encodeTableUpdate),
  }
}

/** CommitTransactionRequest. */
export const decodeTransaction: JsonDecoder<readonly TableChange[]> = (value, place) =>
  required(
    record(value, place),
    'table-changes',
    listOf((change, at) => ({
      identifier: required(record(change, at), 'identifier', decodeIdentifier),
      commit: decodeCommit(change, at),
    })),
  )

export function encodeTransaction(changes: readonly TableChange[]): JsonObject {
  return { 'table-changes': changes.map(({ identifier, commit }) => encodeCommit(identifier, commit)) }
}

/**
 * LoadTableResult and CommitTableResponse. Of the credentials, those for the longest prefix of the location count.
 *
 * @param common what counts for all tables, below what the answer says
 */
export function decodeLoadedTable(
  identifier: TableIdentifier,
  common: Readonly<Record<string, string>> = {},
): JsonDecoder<LoadedTable> {
  return (value, place) => {
    const json = record(value, place)
    const metadata = required(json, 'metadata', decodeTableMetadata)
    const credential = decodeTableCredential(metadata.location)(value, place)
    const storageProperties = { ...common, ...optional(json, 'config', properties), ...credential }
    return {
      identifier,
      metadata,
      metadataLocation: required(json, 'metadata-location', text),
      ...(Object.keys(storageProperties).length === 0 ? {} : { storageProperties }),
    }
  }
}

/** LoadCredentialsResponse, and the same field of LoadTableResult: what is for the longest prefix of the location. */
export function decodeTableCredential(location: string): JsonDecoder<Readonly<Record<string, string>> | undefined> {
  return (value, place) =>
    (optional(record(value, place), 'storage-credentials', listOf(decodeCredential)) ?? [])
      .filter(({ prefix }) => location.startsWith(prefix))
      .sort((a, b) => b.prefix.length - a.prefix.length)[0]?.config
}

/** The metadata alone, of an answer to a staged creation, whose table has no metadata file yet. */
export const decodeStagedMetadata: JsonDecoder<LoadedTable['metadata']> = (value, place) =>
  required(record(value, place), 'metadata', decodeTableMetadata)

const decodeCredential: JsonDecoder<{ readonly prefix: string; readonly config: Readonly<Record<string, string>> }> = (
  value,
  place,
) => {
  const json = record(value, place)
  return { prefix: required(json, 'prefix', text), config: required(json, 'config', properties) }
}

export type RestConfig = {
  /** `GET /v1/{prefix}/namespaces` and the like; absent from servers that are older than the list. */
  readonly endpoints?: readonly string[]
  readonly defaults: Readonly<Record<string, string>>
  readonly overrides: Readonly<Record<string, string>>
}

/** CatalogConfig. */
export const decodeRestConfig: JsonDecoder<RestConfig> = (value, place) => {
  const json = record(value, place)
  return dropUndefined<RestConfig>({
    endpoints: optional(json, 'endpoints', listOf(text)),
    defaults: optional(json, 'defaults', properties) ?? {},
    overrides: optional(json, 'overrides', properties) ?? {},
  })
}
