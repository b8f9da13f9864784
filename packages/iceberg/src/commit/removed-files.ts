import { must } from '@moraine/stdx/assert'
import { type ContentFile, contentFileKey } from '../manifest/content-file.ts'
import type { FieldSummary, ManifestFile } from '../manifest/manifest-file.ts'
import type { TableMetadata } from '../metadata/table-metadata.ts'
import { partitionKey } from '../partition/partition-path.ts'
import type { PartitionTuple } from '../partition/partition-spec.ts'
import { tablePartitionFieldTypes } from '../partition/partition-type.ts'
import type { PrimitiveType } from '../schema/type.ts'
import { compareLiterals } from '../value/compare.ts'
import type { Literal } from '../value/literal.ts'
import { decodeSingleValue } from '../value/single-value.ts'

/** Files of one partition that have not been found yet. */
type Missing = { readonly partition: PartitionTuple; files: number }
/** By the key of the partition; of one content and one spec, as a manifest is. */
type MissingPartitions = Map<string, Missing>

/**
 * The files that a commit removes, taken off as they are found in manifests. A manifest is judged by the partitions that
 * still miss some, not file by file: there may be as many files as manifests.
 */
export class RemovedFiles {
  readonly #metadata: TableMetadata
  readonly #missing: Map<string, ContentFile>
  readonly #found = new Set<string>()
  readonly #partitions = new Map<string, MissingPartitions>()

  constructor(files: readonly ContentFile[], metadata: TableMetadata) {
    this.#metadata = metadata
    this.#missing = new Map(files.map((file) => [contentFileKey(file), file]))
    for (const file of this.#missing.values()) {
      const partitions = this.#partitions.get(kindOf(file, file.specId)) ?? new Map<string, Missing>()
      this.#partitions.set(kindOf(file, file.specId), partitions)
      const key = partitionKey(file.specId, file.partition)
      const missing = partitions.get(key)
      if (missing === undefined) partitions.set(key, { partition: file.partition, files: 1 })
      else missing.files += 1
    }
  }

  /** One that has not been found. */
  get lost(): string | undefined {
    return this.#missing.keys().next().value
  }

  /** Whether a manifest may list any that is still missing, judged by content, spec and the bounds of its partitions. */
  mayBeIn(manifest: ManifestFile): boolean {
    const partitions = this.#partitions.get(kindOf(manifest, manifest.partitionSpecId))
    if (partitions === undefined || partitions.size === 0) return false
    const mayHold = partitionsWithin(manifest, this.#metadata)
    for (const { partition } of partitions.values()) if (mayHold(partition)) return true
    return false
  }

  /** Whether a file is one of these: for the first time, or once more. */
  take(key: string): 'first' | 'again' | 'other' {
    const file = this.#missing.get(key)
    if (file === undefined) return this.#found.has(key) ? 'again' : 'other'
    this.#missing.delete(key)
    this.#found.add(key)
    const partitions = this.#partitions.get(kindOf(file, file.specId))
    const ofFile = partitionKey(file.specId, file.partition)
    const missing = must(partitions?.get(ofFile), ofFile)
    missing.files -= 1
    if (missing.files === 0) partitions?.delete(ofFile)
    return 'first'
  }
}

function kindOf({ content }: Pick<ContentFile | ManifestFile, 'content'>, specId: number): string {
  return `${content === 'data' ? 'data' : 'deletes'} ${specId}`
}

/** Tells whether a partition lies within the bounds of a manifest, which are decoded once. */
function partitionsWithin(manifest: ManifestFile, metadata: TableMetadata): (partition: PartitionTuple) => boolean {
  const spec = metadata.partitionSpecs.find((each) => each.specId === manifest.partitionSpecId)
  const types = spec === undefined ? [] : tablePartitionFieldTypes(spec, metadata)
  const fields = manifest.partitions.map((summary, at) => valuesWithin(summary, types[at]))
  return (partition) => fields.every((mayHold, at) => mayHold(partition[at] ?? null))
}

function valuesWithin(
  { containsNull, lowerBound, upperBound }: FieldSummary,
  type: PrimitiveType | undefined,
): (value: Literal | null) => boolean {
  const isNullOr = (mayHold: (value: Literal) => boolean) => (value: Literal | null) =>
    value === null ? containsNull : mayHold(value)
  // NaN lies outside the bounds, and a type that is not known cannot be compared.
  if (type === undefined || type.kind === 'unknown' || type.kind === 'float' || type.kind === 'double')
    return isNullOr(() => true)
  if (lowerBound === undefined || upperBound === undefined) return isNullOr(() => true)
  const [lower, upper] = [decodeSingleValue(type, lowerBound), decodeSingleValue(type, upperBound)]
  return isNullOr((value) => compareLiterals(type, lower, value) <= 0 && compareLiterals(type, value, upper) <= 0)
}
