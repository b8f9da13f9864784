import type { EntryCursor } from '@moraine/iceberg/manifest/entry-cursor'
import type { FileSegment } from '@moraine/iceberg/scan/file-segment'
import type { FileDescription } from '../plan/work-file.ts'

type NotedRows = Map<number, FileDescription>

/**
 * What plans say of files, noted while their manifests are indexed, so that the plan that follows at once need not read
 * them again. Only small files and those with deletes are noted, the ones that plans take, and only so many.
 */
export class NotedFiles {
  readonly #smallBytes: number
  readonly #bySegment = new Map<FileSegment, NotedRows>()
  #left = NOTED_MAX

  /** @param smallBytes size up to which a plan may take a file without deletes */
  constructor(smallBytes: number) {
    this.#smallBytes = smallBytes
  }

  /** Of tables that are far too large to be noted nothing is: the little that is saved does not pay for the memory. */
  expect(files: number): void {
    if (files > FILES_EXPECTED_MAX) this.#left = 0
  }

  /** Notes what a plan may ask for of the file that the cursor stands on. */
  note(rows: NotedRows, row: number, cursor: EntryCursor, hasDeletes: boolean): void {
    if (this.#left === 0 || !(hasDeletes || cursor.fileSizeBytes <= this.#smallBytes)) return
    this.#left -= 1
    rows.set(row, descriptionAt(cursor))
  }

  keep(segment: FileSegment, rows: NotedRows): void {
    if (rows.size > 0) this.#bySegment.set(segment, rows)
  }

  find(segment: FileSegment, row: number): FileDescription | undefined {
    return this.#bySegment.get(segment)?.get(row)
  }
}

// Some 300 bytes each.
const NOTED_MAX = 100_000
const FILES_EXPECTED_MAX = 4 * NOTED_MAX

/** What plans say of the file that a cursor stands on. */
export function descriptionAt(cursor: EntryCursor): FileDescription {
  const splitOffsets = cursor.splitOffsets()
  return {
    filePath: cursor.filePath(),
    fileFormat: cursor.fileFormat,
    recordCount: cursor.recordCount,
    fileSizeBytes: cursor.fileSizeBytes,
    dataSequenceNumber: cursor.dataSequenceNumber,
    ...(cursor.sortOrderId !== undefined && { sortOrderId: cursor.sortOrderId }),
    ...(splitOffsets !== undefined && { splitOffsets }),
    ...(cursor.firstRowId !== undefined && { firstRowId: cursor.firstRowId }),
  }
}
