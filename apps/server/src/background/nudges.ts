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
  | { readonly to: 'committer'; readonly processId: ProcessId }
  | { readonly to: 'reaper' }
  | { readonly to: 'discarder' }

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

function nudgesOf(change: StateChange): readonly Nudge[] {
  switch (change.kind) {
    case 'patch-table':
      if (change.patch.state?.phase === 'pending') return [{ to: 'planner' }]
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
      return change.state.status === 'gone' ? [{ to: 'reaper' }] : []
    case 'remove-table':
    case 'set-clocks':
    case 'remove-process':
    case 'begin-attempt':
    case 'end-attempt':
    case 'remove-discard':
    case 'remove-optimizer':
      return []
    default:
      return unreachable(change)
  }
}
