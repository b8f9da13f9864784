import { MoraineError } from '@moraine/stdx/error'
import type { ManifestEntry } from '../manifest/manifest-entry.ts'
import type { ManifestFile } from '../manifest/manifest-file.ts'

/** Counts a manifest's entries by status, to be compared with what the manifest list says of it. */
export class ManifestCounts {
  readonly #files = { added: 0, existing: 0, deleted: 0 }
  readonly #rows = { added: 0, existing: 0, deleted: 0 }

  add(status: ManifestEntry['status'], recordCount: number): void {
    this.#files[status] += 1
    this.#rows[status] += recordCount
  }

  /** @throws {MoraineError} `corrupt` if a count that the manifest list states differs. */
  check(file: ManifestFile): void {
    const stated = {
      added: [file.addedFilesCount, file.addedRowsCount],
      existing: [file.existingFilesCount, file.existingRowsCount],
      deleted: [file.deletedFilesCount, file.deletedRowsCount],
    } as const
    for (const status of ['added', 'existing', 'deleted'] as const) {
      const [files, rows] = [this.#files[status], this.#rows[status]]
      const [statedFiles, statedRows] = stated[status]
      if ((statedFiles ?? files) !== files || (statedRows ?? rows) !== rows) {
        throw new MoraineError(
          'corrupt',
          `manifest ${file.manifestPath} holds ${files} ${status} files with ${rows} rows, its manifest list says ${statedFiles} with ${statedRows}`,
        )
      }
    }
  }
}
