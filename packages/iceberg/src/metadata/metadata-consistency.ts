import { MoraineError } from '@moraine/stdx/error'
import type { Schema } from '../schema/schema.ts'
import { indexSchema } from '../schema/schema-index.ts'
import type { TableMetadata } from './table-metadata.ts'

/** A field of table metadata, by its JSON path, and what is wrong with it. */
export type Inconsistency = { readonly field: string; readonly problem: string }

/**
 * The first contradiction inside a table's metadata: ids that are there twice, or that name something which is not
 * there; snapshots from beyond the last sequence number. `undefined` if there is none.
 */
export function findInconsistency(metadata: TableMetadata): Inconsistency | undefined {
  for (const find of CHECKS) {
    const found = find(metadata)
    if (found !== undefined) return found
  }
  return undefined
}

type Check = (metadata: TableMetadata) => Inconsistency | undefined

const CHECKS: readonly Check[] = [
  ({ schemas }) => doubledId('schemas', schemas.map(schemaId)),
  ({ partitionSpecs }) => doubledId('partition-specs', partitionSpecs.map(specId)),
  ({ sortOrders }) => doubledId('sort-orders', sortOrders.map(orderId)),
  ({ snapshots }) => doubledId('snapshots', snapshots.map(snapshotId)),
  ({ schemas, currentSchemaId }) => missingId('current-schema-id', currentSchemaId, 'schemas', schemas.map(schemaId)),
  ({ partitionSpecs, defaultSpecId }) =>
    missingId('default-spec-id', defaultSpecId, 'partition-specs', partitionSpecs.map(specId)),
  ({ sortOrders, defaultSortOrderId }) =>
    missingId('default-sort-order-id', defaultSortOrderId, 'sort-orders', sortOrders.map(orderId)),
  findWrongSchema,
  findLostRef,
  findSnapshotFromTheFuture,
]

const schemaId = (schema: Schema) => schema.schemaId
const specId = (spec: TableMetadata['partitionSpecs'][number]) => spec.specId
const orderId = (order: TableMetadata['sortOrders'][number]) => order.orderId
const snapshotId = (snapshot: TableMetadata['snapshots'][number]) => snapshot.snapshotId

function doubledId<T>(field: string, ids: readonly T[]): Inconsistency | undefined {
  const seen = new Set<T>()
  for (const id of ids) {
    if (seen.has(id)) return { field, problem: `has the id ${id} twice` }
    seen.add(id)
  }
  return undefined
}

function missingId<T>(field: string, id: T, list: string, ids: readonly T[]): Inconsistency | undefined {
  return ids.includes(id) ? undefined : { field, problem: `is ${id}, which is not in ${list}` }
}

function findWrongSchema({ schemas }: TableMetadata): Inconsistency | undefined {
  try {
    for (const schema of schemas) indexSchema(schema)
    return undefined
  } catch (error) {
    if (!(error instanceof MoraineError)) throw error
    return { field: 'schemas', problem: `is wrong: ${error.message}` }
  }
}

function findLostRef({ refs, snapshots, currentSnapshotId }: TableMetadata): Inconsistency | undefined {
  const ids = new Set(snapshots.map(snapshotId))
  for (const [name, ref] of Object.entries(refs)) {
    if (!ids.has(ref.snapshotId)) {
      return { field: `refs.${name}`, problem: `is at snapshot ${ref.snapshotId}, which is not in snapshots` }
    }
  }
  const main = Object.hasOwn(refs, 'main') ? refs['main'] : undefined
  if (main?.snapshotId === currentSnapshotId) return undefined
  const [at, current] = [main?.snapshotId ?? 'absent', currentSnapshotId ?? 'absent']
  return { field: 'refs.main', problem: `is ${at}, but current-snapshot-id is ${current}` }
}

function findSnapshotFromTheFuture({ snapshots, lastSequenceNumber }: TableMetadata): Inconsistency | undefined {
  const at = snapshots.findIndex((snapshot) => snapshot.sequenceNumber > lastSequenceNumber)
  const snapshot = snapshots[at]
  if (snapshot === undefined) return undefined
  return {
    field: `snapshots[${at}].sequence-number`,
    problem: `is ${snapshot.sequenceNumber}, above last-sequence-number ${lastSequenceNumber}`,
  }
}
