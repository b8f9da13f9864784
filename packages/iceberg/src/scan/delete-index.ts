import { assert } from '@moraine/stdx/assert'
import { type ContentFile, contentFileKey, isDeletionVector } from '../manifest/content-file.ts'
import type { ManifestEntry } from '../manifest/manifest-entry.ts'
import { partitionKey } from '../partition/partition-path.ts'
import { isUnpartitioned, type PartitionSpec } from '../partition/partition-spec.ts'
import { type EqualityBounds, mayDeleteRowsOf } from './equality-overlap.ts'
import { positionDeleteTarget } from './position-delete-target.ts'

/** A data file together with every delete that applies to it. */
export type ScanTask = {
  readonly data: ManifestEntry
  readonly deletes: readonly ManifestEntry[]
}

/**
 * Answers which deletes apply to a data file (table spec, "Scan Planning"):
 *
 * - a deletion vector or path-bound position delete file: by path, if data sequence number <= the delete's;
 * - any other position delete file: same spec and partition, data sequence number <= the delete's, path within bounds;
 * - an equality delete file: data sequence number < the delete's, and same spec and partition, or an unpartitioned
 *   spec, in which case it applies to every partition of every spec.
 *
 * Where a deletion vector applies, position delete files do not: the vector holds their positions.
 */
export class DeleteIndex {
  readonly #byPath = new Map<string, ManifestEntry[]>()
  readonly #positionByPartition = new Map<string, ManifestEntry[]>()
  readonly #equalityByPartition = new Map<string, ManifestEntry[]>()
  readonly #globalEquality: ManifestEntry[] = []
  readonly #bounds: EqualityBounds
  readonly isEmpty: boolean

  constructor(deletes: Iterable<ManifestEntry>, specs: ReadonlyMap<number, PartitionSpec>, bounds: EqualityBounds) {
    this.#bounds = bounds
    let count = 0
    for (const entry of deletes) {
      count += 1
      this.#add(entry, specs)
    }
    this.isEmpty = count === 0
    this.#globalEquality.sort(bySequence)
    for (const lists of [this.#equalityByPartition, this.#positionByPartition, this.#byPath]) {
      for (const entries of lists.values()) if (entries.length > 1) entries.sort(bySequence)
    }
  }

  #add(entry: ManifestEntry, specs: ReadonlyMap<number, PartitionSpec>): void {
    const file = entry.file
    assert(file.content !== 'data', `${file.filePath} is a data file in a delete manifest`)
    if (file.content === 'equality-deletes') {
      const spec = specs.get(file.specId)
      if (spec !== undefined && isUnpartitioned(spec)) this.#globalEquality.push(entry)
      else push(this.#equalityByPartition, partitionKey(file.specId, file.partition), entry)
      return
    }
    const target = positionDeleteTarget(file)
    if (target.kind === 'one-file') push(this.#byPath, target.path, entry)
    else push(this.#positionByPartition, partitionKey(file.specId, file.partition), entry)
  }

  /** The deletes that apply to a live data file, in order of their sequence numbers within each kind, then by path. */
  deletesFor(data: ManifestEntry): readonly ManifestEntry[] {
    if (this.isEmpty) return NONE
    const sequence = data.dataSequenceNumber
    const found = this.#equalityFor(data)
    const byPath = this.#byPath.get(data.file.filePath)
    if (byPath !== undefined) {
      const applicable = byPath.filter((entry) => entry.dataSequenceNumber >= sequence)
      const vectors = applicable.filter((entry) => isDeletionVector(entry.file))
      if (vectors.length > 0) return [...found, ...vectors]
      found.push(...applicable)
    }
    const shared = this.#positionByPartition.get(partitionKey(data.file.specId, data.file.partition))
    for (const entry of shared ?? NONE) {
      if (entry.dataSequenceNumber >= sequence && mayHoldPath(entry.file, data.file.filePath)) found.push(entry)
    }
    return found
  }

  #equalityFor(data: ManifestEntry): ManifestEntry[] {
    const found: ManifestEntry[] = []
    const own = this.#equalityByPartition.get(partitionKey(data.file.specId, data.file.partition))
    for (const candidates of [this.#globalEquality, own ?? NONE]) {
      for (const entry of candidates) {
        if (
          entry.dataSequenceNumber > data.dataSequenceNumber &&
          mayDeleteRowsOf(entry.file, data.file, this.#bounds)
        ) {
          found.push(entry)
        }
      }
    }
    return found
  }
}

const NONE: readonly ManifestEntry[] = []

// Whatever the order of the manifests, which says nothing.
function bySequence(a: ManifestEntry, b: ManifestEntry): number {
  const order = a.dataSequenceNumber - b.dataSequenceNumber
  if (order !== 0) return order
  return contentFileKey(a.file) < contentFileKey(b.file) ? -1 : 1
}

function push(map: Map<string, ManifestEntry[]>, key: string, entry: ManifestEntry): void {
  const entries = map.get(key)
  if (entries === undefined) map.set(key, [entry])
  else entries.push(entry)
}

function mayHoldPath(deleteFile: ContentFile, path: string): boolean {
  const target = positionDeleteTarget(deleteFile)
  if (target.kind === 'one-file') return target.path === path
  const bytes = Buffer.from(path)
  return (
    (target.lower === undefined || Buffer.compare(target.lower, bytes) <= 0) &&
    (target.upper === undefined || Buffer.compare(target.upper, bytes) >= 0)
  )
}
