import type { PartitionSpec, PartitionTuple } from '@moraine/iceberg/partition/partition-spec'
import type { RewriteTask } from '@moraine/maintenance/plan/rewrite-task'
import { MoraineError } from '@moraine/stdx/error'
import type { DuckDbSession } from '../duckdb/duckdb-pool.ts'
import type { ReadPlan } from '../read-plan/read-plan.ts'
import { INTERNAL_PREFIX } from '../sql/column-names.ts'
import { sqlName } from '../sql/sql-text.ts'
import { keyItems, type PartitionKey, readableKeyItems, readPartition, sqlPartitionKey } from './partition-key.ts'

/** Rows on their way into the partitions of the table's current spec. */
export type MovedRows = {
  readonly spec: PartitionSpec
  readonly key: PartitionKey
  readonly partitions: readonly PartitionTuple[]
  /** A relation of the outputs' columns and, if there are several partitions, each row's {@link PARTITION_ORDINAL}. */
  readonly source: string
}

/** The column that says which of {@link MovedRows.partitions} a row belongs to. */
export const PARTITION_ORDINAL = `${INTERNAL_PREFIX}partition`
const PARTITIONS_TABLE = `${INTERNAL_PREFIX}partitions`

// More files than this from one group would be worse for readers than a partition of an older spec.
const MAX_PARTITIONS = 1000

/** Why a group's rows stay in the partition of the older spec. */
export type UnmovedRows = { readonly reason: string }

/**
 * Finds out which partitions of the wanted spec the rows belong to, and numbers them in a table of the session.
 *
 * @param live a relation of the outputs' columns
 */
export async function moveRows(
  { table }: RewriteTask,
  specId: number,
  plan: ReadPlan,
  live: string,
  session: DuckDbSession,
): Promise<MovedRows | UnmovedRows> {
  const spec = table.partitionSpecs.find((each) => each.specId === specId)
  if (spec === undefined) throw new MoraineError('invalid-input', `the task lacks partition spec ${specId}`)
  const key = sqlPartitionKey(spec, table.schema, plan.fields, plan.names)
  if (key.columns.length === 0) return { spec, key, partitions: [[]], source: live }
  const keyed = `SELECT *, ${keyItems(key)} FROM (\n${live}\n)`
  const partitions = await numberPartitions(key, keyed, session)
  if (partitions.length > MAX_PARTITIONS) {
    return { reason: `not moved: the rows belong to more than ${MAX_PARTITIONS} partitions of spec ${specId}` }
  }
  if (partitions.length <= 1) return { spec, key, partitions, source: live }
  const names = plan.names.map((name) => `k.${sqlName(name)}`).join(', ')
  const match = key.columns.map(({ name }) => `k.${sqlName(name)} IS NOT DISTINCT FROM p.${sqlName(name)}`)
  const numbers = `JOIN ${sqlName(PARTITIONS_TABLE)} p ON ${match.join(' AND ')}`
  const source = `SELECT ${names}, p.${sqlName(PARTITION_ORDINAL)} FROM (\n${keyed}\n) k ${numbers}`
  return { spec, key, partitions, source }
}

async function numberPartitions(
  key: PartitionKey,
  keyed: string,
  session: DuckDbSession,
): Promise<readonly PartitionTuple[]> {
  const columns = key.columns.map(({ name }) => sqlName(name)).join(', ')
  const found = `SELECT DISTINCT ${columns} FROM (\n${keyed}\n) LIMIT ${MAX_PARTITIONS + 1}`
  const ordinal = sqlName(PARTITION_ORDINAL)
  await session.run(
    `CREATE TABLE ${sqlName(PARTITIONS_TABLE)} AS SELECT row_number() OVER (ORDER BY ${columns}) - 1 AS ${ordinal}, * FROM (${found})`,
  )
  const rows = await session.query(
    `SELECT ${readableKeyItems(key)} FROM ${sqlName(PARTITIONS_TABLE)} ORDER BY ${ordinal}`,
  )
  return rows.map((row) => readPartition(key, row))
}
