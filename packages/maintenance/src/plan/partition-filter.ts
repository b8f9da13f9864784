import { bindFilter } from '@moraine/iceberg/expression/bind-filter'
import { type MeasuredFile, mayMatchFile } from '@moraine/iceberg/expression/evaluate-metrics'
import { matchesPartition } from '@moraine/iceberg/expression/evaluate-partition'
import { parseFilter } from '@moraine/iceberg/expression/parse-filter'
import { holdsOnlyMatches, mayHoldMatches } from '@moraine/iceberg/expression/project-filter'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { TablePartition } from '@moraine/iceberg/scan/partition-dictionary'
import { must } from '@moraine/stdx/assert'

/**
 * Chooses the partitions that may hold a row for which the filter is true, judged by their values and, where those leave
 * it open, by the bounds of their files. It only ever limits what is rewritten: which deletes exist, and who needs them,
 * is decided over all files.
 */
export type PartitionFilter = {
  /** Whether rows of the partition satisfy the filter, by its values alone: all, none, or perhaps some. */
  judge(partition: TablePartition): 'all' | 'none' | 'some'
  mayMatchFile(file: MeasuredFile): boolean
}

/** Chooses the partitions of these names; those that two specs call alike are both meant. */
export function namedPartitions(names: readonly string[]): PartitionFilter {
  const asked = new Set(names)
  return {
    judge: ({ partitionPath }) => (asked.has(partitionPath) ? 'all' : 'none'),
    mayMatchFile: () => true,
  }
}

/**
 * @param what names the setting in errors, as `self-optimizing.filter`
 * @throws {MoraineError} `invalid-input` for a filter that cannot be read, or that names a column the table lacks
 */
export function partitionFilter(filter: string, metadata: TableMetadata, what: string): PartitionFilter {
  const schema = must(
    metadata.schemas.find((each) => each.schemaId === metadata.currentSchemaId),
    'current schema',
  )
  const bound = bindFilter(parseFilter(filter, what), schema, what)
  const bySpec = new Map(
    metadata.partitionSpecs.map((spec) => [
      spec.specId,
      { some: mayHoldMatches(bound, spec), all: holdsOnlyMatches(bound, spec) },
    ]),
  )
  return {
    judge({ specId, partition }) {
      const { some, all } = must(bySpec.get(specId), `partition spec ${specId}`)
      if (!matchesPartition(some, partition)) return 'none'
      return matchesPartition(all, partition) ? 'all' : 'some'
    },
    mayMatchFile: (file) => mayMatchFile(bound, file),
  }
}
