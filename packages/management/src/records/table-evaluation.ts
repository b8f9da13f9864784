import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import type { HealthScore } from '@moraine/maintenance/plan/health-score'
import type { UnknownProperty } from '@moraine/maintenance/plan/unknown-properties'
import type { EpochMs } from '@moraine/stdx/brand'
import type { TableSettings } from './table-settings.ts'

/** What a look at one state of a table found. */
export type TableEvaluation = {
  /** The metadata file that was looked at. */
  readonly metadataLocation: string
  /** Absent in a table of format version 1 whose writer gave it none, and of what was evaluated before it was kept. */
  readonly tableUuid?: string
  /** The current snapshot of `main`; absent in a table without data. */
  readonly snapshotId: SnapshotId | undefined
  readonly settings: TableSettings
  /** Properties that look like settings and are none; absent if there are none. */
  readonly unknownProperties?: readonly UnknownProperty[]
  /** `undefined`: no trigger holds. */
  readonly needed: OptimizingType | undefined
  readonly finding: Finding
  readonly health: HealthScore | undefined
  readonly totals: TableTotals
  /** What the triggers picked out. */
  readonly pending: WorkFigures
  /** When a trigger that waits for time would change the answer, if nothing is committed before. */
  readonly reevaluateAt: EpochMs | undefined
}

/** A rule that decided, in words, with the figures it decided on. */
export type Finding = {
  readonly text: string
  readonly figures: Readonly<Record<string, number>>
}

export type TableTotals = {
  readonly dataFiles: number
  readonly dataBytes: number
  readonly records: number
  readonly positionDeleteFiles: number
  readonly equalityDeleteFiles: number
  readonly deleteBytes: number
}

export type WorkFigures = { readonly partitions: number; readonly files: number; readonly bytes: number }
