import { bindFilter } from '@moraine/iceberg/expression/bind-filter'
import { mayMatchFile } from '@moraine/iceberg/expression/evaluate-metrics'
import { matchesPartition } from '@moraine/iceberg/expression/evaluate-partition'
import { parseFilter } from '@moraine/iceberg/expression/parse-filter'
import { mayHoldMatches } from '@moraine/iceberg/expression/project-filter'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { must } from '@moraine/stdx/assert'
import type { PartitionFiles } from './table-files.ts'

/**
 * Chooses the partitions that may hold a row for which the filter is true, judged by their values and by the bounds of
 * their files. It only ever limits what is rewritten: which deletes exist, and who needs them, is decided over all files.
 *
 * @param what names the setting in errors, as `self-optimizing.filter`
 * @throws {MoraineError} `invalid-input` for a filter that cannot be read, or that names a column the table lacks
 */
export function partitionFilter(
  filter: string,
  metadata: TableMetadata,
  what: string,
): (partition: PartitionFiles) => boolean {
  const schema = must(
    metadata.schemas.find((each) => each.schemaId === metadata.currentSchemaId),
    'current schema',
  )
  const bound = bindFilter(parseFilter(filter, what), schema, what)
  const bySpec = new Map(metadata.partitionSpecs.map((spec) => [spec.specId, mayHoldMatches(bound, spec)]))
  return ({ specId, partition, files }) =>
    matchesPartition(must(bySpec.get(specId), `partition spec ${specId}`), partition) &&
    files.some(({ data }) => mayMatchFile(bound, data.file))
}
