import { DeleteList, dataInput } from './group-inputs.ts'
import type { RewriteGroup } from './rewrite-plan.ts'
import type { TableFiles } from './table-files.ts'

/** Every partition as one group with all its files and deletes: not to be rewritten, but to be read. */
export function scanGroups(files: TableFiles, targetSizeBytes: number): readonly RewriteGroup[] {
  return files.partitions.map(({ specId, partition, partitionPath, files: tasks }, at) => {
    const deletes = new DeleteList()
    return {
      groupId: at + 1,
      specId,
      partition,
      partitionPath,
      method: { kind: 'rewrite', reason: 'all rows are read' },
      inputs: tasks.map((task) => dataInput(task.data, deletes.ordinalsOf(task.deletes))),
      deletes: deletes.inputs,
      targetSizeBytes,
    }
  })
}
