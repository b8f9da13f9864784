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

export type TallyCell = { files: number; bytes: number; records: number }

/** Adds up {@link PartitionFigures}, file by file. */
export class PartitionTally {
  readonly files = cell()
  readonly touched = cell()
  readonly fragments = cell()
  readonly rewriteSegments = cell()
  readonly undersized = cell()
  readonly convert = cell()
  readonly sizeClasses = { fragments: 0, undersized: 0, targetSize: 0 }
  readonly reachingEquality = new Set<ManifestEntry>()
  readonly convertedEquality = new Set<ManifestEntry>()
  combinePositions = 0
  unreadable: { files: number; readonly first: Unreadable } | undefined
  readonly #deletes = new Set<ManifestEntry>()
  #smallest = Number.POSITIVE_INFINITY
  #second = Number.POSITIVE_INFINITY

  add(bytes: number, records: number, sizeClass: SizeClass, wish: Wish): void {
    count(this.files, bytes, records)
    if (sizeClass === 'fragment') {
      this.sizeClasses.fragments += 1
      count(this.fragments, bytes, records)
    } else {
      if (sizeClass === 'undersized') this.sizeClasses.undersized += 1
      else this.sizeClasses.targetSize += 1
      if (wish === 'rewrite') count(this.rewriteSegments, bytes, records)
    }
    if (wish === 'keep') return
    count(this.touched, bytes, records)
    if (wish === 'merge') {
      count(this.undersized, bytes, records)
      if (bytes < this.#smallest) [this.#smallest, this.#second] = [bytes, this.#smallest]
      else if (bytes < this.#second) this.#second = bytes
    } else if (wish === 'convert') {
      count(this.convert, bytes, records)
    }
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
