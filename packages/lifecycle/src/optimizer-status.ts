import type { EpochMs } from '@moraine/stdx/brand'
import { chosenStatuses, type StateNote, type TransitionTable } from './transition-table.ts'

export type OptimizerStatus = 'active' | 'draining' | 'gone'

/**
 * - `touch`: its heartbeat
 * - `drain`: it takes no new tasks and ends what it has
 * - `leave`: it says goodbye
 * - `expire`: it has not touched for too long
 */
export type OptimizerEvent = 'touch' | 'drain' | 'leave' | 'expire'

export type OptimizerState =
  | { readonly status: 'active' | 'draining'; readonly touchedAt: EpochMs }
  | { readonly status: 'gone'; readonly touchedAt: EpochMs; readonly goneAt: EpochMs; readonly reason: string }

export const OPTIMIZER_TRANSITIONS: TransitionTable<OptimizerStatus, OptimizerEvent> = {
  active: { touch: 'active', drain: 'draining', leave: 'gone', expire: 'gone' },
  draining: { touch: 'draining', drain: 'draining', leave: 'gone', expire: 'gone' },
  gone: {},
}

/** Registered: its heartbeat counts, and what it reports. */
export const LIVE_OPTIMIZER = chosenStatuses({
  active: true,
  draining: true,
  gone: false,
} satisfies Record<OptimizerStatus, boolean>)

export const OPTIMIZER_NOTES = {
  active: {
    meaning: 'registered; its threads poll',
    owner: 'the optimizer',
    deadline: 'gone after the heartbeat timeout',
  },
  draining: {
    meaning: 'ends its tasks and takes no new ones',
    owner: 'the optimizer',
    deadline: 'gone after the heartbeat timeout',
  },
  gone: {
    meaning: 'left or lost; its tasks are reset and its late results refused',
    owner: 'nobody',
    deadline: 'removed after a day',
  },
} as const satisfies Record<OptimizerStatus, StateNote>
