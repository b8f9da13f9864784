import { OPTIMIZER_TRANSITIONS } from '@moraine/lifecycle/optimizer-status'
import { PROCESS_TRANSITIONS } from '@moraine/lifecycle/process-status'
import { RESOURCE_TRANSITIONS } from '@moraine/lifecycle/resource-status'
import { TABLE_TRANSITIONS } from '@moraine/lifecycle/table-phase'
import { TASK_TRANSITIONS } from '@moraine/lifecycle/task-status'
import { leadsTo } from '@moraine/lifecycle/transition-table'
import { assert, unreachable } from '@moraine/stdx/assert'
import type { StateChange } from './state-change.ts'

/** Every store refuses a change that the transition tables do not know: it would be a bug of a decision. */
export function assertLegal(change: StateChange): void {
  switch (change.kind) {
    case 'patch-table': {
      const to = change.patch.state?.phase
      const legal = to === undefined || leadsTo(TABLE_TRANSITIONS, change.from.phase, to)
      assert(legal, `table ${change.tableId} goes from ${change.from.phase} to ${to}`)
      return
    }
    case 'move-process':
      assert(
        leadsTo(PROCESS_TRANSITIONS, change.from.status, change.state.status),
        `process ${change.processId} goes from ${change.from.status} to ${change.state.status}`,
      )
      return
    case 'move-task':
      assert(
        leadsTo(TASK_TRANSITIONS, change.from.status, change.state.status),
        `task ${change.processId}/${change.taskId} goes from ${change.from.status} to ${change.state.status}`,
      )
      return
    case 'move-optimizer':
      assert(
        leadsTo(OPTIMIZER_TRANSITIONS, change.from.status, change.state.status),
        `optimizer ${change.optimizerId} goes from ${change.from.status} to ${change.state.status}`,
      )
      return
    case 'move-resource':
      assert(
        leadsTo(RESOURCE_TRANSITIONS, change.from.status, change.state.status),
        `resource ${change.resourceId} goes from ${change.from.status} to ${change.state.status}`,
      )
      return
    case 'rename-table':
    case 'remove-table':
    case 'set-clocks':
    case 'add-process':
    case 'remove-process':
    case 'begin-attempt':
    case 'end-attempt':
    case 'add-discard':
    case 'postpone-discard':
    case 'name-discards':
    case 'remove-discard':
    case 'hold-group':
    case 'add-optimizer':
    case 'remove-optimizer':
    case 'add-resource':
    case 'remove-resource':
    case 'save-allocation':
      return
    default:
      unreachable(change)
  }
}
