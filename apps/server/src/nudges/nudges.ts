import type { ProcessId, TableId } from '@moraine/lifecycle/identity'
import type { StateChange } from '@moraine/management/store/state-change'
import type { StateStore } from '@moraine/management/store/state-store'
import { unreachable } from '@moraine/stdx/assert'

/** Who is to look at what, because it may have something to do now. */
export type Nudge =
  | { readonly to: 'refresher'; readonly tableId: TableId }
  | { readonly to: 'planner' }
  | { readonly to: 'dispatcher' }
  | { readonly to: 'settler'; readonly processId: ProcessId }
  /** Of all if none is named. */
  | { readonly to: 'committer'; readonly processId?: ProcessId }
  | { readonly to: 'reaper' }
  | { readonly to: 'discarder' }
  | { readonly to: 'resource-keeper' }
  /** Tables of this catalog were created or dropped. */
  | { readonly to: 'explorer'; readonly catalog: string }

/** A store that tells whoever is concerned after each change. A nudge that gets lost is made good by timers. */
export function announcing(store: StateStore, announce: (nudge: Nudge) => void): StateStore {
  return {
    async apply(changes) {
      const outcome = await store.apply(changes)
      if (outcome.kind === 'applied')
        for (const change of changes) for (const nudge of nudgesOf(change)) announce(nudge)
      return outcome
    },
  }
}

/** Whatever waited for it may go on. */
export const WHEN_A_HOLD_ENDS: readonly Nudge[] = [{ to: 'planner' }, { to: 'dispatcher' }, { to: 'committer' }]

/** Besides, it may launch others, or more. */
export const WHEN_A_GROUP_CHANGES: readonly Nudge[] = [...WHEN_A_HOLD_ENDS, { to: 'resource-keeper' }]

function nudgesOf(change: StateChange): readonly Nudge[] {
  switch (change.kind) {
    case 'patch-table':
      if ('pause' in change.patch && change.patch.pause === undefined) return WHEN_A_HOLD_ENDS
      // A request ends the back-off of a table that is pending already.
      if (change.patch.state?.phase === 'pending' || change.patch.request !== undefined) return [{ to: 'planner' }]
      // At rest again: see what its own commit, or somebody else's meanwhile, has left to do.
      return change.patch.state?.phase === 'idle' && change.from.phase !== 'pending'
        ? [{ to: 'refresher', tableId: change.tableId }]
        : []
    case 'add-process':
      return [{ to: 'dispatcher' }]
    case 'move-process':
      return change.state.status === 'committing' && change.from.status === 'executing'
        ? [{ to: 'committer', processId: change.processId }]
        : []
    case 'move-task':
      if (change.state.status === 'planned') return [{ to: 'dispatcher' }]
      // Another task of the table may go within its quota, or the next table be planned.
      if (change.state.status === 'canceled') return [{ to: 'dispatcher' }, { to: 'planner' }]
      return change.state.status === 'succeeded' || change.state.status === 'failed'
        ? [{ to: 'settler', processId: change.processId }, { to: 'dispatcher' }, { to: 'planner' }]
        : [{ to: 'reaper' }]
    case 'add-discard':
      return [{ to: 'discarder' }]
    case 'add-optimizer':
      return [{ to: 'reaper' }, { to: 'planner' }]
    case 'move-optimizer':
      if (change.state.status === 'draining') return [{ to: 'resource-keeper' }]
      return change.state.status === 'gone' ? [{ to: 'reaper' }, { to: 'resource-keeper' }] : []
    case 'add-resource':
      return [{ to: 'resource-keeper' }]
    case 'move-resource':
      return change.state.status === 'releasing' || change.state.status === 'ended' ? [{ to: 'resource-keeper' }] : []
    case 'rename-table':
    case 'remove-table':
    case 'set-clocks':
    case 'remove-process':
    case 'begin-attempt':
    case 'end-attempt':
    case 'postpone-discard':
    case 'name-discards':
    case 'remove-discard':
    case 'hold-group':
    case 'remove-optimizer':
    case 'remove-resource':
    case 'save-allocation':
      return []
    default:
      return unreachable(change)
  }
}
