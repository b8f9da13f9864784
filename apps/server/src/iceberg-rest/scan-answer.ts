import { encodeScanFilter } from '@moraine/iceberg/expression/scan-filter-json'
import { contentFileKey } from '@moraine/iceberg/manifest/content-file'
import { encodeContentFile } from '@moraine/iceberg/manifest/content-file-json'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { partitionFieldTypes } from '@moraine/iceberg/partition/partition-type'
import type { PlannedFile } from '@moraine/iceberg/scan/plan-files'
import type { PrimitiveType } from '@moraine/iceberg/schema/type'
import type { JsonObject } from '@moraine/stdx/exact-json'
import type { StatisticsOf } from './scan-request.ts'

/**
 * `ScanTasks`: the files of a part of a plan, each delete file once. Partition values have the types that the table's
 * current schema gives them, since that is the schema by which clients know the partition specs.
 */
export function encodeScanTasks(
  metadata: TableMetadata,
  files: readonly PlannedFile[],
  statistics: StatisticsOf,
): JsonObject {
  const typesOf = partitionTypes(metadata)
  const references = new Map<string, number>()
  const deleteFiles: JsonObject[] = []
  const tasks = files.map(({ data, deletes, residual }) => {
    const own = deletes.map(({ file }) => {
      const key = contentFileKey(file)
      const known = references.get(key)
      if (known !== undefined) return known
      references.set(key, deleteFiles.length)
      return deleteFiles.push(encodeContentFile(file, typesOf(file.specId))) - 1
    })
    return {
      'data-file': encodeContentFile(data.file, typesOf(data.file.specId), statistics),
      ...(own.length > 0 && { 'delete-file-references': own }),
      'residual-filter': encodeScanFilter(residual),
    }
  })
  return { ...(deleteFiles.length > 0 && { 'delete-files': deleteFiles }), 'file-scan-tasks': tasks }
}

function partitionTypes({
  schemas,
  currentSchemaId,
  partitionSpecs,
}: TableMetadata): (specId: number) => readonly PrimitiveType[] {
  const schema = schemas.find(({ schemaId }) => schemaId === currentSchemaId)
  const types = new Map(
    partitionSpecs.map((spec) => [spec.specId, schema === undefined ? [] : partitionFieldTypes(spec, schema)]),
  )
  return (specId) => types.get(specId) ?? []
}
