import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import { pathHashOf } from '@moraine/iceberg/manifest/path-hash'
import { partitionKey } from '@moraine/iceberg/partition/partition-path'
import { isUnpartitioned, type PartitionSpec } from '@moraine/iceberg/partition/partition-spec'
import type { FileSegment } from '@moraine/iceberg/scan/file-segment'
import type { PartitionDictionary } from '@moraine/iceberg/scan/partition-dictionary'
import { positionDeleteTarget } from '@moraine/iceberg/scan/position-delete-target'

/**
 * Tells by the columns of an index which data files some deletes may apply to: all that they do apply to, and few others.
 * Whether they do is for the `DeleteIndex` to say, which needs paths and metrics. A file is reached if it is old enough for
 *
 * - an equality delete of an unpartitioned spec, or of its partition,
 * - a position delete of its partition that does not name its one data file,
 * - a position delete or vector whose data file's path has the hash of its own path.
 */
export class DeleteReach {
  // Of all deletes of a kind, the greatest sequence number that they still reach; -1 if there are none.
  #global = -1
  readonly #byPartition = new Map<string, number>()
  readonly #byHash = new Map<number, number>()
  // Most files have no delete: a bit for the low half of each hash spares them the map.
  readonly #hashBits = new Uint8Array(1 << 13)

  constructor(deletes: Iterable<ManifestEntry>, specs: ReadonlyMap<number, PartitionSpec>) {
    for (const entry of deletes) this.#add(entry, specs)
  }

  #add({ file, dataSequenceNumber }: ManifestEntry, specs: ReadonlyMap<number, PartitionSpec>): void {
    const key = () => partitionKey(file.specId, file.partition)
    if (file.content === 'equality-deletes') {
      const spec = specs.get(file.specId)
      if (spec !== undefined && isUnpartitioned(spec)) this.#global = Math.max(this.#global, dataSequenceNumber - 1)
      else raise(this.#byPartition, key(), dataSequenceNumber - 1)
      return
    }
    const target = positionDeleteTarget(file)
    if (target.kind === 'partition') {
      raise(this.#byPartition, key(), dataSequenceNumber)
      return
    }
    const hash = pathHashOf(target.path)
    raise(this.#byHash, hash, dataSequenceNumber)
    const bit = hash & 0xffff
    this.#hashBits[bit >> 3] = (this.#hashBits[bit >> 3] ?? 0) | (1 << (bit & 7))
  }

  /** Up to which sequence number the files of each partition are reached, whatever their paths; by ordinal. */
  byOrdinal(partitions: PartitionDictionary): (ordinal: number) => number {
    const found: number[] = []
    return (ordinal) => {
      found[ordinal] ??= Math.max(this.#global, this.#byPartition.get(partitions.at(ordinal).key) ?? -1)
      return found[ordinal]
    }
  }

  /** Up to which sequence number a file of this path hash is reached by deletes that name it; -1 if there are none. */
  byPathHash(hash: number): number {
    const bit = hash & 0xffff
    if (((this.#hashBits[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0) return -1
    return this.#byHash.get(hash) ?? -1
  }
}

/** The rows of a segment that the deletes may apply to, ascending. */
export function reachedRows(
  files: FileSegment,
  reach: DeleteReach,
  partitions: PartitionDictionary,
): readonly number[] {
  const reachOf = reach.byOrdinal(partitions)
  const rows: number[] = []
  for (let row = 0; row < files.length; row += 1) {
    const sequence = files.dataSequenceNumbers[row] ?? 0
    if (sequence <= reachOf(files.partitions[row] ?? 0) || sequence <= reach.byPathHash(files.pathHashes[row] ?? 0)) {
      rows.push(row)
    }
  }
  return rows
}

function raise<K>(map: Map<K, number>, key: K, value: number): void {
  map.set(key, Math.max(map.get(key) ?? -1, value))
}
