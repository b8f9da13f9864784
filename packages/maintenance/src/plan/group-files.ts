import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { partitionKey, partitionPath } from '@moraine/iceberg/partition/partition-path'
import { tablePartitionFieldTypes } from '@moraine/iceberg/partition/partition-type'
import { DeleteIndex, type ScanTask } from '@moraine/iceberg/scan/delete-index'
import { isPrimitive, type PrimitiveType } from '@moraine/iceberg/schema/type'
import { must } from '@moraine/stdx/assert'
import type { PartitionFiles, TableFiles } from './table-files.ts'

/** Groups live data files by spec and partition and resolves the deletes of each over the whole table. */
export function groupFiles(
  metadata: TableMetadata,
  data: Iterable<ManifestEntry>,
  deletes: readonly ManifestEntry[],
): TableFiles {
  const specs = new Map(metadata.partitionSpecs.map((spec) => [spec.specId, spec]))
  const index = new DeleteIndex(deletes, specs, comparableTypes(metadata))
  const partitions = new Map<string, PartitionFiles & { readonly files: ScanTask[] }>()
  for (const entry of data) {
    const { specId, partition } = entry.file
    const key = partitionKey(specId, partition)
    const known = partitions.get(key)
    const task = { data: entry, deletes: index.deletesFor(entry) }
    if (known !== undefined) {
      known.files.push(task)
      continue
    }
    const spec = must(specs.get(specId), `partition spec ${specId}`)
    const path = partitionPath(spec, tablePartitionFieldTypes(spec, metadata), partition)
    partitions.set(key, { key, specId, partition, partitionPath: path, files: [task] })
  }
  return { partitions: [...partitions.values()], deletes }
}

// Equality fields may be nested or dropped; types may have been widened, which bounds of either width survive.
function comparableTypes(metadata: TableMetadata): (fieldId: number) => PrimitiveType | undefined {
  const types = new Map<number, PrimitiveType>()
  for (const schema of metadata.schemas) {
    for (const field of schema.fields) if (isPrimitive(field.type)) types.set(field.id, field.type)
  }
  return (fieldId) => {
    const type = types.get(fieldId)
    // Bounds of floats do not say whether there are NaNs, which equality deletes can name.
    return type?.kind === 'float' || type?.kind === 'double' ? undefined : type
  }
}
