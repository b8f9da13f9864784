import type { WorkFile } from './work-file.ts'

/** Data and delete files that could not be read lately, by location, and what was said of each. */
export type UnreadableFiles = ReadonlyMap<string, string>

/** What a partition leaves out: how many data files, one file that cannot be read, and why. */
export type Excluded = { readonly files: number; readonly path: string; readonly reason: string }

/** Leaves out of a plan what cannot be read, and data files to which a delete file applies that cannot. */
export class ExcludedFiles {
  readonly #unreadable: UnreadableFiles
  readonly #byPartition = new Map<number, Excluded>()

  constructor(unreadable: UnreadableFiles) {
    this.#unreadable = unreadable
  }

  /** Whether the file is to be left out; it is noted for its partition. */
  excludes(partition: number, { description, deletes }: Pick<WorkFile, 'description' | 'deletes'>): boolean {
    const paths = [description.filePath, ...deletes.effective.map(({ file }) => file.filePath)]
    for (const path of paths) {
      const reason = this.#unreadable.get(path)
      if (reason === undefined) continue
      const first = this.#byPartition.get(partition) ?? { files: 0, path, reason }
      this.#byPartition.set(partition, { ...first, files: first.files + 1 })
      return true
    }
    return false
  }

  /** By the ordinal of the partition. */
  of(partition: number): Excluded | undefined {
    return this.#byPartition.get(partition)
  }
}
