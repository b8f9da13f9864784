import { decodeScanFilter, type FilterScope } from '@moraine/iceberg/expression/scan-filter-json'
import type { Snapshot, SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { appendsBetween } from '@moraine/iceberg/scan/appends-between'
import type { TableScan } from '@moraine/iceberg/scan/scan-sections'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { type IndexedField, indexSchema } from '@moraine/iceberg/schema/schema-index'
import { dropUndefined } from '@moraine/stdx/drop-undefined'
import { MoraineError } from '@moraine/stdx/error'
import type { JsonObject, JsonValue } from '@moraine/stdx/exact-json'
import {
  failAt,
  flag,
  inside,
  int32,
  int64,
  type JsonDecoder,
  listOf,
  optional,
  record,
  text,
} from '@moraine/stdx/exact-json-decode'

/** `PlanTableScanRequest`; `schemaId` stands only in requests that have been pinned. */
export type ScanRequest = {
  readonly snapshotId?: bigint
  readonly startSnapshotId?: bigint
  readonly endSnapshotId?: bigint
  readonly schemaId?: number
  readonly useSnapshotSchema?: boolean
  /** As it was sent: which columns and values it means is known once the table is. */
  readonly filter?: JsonValue
  readonly isCaseSensitive?: boolean
  readonly select?: readonly string[]
  readonly statsFields?: readonly string[]
  readonly enoughRows?: bigint
}

/** A request that means the same whatever is committed after it, and what it means. */
export type PinnedRequest = {
  readonly request: ScanRequest
  readonly scan: TableScan
  readonly statistics: StatisticsOf
}

/** Whether the figures of a column are sent; absent if those of none are. */
export type StatisticsOf = ((fieldId: number) => boolean) | undefined

export const decodeScanRequest: JsonDecoder<ScanRequest> = (value, place) => {
  const json = record(value, place)
  // A filter that is null is more likely a mistake than a wish for all rows.
  if (Object.hasOwn(json.object, 'filter') && json.object['filter'] === null) failAt(inside(place, 'filter'), 'is null')
  const request = dropUndefined<ScanRequest>({
    snapshotId: optional(json, 'snapshot-id', int64),
    startSnapshotId: optional(json, 'start-snapshot-id', int64),
    endSnapshotId: optional(json, 'end-snapshot-id', int64),
    schemaId: optional(json, PINNED_SCHEMA, int32),
    useSnapshotSchema: optional(json, 'use-snapshot-schema', flag),
    filter: optional(json, 'filter', (filter) => filter),
    isCaseSensitive: optional(json, 'case-sensitive', flag),
    select: optional(json, 'select', listOf(text)),
    statsFields: optional(json, 'stats-fields', listOf(text)),
    enoughRows: optional(json, 'min-rows-requested', int64),
  })
  const { snapshotId, startSnapshotId, endSnapshotId, enoughRows = 0n } = request
  if ((startSnapshotId === undefined) !== (endSnapshotId === undefined)) {
    failAt(place, 'needs both start-snapshot-id and end-snapshot-id for an incremental scan')
  }
  if (snapshotId !== undefined && endSnapshotId !== undefined) {
    failAt(place, 'asks for one snapshot and for an incremental scan at once')
  }
  if (enoughRows < 0n) failAt(inside(place, 'min-rows-requested'), 'is negative')
  return request
}

/** The JSON of a pinned request, but for the filter. */
export function encodePinnedRequest(request: ScanRequest): JsonObject {
  return {
    'snapshot-id': request.snapshotId,
    'start-snapshot-id': request.startSnapshotId,
    'end-snapshot-id': request.endSnapshotId,
    [PINNED_SCHEMA]: request.schemaId,
    'case-sensitive': request.isCaseSensitive,
    'stats-fields': request.statsFields,
    'min-rows-requested': request.enoughRows,
  }
}

/**
 * What a request means of a table. Names are those of the table's current schema, or, with `use-snapshot-schema`, of the
 * schema of the snapshot that is scanned or at which an incremental scan ends.
 *
 * @throws {MoraineError} `invalid-input` for snapshots and columns that the table does not have and filters that cannot
 *   be, `unsupported` for incremental scans across snapshots that did more than append.
 */
export function pinScan(metadata: TableMetadata, request: ScanRequest): PinnedRequest {
  const scope = scopeOf(metadata, request)
  const last = scope.kind === 'snapshot' ? scope.snapshot : scope.kind === 'appends' ? scope.end : undefined
  const schema = schemaOf(metadata, request, last)
  const filterScope = { schema, isCaseSensitive: request.isCaseSensitive ?? true }
  const filter = decodeScanFilter(filterScope)(request.filter ?? true, { document: 'filter', kind: 'invalid-input' })
  checkSelected(metadata, filterScope, request.select ?? [])
  const { snapshotId: pinned } = last ?? {}
  return {
    scan: { metadata, scope, filter },
    statistics: statisticsOf(filterScope, request.statsFields),
    request: {
      ...request,
      schemaId: schema.schemaId,
      ...(scope.kind === 'snapshot' && pinned !== undefined && { snapshotId: pinned }),
    },
  }
}

const PINNED_SCHEMA = 'schema-id'

type Scope =
  | Extract<TableScan['scope'], { kind: 'snapshot' | 'nothing' }>
  | (Extract<TableScan['scope'], { kind: 'appends' }> & { readonly end: Snapshot })

function scopeOf(metadata: TableMetadata, request: ScanRequest): Scope {
  const { snapshotId, startSnapshotId, endSnapshotId } = request
  if (startSnapshotId !== undefined && endSnapshotId !== undefined) {
    const end = snapshotOf(metadata, endSnapshotId)
    // The start may have expired: it is only compared.
    const snapshots = appendsBetween(metadata, startSnapshotId as SnapshotId, end.snapshotId)
    return { kind: 'appends', snapshots, end }
  }
  const snapshot = snapshotId === undefined ? currentSnapshot(metadata) : snapshotOf(metadata, snapshotId)
  return snapshot === undefined ? { kind: 'nothing' } : { kind: 'snapshot', snapshot }
}

// Not `not-found`: to clients that would say that there is no such table.
function snapshotOf({ snapshots, location }: TableMetadata, id: bigint): Snapshot {
  const found = snapshots.find(({ snapshotId }) => snapshotId === id)
  if (found !== undefined) return found
  throw new MoraineError('invalid-input', `snapshot ${id} is not in the table at ${location}; it may have expired`)
}

function schemaOf(metadata: TableMetadata, request: ScanRequest, snapshot: Snapshot | undefined): Schema {
  const ofSnapshot = request.useSnapshotSchema === true ? snapshot?.schemaId : undefined
  const id = request.schemaId ?? ofSnapshot ?? metadata.currentSchemaId
  const schema = metadata.schemas.find(({ schemaId }) => schemaId === id)
  if (schema !== undefined) return schema
  throw new MoraineError('invalid-input', `the table at ${metadata.location} has no schema ${id}`)
}

/**
 * Which columns are read decides nothing of a plan, but names that no schema of the table has are a mistake. Clients
 * select metadata columns too, which begin with an underscore.
 */
function checkSelected(metadata: TableMetadata, scope: FilterScope, names: readonly string[]): void {
  const isKnown = (name: string) =>
    name.startsWith('_') || metadata.schemas.some((schema) => findFields({ ...scope, schema }, name).length > 0)
  const unknown = names.find((name) => !isKnown(name))
  if (unknown !== undefined) throw noColumn('select', unknown)
}

function statisticsOf(scope: FilterScope, names: readonly string[] | undefined): StatisticsOf {
  if (names === undefined) return undefined
  const ids = new Set<number>()
  for (const name of names) {
    const fields = findFields(scope, name)
    if (fields.length === 0) throw noColumn('stats-fields', name)
    for (const { field } of fields) ids.add(field.id)
  }
  return (fieldId) => ids.has(fieldId)
}

function findFields({ schema, isCaseSensitive }: FilterScope, name: string): readonly IndexedField[] {
  const { fieldsByName, fieldsByLowerName } = indexSchema(schema)
  const found = isCaseSensitive ? fieldsByName.get(name) : fieldsByLowerName.get(name.toLowerCase())
  return found ?? []
}

function noColumn(where: string, name: string): MoraineError {
  return new MoraineError('invalid-input', `${where}: there is no column ${name}`)
}
