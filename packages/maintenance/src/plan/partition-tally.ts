import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import { needsConversion, type SizeClass, type Wish } from './classify-file.ts'
import { CLEAN, type DeleteState } from './delete-state.ts'
import type { Unreadable } from './unreadable-file.ts'

export type Tally = { readonly files: number; readonly bytes: number; readonly records: number }

/** A partition's state in figures. */
export type PartitionFigures = {
  /** All its files. */
  readonly files: Tally
  readonly sizeClasses: { readonly fragments: number; readonly undersized: number; readonly targetSize: number }
  /** Files that optimizing would touch, if a trigger held. */
  readonly touched: Tally
  readonly fragments: Tally
  /** Undersized files and files of target size that are rewritten for their deletes. */
  readonly rewriteSegments: Tally
  /** Undersized files worth merging with one another. */
  readonly undersized: Tally
  readonly convert: Tally
  /** Files of target size with more than one position delete file. */
  readonly combinePositions: number
  /** Sum of the two smallest undersized files; `Infinity` if there are fewer. */
  readonly smallestPairBytes: number
  /** Delete files that apply to touched files, each once. */
  readonly equalityDeletes: Tally
  readonly positionDeletes: Tally
  /** Touched files that cannot be worked on, and why the first of them cannot. */
  readonly unreadable: { readonly files: number; readonly first: Unreadable } | undefined
  /** Equality deletes that reach the partition, and of those the ones that are to be converted in it. */
  readonly reachingEquality: ReadonlySet<ManifestEntry>
  readonly convertedEquality: ReadonlySet<ManifestEntry>
}

type TallyCell = { files: number; bytes: number; records: number }

/**
 * Adds up {@link PartitionFigures}, file by file. A file is counted in one place, by what optimizing wants of it: with a
 * million files every addition is noticed.
 */
export class PartitionTally {
  readonly fragments = cell()
  readonly rewriteSegments = cell()
  readonly undersized = cell()
  readonly convert = cell()
  readonly reachingEquality = new Set<ManifestEntry>()
  readonly convertedEquality = new Set<ManifestEntry>()
  combinePositions = 0
  unreadable: { files: number; readonly first: Unreadable } | undefined
  readonly #kept = cell()
  #undersizedFiles = 0
  readonly #deletes = new Set<ManifestEntry>()
  #smallest = Number.POSITIVE_INFINITY
  #second = Number.POSITIVE_INFINITY

  add(bytes: number, records: number, sizeClass: SizeClass, wish: Wish): void {
    count(this.#cellOf(sizeClass, wish), bytes, records)
    if (sizeClass === 'undersized') this.#undersizedFiles += 1
    if (wish !== 'merge' || bytes >= this.#second) return
    this.#second = Math.max(bytes, this.#smallest)
    this.#smallest = Math.min(bytes, this.#smallest)
  }

  // Fragments are always rewritten.
  #cellOf(sizeClass: SizeClass, wish: Wish): TallyCell {
    if (wish === 'merge') return this.undersized
    if (wish === 'rewrite') return sizeClass === 'fragment' ? this.fragments : this.rewriteSegments
    return wish === 'convert' ? this.convert : this.#kept
  }

  /** The deletes of a file, after the file itself. */
  addDeletes(deletes: DeleteState, wish: Wish): void {
    if (deletes === CLEAN) return
    const isToBeConverted = (wish === 'convert' || wish === 'merge') && needsConversion(deletes)
    for (const entry of deletes.equality) {
      this.reachingEquality.add(entry)
      // A file that is merged may end up alone, and is then converted.
      if (isToBeConverted) this.convertedEquality.add(entry)
    }
    if (wish === 'convert' && deletes.positions.length > 1) this.combinePositions += 1
    if (wish !== 'keep') for (const entry of deletes.effective) this.#deletes.add(entry)
  }

  addUnreadable(reason: Unreadable): void {
    if (this.unreadable === undefined) this.unreadable = { files: 1, first: reason }
    else this.unreadable.files += 1
  }

  get touched(): Tally {
    return sum([this.fragments, this.rewriteSegments, this.undersized, this.convert])
  }

  get files(): Tally {
    return sum([this.touched, this.#kept])
  }

  get sizeClasses(): PartitionFigures['sizeClasses'] {
    const [fragments, undersized] = [this.fragments.files, this.#undersizedFiles]
    return { fragments, undersized, targetSize: this.files.files - fragments - undersized }
  }

  get smallestPairBytes(): number {
    return this.#smallest + this.#second
  }

  get equalityDeletes(): Tally {
    return this.#tallyDeletes('equality-deletes')
  }

  get positionDeletes(): Tally {
    return this.#tallyDeletes('position-deletes')
  }

  #tallyDeletes(content: string): Tally {
    const total = cell()
    for (const { file } of this.#deletes) {
      if (file.content === content) count(total, file.contentSizeBytes ?? file.fileSizeBytes, file.recordCount)
    }
    return total
  }
}

function cell(): TallyCell {
  return { files: 0, bytes: 0, records: 0 }
}

function count(tally: TallyCell, bytes: number, records: number): void {
  tally.files += 1
  tally.bytes += bytes
  tally.records += records
}

function sum(tallies: readonly Tally[]): Tally {
  const total = cell()
  for (const { files, bytes, records } of tallies) {
    total.files += files
    total.bytes += bytes
    total.records += records
  }
  return total
}
