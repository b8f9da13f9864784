import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import { assert } from '@moraine/stdx/assert'
import type { DeleteInput } from './rewrite-plan.ts'

/** The deletes of a group, each listed once; data files refer to them by position. */
export class DeleteList {
  readonly inputs: DeleteInput[] = []
  readonly #ordinals = new Map<ManifestEntry, number>()

  ordinalsOf(entries: readonly ManifestEntry[]): readonly number[] {
    return entries.map((entry) => this.#ordinalOf(entry))
  }

  #ordinalOf(entry: ManifestEntry): number {
    const known = this.#ordinals.get(entry)
    if (known !== undefined) return known
    this.#ordinals.set(entry, this.inputs.length)
    return this.inputs.push(deleteInput(entry)) - 1
  }
}

export function deleteInput({ file, dataSequenceNumber }: ManifestEntry): DeleteInput {
  assert(file.content !== 'data', `${file.filePath} is not a delete file`)
  return {
    content: file.content,
    filePath: file.filePath,
    fileFormat: file.fileFormat,
    specId: file.specId,
    partition: file.partition,
    recordCount: file.recordCount,
    fileSizeBytes: file.fileSizeBytes,
    dataSequenceNumber,
    ...(file.equalityIds !== undefined && { equalityIds: file.equalityIds }),
    ...(file.referencedDataFile !== undefined && { referencedDataFile: file.referencedDataFile }),
    ...(file.contentOffset !== undefined && { contentOffset: file.contentOffset }),
    ...(file.contentSizeBytes !== undefined && { contentSizeBytes: file.contentSizeBytes }),
  }
}
