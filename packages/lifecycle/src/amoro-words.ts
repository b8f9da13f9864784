import type { OptimizerStatus } from './optimizer-status.ts'
import type { OptimizingType } from './optimizing-type.ts'
import type { ProcessStatus } from './process-status.ts'
import { type TableActivity, type TableState, tableActivity } from './table-phase.ts'
import type { TaskStatus } from './task-status.ts'

/**
 * Apache Amoro's words and codes for our states, which its REST clients and engine connectors know. Amoro mixes phase
 * and type in one status; its codes sort the busiest first.
 */
export type AmoroTableStatus = {
  readonly code: number
  readonly name: string
  /** The lower-case word of Amoro's pages and filters. */
  readonly display: string
}

export const AMORO_TABLE_STATUS = {
  full: { code: 100, name: 'FULL_OPTIMIZING', display: 'full' },
  major: { code: 200, name: 'MAJOR_OPTIMIZING', display: 'major' },
  minor: { code: 300, name: 'MINOR_OPTIMIZING', display: 'minor' },
  committing: { code: 400, name: 'COMMITTING', display: 'committing' },
  planning: { code: 500, name: 'PLANNING', display: 'planning' },
  pending: { code: 600, name: 'PENDING', display: 'pending' },
  idle: { code: 700, name: 'IDLE', display: 'idle' },
} as const satisfies Record<TableActivity, AmoroTableStatus>

export function amoroTableStatus(state: TableState): AmoroTableStatus {
  return AMORO_TABLE_STATUS[tableActivity(state)]
}

/** A commit under way is part of a running process in Amoro; what a person or a table change ended is `CLOSED`. */
export const AMORO_PROCESS_STATUS = {
  executing: 'RUNNING',
  committing: 'RUNNING',
  succeeded: 'SUCCESS',
  failed: 'FAILED',
  canceled: 'CLOSED',
} as const satisfies Record<ProcessStatus, string>

export const AMORO_TASK_STATUS = {
  planned: 'PLANNED',
  scheduled: 'SCHEDULED',
  acked: 'ACKED',
  succeeded: 'SUCCESS',
  failed: 'FAILED',
  canceled: 'CANCELED',
} as const satisfies Record<TaskStatus, string>

/** Amoro's optimizers are always `RUNNING`; one that is gone is not shown. */
export const AMORO_OPTIMIZER_STATUS = {
  active: 'RUNNING',
  draining: 'DRAINING',
  gone: 'GONE',
} as const satisfies Record<OptimizerStatus, string>

export const AMORO_PROCESS_TYPE = { minor: 'MINOR', major: 'MAJOR', full: 'FULL' } as const satisfies Record<
  OptimizingType,
  string
>
