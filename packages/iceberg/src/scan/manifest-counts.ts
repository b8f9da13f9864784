import { MoraineError } from '@moraine/stdx/error'
import type { ManifestEntry } from '../manifest/manifest-entry.ts'
import type { ManifestFile } from '../manifest/manifest-file.ts'

/** Counts a manifest's entries by status, to be compared with what the manifest list says of it. */
export class ManifestCounts {
  readonly #files = { added: 0, existing: 0, deleted: 0 }
  readonly #rows = { added: 0, existing: 0, deleted: 0 }
  readonly #file: ManifestFile
  readonly #stated: Stated

  constructor(file: ManifestFile) {
    this.#file = file
    this.#stated = {
      added: [file.addedFilesCount, file.addedRowsCount],
      existing: [file.existingFilesCount, file.existingRowsCount],
      deleted: [file.deletedFilesCount, file.deletedRowsCount],
    }
  }

  /** @throws {MoraineError} `corrupt` as soon as there are more than are stated: a small file may hold more than memory does */
  add(status: ManifestEntry['status'], recordCount: number): void {
    this.#files[status] += 1
    this.#rows[status] += recordCount
    const [stated = Number.POSITIVE_INFINITY] = this.#stated[status]
    if (this.#files[status] > stated) this.#fail(`more than ${stated} ${status} files`, status)
  }

  /** @throws {MoraineError} `corrupt` if a count that the manifest list states differs. */
  check(): void {
    for (const status of ['added', 'existing', 'deleted'] as const) {
      const [files, rows] = [this.#files[status], this.#rows[status]]
      const [statedFiles, statedRows] = this.#stated[status]
      if ((statedFiles ?? files) !== files || (statedRows ?? rows) !== rows) {
        this.#fail(`${files} ${status} files with ${rows} rows`, status)
      }
    }
  }

  #fail(held: string, status: ManifestEntry['status']): never {
    const [files, rows] = this.#stated[status]
    throw new MoraineError(
      'corrupt',
      `manifest ${this.#file.manifestPath} holds ${held}, its manifest list says ${files} with ${rows}`,
    )
  }
}

/** What the manifest list says of each: files, and rows; old writers say nothing. */
type Stated = Readonly<Record<ManifestEntry['status'], readonly [files: number | undefined, rows: number | undefined]>>
