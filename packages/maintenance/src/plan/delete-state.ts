import { type ContentFile, isDeletionVector } from '@moraine/iceberg/manifest/content-file'
import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import { fileNameOf } from './file-name.ts'

// The last such part: the data file's own name comes first, and may hold anything.
const COVERED_SEQUENCE = /^.*-delete-s(\d+)-[^/]*$/s

/**
 * The name of a delete file made from all deletes of a data file that were known up to a sequence number. The number is
 * part of the name because nothing else in the metadata can say which earlier deletes the file already holds.
 */
export function coveringDeleteName(
  dataFilePath: string,
  coveredSequence: number,
  uuid: string,
  extension: string,
): string {
  return `${fileStem(dataFilePath)}-delete-s${coveredSequence}-${uuid}.${extension}`
}

/**
 * Up to which sequence number a delete file holds every delete of its data file; `undefined` for foreign ones. It is made
 * of what was known before it was committed, so a name that claims more is not one of ours.
 */
export function coveredSequence({ file, dataSequenceNumber }: ManifestEntry): number | undefined {
  const match = COVERED_SEQUENCE.exec(file.filePath)
  const sequence = match?.[1] === undefined ? Number.NaN : Number(match[1])
  return sequence < dataSequenceNumber ? sequence : undefined
}

/** The deletes of one data file, sorted out for planning. */
export type DeleteState = {
  /** Every delete that applies, whether or not another already holds its effect. */
  readonly applied: readonly ManifestEntry[]
  /** Equality deletes whose effect no position delete of this file holds yet. */
  readonly equality: readonly ManifestEntry[]
  readonly positions: readonly ManifestEntry[]
  /** Whether the position deletes are in the form optimizing would leave: one vector, or one file of this data file's own. */
  readonly isCompact: boolean
  /** Every delete that readers must still apply: {@link equality} and {@link positions}. */
  readonly effective: readonly ManifestEntry[]
}

export function deleteStateOf(applied: readonly ManifestEntry[], dataFilePath: string): DeleteState {
  if (applied.length === 0) return CLEAN
  const positions = applied.filter((entry) => entry.file.content === 'position-deletes')
  const covered = Math.max(-1, ...positions.map((entry) => coveredSequence(entry) ?? -1))
  const equality = applied.filter(
    (entry) => entry.file.content === 'equality-deletes' && entry.dataSequenceNumber > covered,
  )
  const [first] = positions
  const isCompact = first === undefined || (positions.length === 1 && isOwnDelete(first.file, dataFilePath))
  return { applied, equality, positions, isCompact, effective: [...equality, ...positions] }
}

/** Of a file without deletes. */
export const CLEAN: DeleteState = { applied: [], equality: [], positions: [], isCompact: true, effective: [] }

// Amoro's optimizer, too, names such a file after its data file: `{name}-delete-{uuid}.parquet`.
function isOwnDelete(deleteFile: ContentFile, dataFilePath: string): boolean {
  return isDeletionVector(deleteFile) || fileNameOf(deleteFile.filePath).startsWith(`${fileStem(dataFilePath)}-delete`)
}

function fileStem(path: string): string {
  const name = fileNameOf(path)
  const dot = name.lastIndexOf('.')
  return dot > 0 ? name.slice(0, dot) : name
}
