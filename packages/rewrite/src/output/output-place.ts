import { partitionPath } from '@moraine/iceberg/partition/partition-path'
import { partitionFieldTypes } from '@moraine/iceberg/partition/partition-type'
import type { OutputDataFile } from '@moraine/maintenance/plan/rewrite-result'
import { must } from '@moraine/stdx/assert'
import type { MovedRows } from '../partition/moved-rows.ts'
import type { RewriteWork } from '../rewrite-work.ts'
import type { PreparedOutput } from './prepared-output.ts'

/** Where an output with moved rows belongs. */
export type OutputPlace = {
  readonly movedTo: NonNullable<OutputDataFile['movedTo']>
  /** Below the task's output directory, with a trailing slash; empty if unpartitioned. */
  readonly subdirectory: string
}

/** The places of the outputs, in the same order. */
export function outputPlaces(
  outputs: readonly PreparedOutput[],
  { spec, partitions }: MovedRows,
  { task }: RewriteWork,
): readonly OutputPlace[] {
  const types = partitionFieldTypes(spec, task.table.schema)
  return outputs.map((output) => {
    const partition = must(partitions[output.partition], 'a partition of the output')
    const path = partitionPath(spec, types, partition)
    return { movedTo: { specId: spec.specId, partition }, subdirectory: path === '' ? '' : `${path}/` }
  })
}
