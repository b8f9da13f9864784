import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { encodePartitionSpec } from '@moraine/iceberg/partition/partition-spec-json'
import { encodeSchema } from '@moraine/iceberg/schema/schema-json'
import { encodeSortOrder } from '@moraine/iceberg/sort/sort-order-json'
import { formatExactJson, type JsonObject } from '@moraine/stdx/exact-json'
import type { Parameters } from './hive-struct.ts'

export const TABLE_TYPE = 'table_type'
export const METADATA_LOCATION = 'metadata_location'
const PREVIOUS_METADATA_LOCATION = 'previous_metadata_location'
/** A property of tables and databases that a metastore keeps in a field. */
export const TABLE_OWNER = 'hive.metastore.table.owner'
export const DO_NOT_UPDATE_STATS = 'DO_NOT_UPDATE_STATS'

/** What a table becomes. */
export type NextState = {
  readonly metadata: TableMetadata
  readonly metadataLocation: string
  /** What it was, for a table that exists. */
  readonly base?: { readonly metadata: TableMetadata; readonly metadataLocation: string }
  readonly isHiveEnabled: boolean
  /** Longer values are left out. 0 leaves out all that is derived from metadata. */
  readonly parameterLengthMax: number
}

/**
 * The parameters of a table after a commit, as Iceberg's reference implementation sets them (`HMSTablePropertyHelper`):
 * the table's properties, the pointer, and what Hive and its users like to see of the metadata. Others stay as they are.
 */
export function nextParameters(current: Parameters, next: NextState): Parameters {
  const { metadata, base } = next
  const parameters = new Map(current)
  for (const [key, value] of Object.entries(metadata.properties)) {
    if (key.toLowerCase() !== TABLE_OWNER) parameters.set(HIVE_NAMES.get(key) ?? key, value)
  }
  for (const key of Object.keys(base?.metadata.properties ?? {})) {
    if (!Object.hasOwn(metadata.properties, key) && key !== 'EXTERNAL') parameters.delete(HIVE_NAMES.get(key) ?? key)
  }
  if (metadata.tableUuid !== undefined) parameters.set('uuid', metadata.tableUuid)
  parameters.set(TABLE_TYPE, 'ICEBERG')
  parameters.set(METADATA_LOCATION, next.metadataLocation)
  if (base !== undefined) parameters.set(PREVIOUS_METADATA_LOCATION, base.metadataLocation)
  if (next.isHiveEnabled) parameters.set(STORAGE_HANDLER, 'org.apache.iceberg.mr.hive.HiveIcebergStorageHandler')
  else parameters.delete(STORAGE_HANDLER)
  for (const [key, value] of derivedParameters(next)) {
    if (value === undefined) parameters.delete(key)
    else parameters.set(key, value)
  }
  for (const [key, total] of Object.entries(STATISTICS)) {
    const value = currentSnapshot(metadata)?.summary[total]
    if (value !== undefined) parameters.set(key, value)
  }
  // Otherwise a metastore lists the files of the table to count them.
  parameters.delete('COLUMN_STATS_ACCURATE')
  parameters.set(DO_NOT_UPDATE_STATS, 'true')
  return parameters
}

const STORAGE_HANDLER = 'storage_handler'
/** Properties that mean the same by another name in Hive. */
const HIVE_NAMES: ReadonlyMap<string, string> = new Map([['gc.enabled', 'external.table.purge']])
const STATISTICS = { numFiles: 'total-data-files', numRows: 'total-records', totalSize: 'total-files-size' }

/** `undefined` for what the table does not have, or what is too long. */
function derivedParameters({ metadata, parameterLengthMax }: NextState): readonly [string, string | undefined][] {
  const snapshot = parameterLengthMax > 0 ? currentSnapshot(metadata) : undefined
  const schema = metadata.schemas.find(({ schemaId }) => schemaId === metadata.currentSchemaId)
  const spec = metadata.partitionSpecs.find(({ specId }) => specId === metadata.defaultSpecId)
  const order = metadata.sortOrders.find(({ orderId }) => orderId === metadata.defaultSortOrderId)
  const json = (value: JsonObject | undefined): string | undefined => {
    if (value === undefined || parameterLengthMax === 0) return undefined
    const text = formatExactJson(value)
    return text.length <= parameterLengthMax ? text : undefined
  }
  return [
    ['current-schema', json(schema && encodeSchema(schema))],
    ['default-partition-spec', json(spec?.fields.length ? encodePartitionSpec(spec) : undefined)],
    ['default-sort-order', json(order?.fields.length ? encodeSortOrder(order) : undefined)],
    ['current-snapshot-id', snapshot && String(snapshot.snapshotId)],
    ['current-snapshot-timestamp-ms', snapshot && String(snapshot.timestampMs)],
    ['current-snapshot-summary', json(snapshot?.summary)],
    ['snapshot-count', String(metadata.snapshots.length)],
  ]
}

function currentSnapshot({ snapshots, currentSnapshotId }: TableMetadata) {
  return snapshots.find(({ snapshotId }) => snapshotId === currentSnapshotId)
}
