import type { FileIO } from '@moraine/storage/file-io'
import { deletesInOrder, type FileId, fileId } from '../plan/file-index.ts'
import { DeleteList } from '../plan/group-inputs.ts'
import type { DataInput, RewriteGroup } from '../plan/rewrite-plan.ts'
import { describeFiles } from './read-rows.ts'
import type { IndexedTable } from './read-table.ts'

/** Every partition as one group with all its files and deletes: not to be rewritten, but to be read. */
export async function scanGroups(
  io: FileIO,
  { metadata, index, policy, noted }: IndexedTable,
  signal?: AbortSignal,
): Promise<readonly RewriteGroup[]> {
  const ids: FileId[] = []
  for (const [segment, { files }] of index.segments.entries()) {
    for (let row = 0; row < files.length; row += 1) ids.push(fileId(segment, row))
  }
  const descriptions = await describeFiles(io, metadata, index, ids, noted, signal)
  const groups = new Map<number, { readonly deletes: DeleteList; readonly inputs: DataInput[] }>()
  let next = 0
  for (const { files, deletes: segmentDeletes } of index.segments) {
    const stateOf = deletesInOrder(segmentDeletes)
    for (let row = 0; row < files.length; row += 1, next += 1) {
      const ordinal = files.partitions[row] ?? 0
      const group = groups.get(ordinal) ?? { deletes: new DeleteList(), inputs: [] }
      groups.set(ordinal, group)
      const description = descriptions[next]
      if (description !== undefined) {
        group.inputs.push({ ...description, deletes: group.deletes.ordinalsOf(stateOf(row).applied) })
      }
    }
  }
  return [...groups].map(([ordinal, { deletes, inputs }], at) => {
    const { specId, partition, partitionPath } = index.partitions.at(ordinal)
    return {
      groupId: at + 1,
      specId,
      partition,
      partitionPath,
      method: { kind: 'rewrite', reason: 'all rows are read' },
      inputs,
      deletes: deletes.inputs,
      targetSizeBytes: policy.targetSizeBytes,
    }
  })
}
