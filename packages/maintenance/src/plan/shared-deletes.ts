import { contentFileKey } from '@moraine/iceberg/manifest/content-file'
import { needsConversion } from './classify-file.ts'
import type { EvaluatedPartition } from './plan-rewrite.ts'

/** The partitions that must be planned together with a given one, itself first. */
export type TiedPartitions = (partition: EvaluatedPartition) => readonly EvaluatedPartition[]

/**
 * Partitions are tied by equality deletes that reach both. Converting such a delete in one partition gains readers
 * nothing while it is kept for the other, and would be done again by every later plan: so both are planned, or neither.
 */
export function tiedPartitions(evaluated: readonly EvaluatedPartition[]): TiedPartitions {
  const reached = new Map<string, EvaluatedPartition[]>()
  for (const candidate of evaluated) {
    for (const key of new Set(equalityKeys(candidate, () => true))) {
      const partitions = reached.get(key)
      if (partitions === undefined) reached.set(key, [candidate])
      else partitions.push(candidate)
    }
  }
  return (first) => {
    const tied = new Set([first])
    // A set's iterator visits what is added on the way.
    for (const member of tied) {
      for (const key of equalityKeys(member, isToBeConverted)) {
        for (const neighbour of reached.get(key) ?? []) tied.add(neighbour)
      }
    }
    return [first, ...[...tied].slice(1).sort(byKey)]
  }
}

type ClassifiedFile = EvaluatedPartition['evaluation']['files'][number]

function byKey(a: EvaluatedPartition, b: EvaluatedPartition): number {
  return a.partition.key < b.partition.key ? -1 : 1
}

function equalityKeys(
  { evaluation }: EvaluatedPartition,
  counts: (file: ClassifiedFile) => boolean,
): readonly string[] {
  return evaluation.files.flatMap((file) =>
    counts(file) ? file.deletes.equality.map((entry) => contentFileKey(entry.file)) : [],
  )
}

// A file that is merged may end up alone, and is then converted.
function isToBeConverted(file: ClassifiedFile): boolean {
  return (file.wish === 'convert' || file.wish === 'merge') && needsConversion(file.deletes)
}
