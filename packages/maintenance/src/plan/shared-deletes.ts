import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { EvaluatedPartition } from './evaluate-table.ts'

/** The partitions that must be planned together with a given one, itself first. */
export type TiedPartitions = (partition: EvaluatedPartition) => readonly EvaluatedPartition[]

/**
 * Partitions are tied by equality deletes that reach both. Converting such a delete in one partition gains readers
 * nothing while it is kept for the other, and would be done again by every later plan: so both are planned, or neither.
 */
export function tiedPartitions(evaluated: readonly EvaluatedPartition[]): TiedPartitions {
  const reached = new Map<ManifestEntry, EvaluatedPartition[]>()
  for (const candidate of evaluated) {
    for (const entry of candidate.evaluation.reachingEquality) {
      const partitions = reached.get(entry)
      if (partitions === undefined) reached.set(entry, [candidate])
      else partitions.push(candidate)
    }
  }
  return (first) => {
    const tied = new Set([first])
    // A set's iterator visits what is added on the way.
    for (const { evaluation } of tied) {
      for (const entry of evaluation.convertedEquality) {
        for (const neighbour of reached.get(entry) ?? []) tied.add(neighbour)
      }
    }
    return [first, ...[...tied].slice(1).sort(byKey)]
  }
}

function byKey(a: EvaluatedPartition, b: EvaluatedPartition): number {
  return a.partition.key < b.partition.key ? -1 : 1
}
