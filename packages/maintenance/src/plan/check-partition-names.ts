import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { partitionFieldNames } from '@moraine/iceberg/partition/partition-path'
import { isUnpartitioned, type PartitionSpec } from '@moraine/iceberg/partition/partition-spec'
import { MoraineError } from '@moraine/stdx/error'

type Partitioned = Pick<TableMetadata, 'partitionSpecs' | 'defaultSpecId'>

/**
 * Refuses names that no partition with files has.
 *
 * @param names as `partitionPath` spells them
 * @param present of all partitions that have files, of whatever spec
 * @throws {MoraineError} for the first such name, with what there is instead: `invalid-input` for one that cannot be a
 *   partition's of this table, `not-found` for one that could
 */
export function checkPartitionNames(
  names: readonly string[],
  present: ReadonlySet<string>,
  { partitionSpecs, defaultSpecId }: Partitioned,
): void {
  const name = names.find((each) => !present.has(each))
  if (name === undefined) return
  const current = partitionSpecs.find(({ specId }) => specId === defaultSpecId)
  if (current === undefined || partitionSpecs.every(isUnpartitioned)) {
    throw new MoraineError('invalid-input', `partition '${name}': the table is not partitioned: ask for all of it`)
  }
  const fields = fieldsOf(name)
  const isOf = (spec: PartitionSpec) => partitionFieldNames(spec).join('/') === fields?.join('/')
  const there = presentText(present)
  if (fields === undefined) {
    throw new MoraineError('invalid-input', `partition '${name}': it is spelled ${shapeOf(current)}; ${there}`)
  }
  if (isOf(current)) throw new MoraineError('not-found', `partition '${name}' has no files; ${there}`)
  const by = `the table is partitioned as ${shapeOf(current)}; ${there}`
  const earlier = partitionSpecs.find(isOf)
  if (earlier === undefined) {
    throw new MoraineError('invalid-input', `partition '${name}' has other fields than the table's; ${by}`)
  }
  throw new MoraineError(
    'not-found',
    `partition '${name}' is of partition spec ${earlier.specId}, an earlier one, and has no files left; ${by}`,
  )
}

/** What stands before each `=`; `undefined` for what is no partition's name. */
function fieldsOf(name: string): readonly string[] | undefined {
  const parts = name.split('/').map((part) => /^([^=]+)=[^=]*$/.exec(part)?.[1])
  return parts.every((part) => part !== undefined) ? parts : undefined
}

function shapeOf(spec: PartitionSpec): string {
  const fields = partitionFieldNames(spec)
  return fields.length === 0 ? "'' (not partitioned)" : fields.map((field) => `${field}=VALUE`).join('/')
}

const SHOWN_MAX = 5

function presentText(present: ReadonlySet<string>): string {
  if (present.size === 0) return 'the table has no files'
  const shown = [...present].sort().reverse().slice(0, SHOWN_MAX)
  const rest = present.size - shown.length
  return `there are files in ${shown.map((name) => `'${name}'`).join(', ')}${rest === 0 ? '' : ` and ${rest} more`}`
}
