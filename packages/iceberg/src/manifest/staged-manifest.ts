import { MoraineError } from '@moraine/stdx/error'
import type { ManifestFile } from './manifest-file.ts'

/**
 * A manifest that is written but not yet in a snapshot. The commit gives it its sequence number and, in v3, its first
 * row id; a retry of the commit gives it others without writing it again.
 */
export type StagedManifest = Required<Pick<ManifestFile, CountName>> &
  Omit<ManifestFile, CountName | 'sequenceNumber' | 'minSequenceNumber' | 'firstRowId'> & {
    /** The least data sequence number that live entries state; absent if all of them inherit theirs. */
    readonly minSequenceNumber?: number
  }

type CountName =
  | 'addedFilesCount'
  | 'existingFilesCount'
  | 'deletedFilesCount'
  | 'addedRowsCount'
  | 'existingRowsCount'
  | 'deletedRowsCount'

/** The staged manifest's line in the manifest list of the commit with this sequence number (0 in v1). */
export function assignSequenceNumber(staged: StagedManifest, sequenceNumber: number): ManifestFile {
  return { ...staged, sequenceNumber, minSequenceNumber: staged.minSequenceNumber ?? sequenceNumber }
}

/**
 * Gives row ids, from `nextRowId` on, to the data manifests that have none (table spec, "First Row ID Assignment"): each
 * takes as many as it has added and existing rows, since existing files of an upgraded table may lack theirs too.
 */
export function assignFirstRowIds(
  manifests: readonly ManifestFile[],
  nextRowId: bigint,
): { readonly manifests: readonly ManifestFile[]; readonly nextRowId: bigint } {
  let next = nextRowId
  const assigned = manifests.map((manifest) => {
    if (manifest.content !== 'data' || manifest.firstRowId !== undefined) return manifest
    const { addedRowsCount, existingRowsCount } = manifest
    if (addedRowsCount === undefined || existingRowsCount === undefined) {
      throw new MoraineError(
        'unsupported',
        `${manifest.manifestPath} has no row counts, so no row ids can be assigned to it; rewrite the table's manifests`,
      )
    }
    const firstRowId = next
    next += BigInt(addedRowsCount) + BigInt(existingRowsCount)
    return { ...manifest, firstRowId }
  })
  return { manifests: assigned, nextRowId: next }
}
