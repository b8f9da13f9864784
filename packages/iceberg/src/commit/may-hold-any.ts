import type { ContentFile } from '../manifest/content-file.ts'
import type { FieldSummary, ManifestFile } from '../manifest/manifest-file.ts'
import type { TableMetadata } from '../metadata/table-metadata.ts'
import { tablePartitionFieldTypes } from '../partition/partition-type.ts'
import type { PrimitiveType } from '../schema/type.ts'
import { compareLiterals } from '../value/compare.ts'
import type { Literal } from '../value/literal.ts'
import { decodeSingleValue } from '../value/single-value.ts'

/** Whether a manifest may list any of the files, judged by content, spec and the bounds of its partitions. */
export function mayHoldAny(manifest: ManifestFile, files: Iterable<ContentFile>, metadata: TableMetadata): boolean {
  const spec = metadata.partitionSpecs.find((each) => each.specId === manifest.partitionSpecId)
  const types = spec === undefined ? [] : tablePartitionFieldTypes(spec, metadata)
  for (const file of files) {
    const isSameKind =
      (file.content === 'data') === (manifest.content === 'data') && file.specId === manifest.partitionSpecId
    if (
      isSameKind &&
      manifest.partitions.every((summary, at) => mayHold(summary, types[at], file.partition[at] ?? null))
    )
      return true
  }
  return false
}

function mayHold(summary: FieldSummary, type: PrimitiveType | undefined, value: Literal | null): boolean {
  if (value === null) return summary.containsNull
  // NaN lies outside the bounds, and a type that is not known cannot be compared.
  if (type === undefined || type.kind === 'unknown' || type.kind === 'float' || type.kind === 'double') return true
  const { lowerBound, upperBound } = summary
  if (lowerBound === undefined || upperBound === undefined) return true
  return (
    compareLiterals(type, decodeSingleValue(type, lowerBound), value) <= 0 &&
    compareLiterals(type, value, decodeSingleValue(type, upperBound)) <= 0
  )
}
