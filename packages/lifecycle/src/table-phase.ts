import type { EpochMs } from '@moraine/stdx/brand'
import type { ProcessId } from './identity.ts'
import type { OptimizingType } from './optimizing-type.ts'
import type { StateNote, TransitionTable } from './transition-table.ts'

export type TablePhase = 'idle' | 'pending' | 'planning' | 'executing' | 'committing'

/**
 * - `needWork`: an evaluation or a person's request found something to do
 * - `needNothing`: a later evaluation found that nothing is left to do
 * - `beginPlanning`, `emptyPlan` (no tasks), `failPlanning`, `acceptPlan` (a process begins)
 * - `abandonPlanning`: whoever planned is gone
 * - `finishTasks`: enough tasks have succeeded to commit
 * - `endProcess`: committed, failed or canceled
 * - `release`: optimizing was switched off
 */
export type TableEvent =
  | 'needWork'
  | 'needNothing'
  | 'beginPlanning'
  | 'emptyPlan'
  | 'failPlanning'
  | 'abandonPlanning'
  | 'acceptPlan'
  | 'finishTasks'
  | 'endProcess'
  | 'release'

/** Where a managed table is in its optimizing. `since` is when it entered the phase. */
export type TableState =
  | { readonly phase: 'idle'; readonly since: EpochMs }
  | { readonly phase: 'pending'; readonly since: EpochMs }
  | { readonly phase: 'planning'; readonly since: EpochMs }
  | {
      readonly phase: 'executing' | 'committing'
      readonly since: EpochMs
      readonly type: OptimizingType
      readonly processId: ProcessId
    }

/** What a table is busy with: the type of a process that executes, else the phase. The busiest first, as Amoro sorts. */
export const TABLE_ACTIVITIES = ['full', 'major', 'minor', 'committing', 'planning', 'pending', 'idle'] as const
export type TableActivity = (typeof TABLE_ACTIVITIES)[number]

export function tableActivity(state: TableState): TableActivity {
  return state.phase === 'executing' ? state.type : state.phase
}

export const TABLE_TRANSITIONS: TransitionTable<TablePhase, TableEvent> = {
  idle: { needWork: 'pending' },
  pending: { needWork: 'pending', needNothing: 'idle', beginPlanning: 'planning', release: 'idle' },
  planning: {
    emptyPlan: 'idle',
    failPlanning: 'pending',
    abandonPlanning: 'pending',
    acceptPlan: 'executing',
    release: 'idle',
  },
  executing: { finishTasks: 'committing', endProcess: 'idle' },
  committing: { endProcess: 'idle' },
}

export const TABLE_NOTES = {
  idle: {
    meaning: 'nothing to do, as far as the last evaluation saw',
    owner: 'refresher',
    deadline: 'looked at again after the refresh delay, or at once on a commit event',
  },
  pending: {
    meaning: 'there is work; it waits to be planned',
    owner: 'planner',
    deadline: 'planned as soon as the group has threads and the back-off of the table has passed',
  },
  planning: {
    meaning: 'a plan is being made from one snapshot',
    owner: 'planner',
    deadline: 'given back to pending when the planning deadline passes or the service restarts',
  },
  executing: {
    meaning: 'a process runs; its tasks are with the optimizers',
    owner: 'the process',
    deadline: 'each task has its own deadlines; the process ends when all of them have ended',
  },
  committing: {
    meaning: 'the results of a process are being committed',
    owner: 'committer',
    deadline:
      'tried again with growing pauses; ended when the outcome is known, or when the tries are used up after about half an hour',
  },
} as const satisfies Record<TablePhase, StateNote>
