import type { PartitionEvaluation } from './evaluate-partition.ts'
import { minTargetSizeBytes, type OptimizingPolicy } from './optimizing-policy.ts'

/** 0 (bad) to 100. Parts: small files up to 40, equality deletes up to 40, position deletes up to 20 (Amoro's formula). */
export type HealthScore = {
  readonly total: number
  readonly smallFiles: number
  readonly equalityDeletes: number
  readonly positionDeletes: number
}

/** The health of a table from the evaluations of all its partitions: the plain average of each part, rounded up. */
export function healthScore(evaluations: readonly PartitionEvaluation[], policy: OptimizingPolicy): HealthScore {
  const parts = evaluations.map((evaluation) => partitionHealth(evaluation, policy))
  const average = (pick: (part: PartitionHealth) => number, full: number) =>
    parts.length === 0 ? full : Math.ceil(parts.reduce((sum, part) => sum + pick(part), 0) / parts.length)
  const smallFiles = average((part) => part.smallFiles, 40)
  const equalityDeletes = average((part) => part.equalityDeletes, 40)
  const positionDeletes = average((part) => part.positionDeletes, 20)
  return { total: smallFiles + equalityDeletes + positionDeletes, smallFiles, equalityDeletes, positionDeletes }
}

type PartitionHealth = Omit<HealthScore, 'total'>

function partitionHealth(evaluation: PartitionEvaluation, policy: OptimizingPolicy): PartitionHealth {
  const { files, bytes, records } = evaluation.touched
  const minTarget = minTargetSizeBytes(policy)
  const penalty = healthWeight(evaluation, policy)
  const deleted = (deletes: number, ratio: number) => norm(norm(deletes, records), ratio)
  return {
    smallFiles: Math.ceil(40 - penalty * 40 * (1 - (files === 0 ? 1 : norm(bytes / files, minTarget)))),
    equalityDeletes: Math.ceil(40 - penalty * 40 * deleted(evaluation.equalityDeletes.records, policy.duplicateRatio)),
    positionDeletes: Math.ceil(
      20 - penalty * 20 * deleted(evaluation.positionDeletes.records, 2 * policy.duplicateRatio),
    ),
  }
}

/** The share of a partition's points that its files can cost it, 0 to 1: few files, or few bytes, cost little. */
export function healthWeight({ touched }: PartitionEvaluation, policy: OptimizingPolicy): number {
  if (touched.files <= 1) return 0
  return norm(touched.files, policy.minorFileCount) * norm(touched.bytes, minTargetSizeBytes(policy))
}

function norm(value: number, limit: number): number {
  return limit <= 0 ? 0 : Math.min(value, limit) / limit
}
