import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { ProcessId, TableId } from '@moraine/lifecycle/identity'
import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import type { ProcessState } from '@moraine/lifecycle/process-status'
import type { HealthScore } from '@moraine/maintenance/plan/health-score'
import type { EpochMs } from '@moraine/stdx/brand'
import { type Random, randomInt63 } from '@moraine/stdx/random'

/** The durable decision to run one plan on one table. What the plan was made from, and with which rights, is frozen. */
export type OptimizingProcess = {
  readonly processId: ProcessId
  readonly tableId: TableId
  readonly group: string
  readonly type: OptimizingType
  readonly createdAt: EpochMs
  readonly baseSnapshotId: SnapshotId
  readonly metadataLocation: string
  readonly quota: number
  readonly executeRetries: number
  readonly allowPartialCommit: boolean
  /** A person asked for it: it does not wait for windows. */
  readonly isRequested: boolean
  readonly taskCount: number
  readonly inputFiles: number
  readonly inputBytes: number
  readonly state: ProcessState
  readonly result: ProcessResult | undefined
}

/** What came of it; figures of the committed tasks only. */
export type ProcessResult = {
  readonly snapshotId: SnapshotId | undefined
  readonly inputFiles: number
  readonly inputBytes: number
  readonly outputFiles: number
  readonly outputBytes: number
  readonly healthBefore: HealthScore | undefined
}

/** Time in the upper 43 bits and chance in the lower 20: sorts by age, and two servers do not meet. */
export function newProcessId(random: Random, now: EpochMs): ProcessId {
  return ((BigInt(now) << 20n) | (randomInt63(random) & 0xfffffn)).toString().padStart(19, '0') as ProcessId
}
