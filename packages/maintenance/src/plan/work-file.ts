import type { SizeClass, Wish } from './classify-file.ts'
import type { DeleteState } from './delete-state.ts'
import type { EvaluatedPartition, EvaluatedTable } from './evaluate-table.ts'
import { deletesInOrder, type FileId, type FileIndex, fileId } from './file-index.ts'
import type { DataInput } from './rewrite-plan.ts'

/** What a plan says of a data file, but for its deletes: read from the file's manifest entry. */
export type FileDescription = Omit<DataInput, 'deletes'>

/** A file that a plan may take. */
export type WorkFile = {
  readonly id: FileId
  readonly description: FileDescription
  readonly sizeClass: SizeClass
  readonly wish: Wish
  readonly deletes: DeleteState
}

/** A {@link WorkFile} that is not described yet, with its partition's ordinal. */
export type FoundFile = Omit<WorkFile, 'description'> & { readonly partition: number }

/** The files of some partitions that optimizing would touch and can work on, in the order of their ids. */
export function findWork(
  index: FileIndex,
  { classifier, judgements }: EvaluatedTable,
  partitions: Iterable<EvaluatedPartition>,
): readonly FoundFile[] {
  const isAsked = new Uint8Array(index.partitions.size)
  for (const { partition } of partitions) isAsked[partition.ordinal] = 1
  const found: FoundFile[] = []
  for (const [segment, { files, deletes: segmentDeletes }] of index.segments.entries()) {
    const stateOf = deletesInOrder(segmentDeletes)
    for (let row = 0; row < files.length; row += 1) {
      const partition = files.partitions[row] ?? 0
      if (isAsked[partition] !== 1) continue
      const deletes = stateOf(row)
      const sizeClass = classifier.sizeClassOf(files.fileSizesBytes[row] ?? 0)
      const wish = classifier.wishOf(files, row, deletes, sizeClass, judgements[partition] ?? 'triggered')
      if (wish === 'keep' || classifier.unreadable(files, row, deletes) !== undefined) continue
      found.push({ id: fileId(segment, row), partition, sizeClass, wish, deletes })
    }
  }
  return found
}
