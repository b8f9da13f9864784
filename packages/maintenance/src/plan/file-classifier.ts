import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { FileSegment } from '@moraine/iceberg/scan/file-segment'
import { apportionedDeletes } from './apportioned-deletes.ts'
import {
  type ClassifyRules,
  classifyRules,
  type Judgement,
  type SizeClass,
  sizeClassOf,
  type Wish,
  wishInFullMode,
  wishOf,
} from './classify-file.ts'
import { CLEAN, type DeleteState } from './delete-state.ts'
import type { FileIndex } from './file-index.ts'
import type { OptimizingPolicy } from './optimizing-policy.ts'
import { type Unreadable, unreadableFile, unwritableColumn } from './unreadable-file.ts'

/** Judges files of one index under one policy. */
export type FileClassifier = {
  sizeClassOf(sizeBytes: number): SizeClass
  wishOf(files: FileSegment, row: number, deletes: DeleteState, sizeClass: SizeClass, judgement: Judgement): Wish
  /** Why the file is left alone whatever is wished; `undefined` if it can be worked on. */
  unreadable(files: FileSegment, row: number, deletes: DeleteState): Unreadable | undefined
}

export function fileClassifier(
  index: FileIndex,
  metadata: Pick<TableMetadata, 'schemas' | 'currentSchemaId' | 'defaultSortOrderId'>,
  policy: OptimizingPolicy,
): FileClassifier {
  const rules = classifyRules(policy, metadata.defaultSortOrderId)
  const deletedRows = apportionedDeletes(index)
  const schema = metadata.schemas.find((each) => each.schemaId === metadata.currentSchemaId)
  const foreign = new Map(index.segments.map((segment) => [segment.files, segment.foreign]))
  // Of the table's columns: then no file of it is worked on.
  const unwritable = schema && unwritableColumn(schema)
  return {
    sizeClassOf: (sizeBytes) => sizeClassOf(sizeBytes, rules),
    wishOf(files, row, deletes, sizeClass, judgement) {
      if (judgement !== 'triggered')
        return wishInFullMode(sizeClass, deletes, files.sortOrderIds[row] ?? -1, judgement, rules)
      return wishOf(
        sizeClass,
        deletes,
        deletes !== CLEAN && isMuchDeleted(files.recordCounts[row] ?? 0, deletes, rules),
      )
    },
    unreadable: (files, row, deletes) =>
      unwritable ??
      unreadableFile(files.formats[row] ?? 0, deletes, { first: foreign.get(files), deletes: index.foreignDeletes }),
  }

  function isMuchDeleted(recordCount: number, deletes: DeleteState, { duplicateRatio }: ClassifyRules): boolean {
    return deletedRows(deletes, recordCount) > recordCount * duplicateRatio
  }
}
