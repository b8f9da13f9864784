import { NEVER_OPTIMIZED } from '@moraine/maintenance/plan/evaluate-partition'
import { assertLegal } from '@moraine/management/store/assert-legal'
import {
  optimizerGuard,
  processGuard,
  resourceGuard,
  type StateChange,
  taskGuard,
} from '@moraine/management/store/state-change'
import type { StateStore } from '@moraine/management/store/state-store'
import { assert, must, unreachable } from '@moraine/stdx/assert'
import { holdsFence } from './memory-leases.ts'
import { attemptKey, discardKey, type MemoryState } from './memory-state.ts'
import { sameName } from './memory-tables.ts'

export function memoryStateStore(state: MemoryState): StateStore {
  return {
    async apply(changes, fence) {
      if (changes.length > 0 && fence !== undefined && !holdsFence(state, fence)) return { kind: 'deposed' }
      const undo: (() => void)[] = []
      for (const change of changes) {
        assertLegal(change)
        if (!applyChange(state, change, undo)) {
          for (const step of undo.reverse()) step()
          return { kind: 'lost', change }
        }
      }
      return { kind: 'applied' }
    },
  }
}

/** Whether the change's guard held. What it did can be taken back by the steps it adds to `undo`. */
function applyChange(state: MemoryState, change: StateChange, undo: (() => void)[]): boolean {
  const put = <K, V>(map: Map<K, V>, key: K, value: V | undefined) => {
    const before = map.get(key)
    undo.push(() => (before === undefined ? map.delete(key) : map.set(key, before)))
    if (value === undefined) map.delete(key)
    else map.set(key, value)
  }
  switch (change.kind) {
    case 'patch-table':
    case 'rename-table':
    case 'remove-table': {
      const table = state.tables.get(change.tableId)
      if (table?.version !== change.from.version || table.state.phase !== change.from.phase) return false
      const version = table.version + 1
      if (change.kind === 'remove-table') {
        put(state.tables, change.tableId, undefined)
        put(state.clocks, change.tableId, undefined)
        for (const { blockerId, tableId } of [...state.blockers.values()])
          if (tableId === change.tableId) put(state.blockers, blockerId, undefined)
      } else if (change.kind === 'rename-table') {
        const { name } = change
        if ([...state.tables.values()].some((each) => sameName(each.name, name))) return false
        put(state.tables, change.tableId, { ...table, name, version })
      } else put(state.tables, change.tableId, { ...table, ...change.patch, version })
      return true
    }
    case 'set-clocks': {
      const clocks = new Map(state.clocks.get(change.tableId))
      for (const key of change.partitionKeys)
        clocks.set(key, { ...NEVER_OPTIMIZED, ...clocks.get(key), [change.type]: change.at })
      put(state.clocks, change.tableId, clocks)
      return true
    }
    case 'add-discard':
      if (!state.discards.has(discardKey(change.discard)))
        put(state.discards, discardKey(change.discard), change.discard)
      return true
    case 'postpone-discard': {
      const { dueAt, reason } = change
      const discard = state.discards.get(discardKey(change.key))
      if (discard !== undefined)
        put(state.discards, discardKey(discard), { ...discard, dueAt, reason, tries: discard.tries + 1 })
      return true
    }
    case 'name-discards':
      for (const discard of [...state.discards.values()]) {
        if (discard.tableId === change.tableId)
          put(state.discards, discardKey(discard), { ...discard, table: change.table })
      }
      return true
    case 'remove-discard':
      put(state.discards, discardKey(change.key), undefined)
      return true
    case 'hold-group':
      return state.groups.has(change.group)
    case 'add-optimizer': {
      const { optimizer, tokenHash } = change
      put(state.optimizers, optimizer.optimizerId, { optimizer, tokenHash })
      return true
    }
    case 'move-optimizer': {
      const entry = state.optimizers.get(change.optimizerId)
      if (entry === undefined || !sameGuard(optimizerGuard(entry.optimizer), change.from)) return false
      put(state.optimizers, change.optimizerId, { ...entry, optimizer: { ...entry.optimizer, state: change.state } })
      return true
    }
    case 'remove-optimizer':
      put(state.optimizers, change.optimizerId, undefined)
      return true
    case 'add-resource': {
      const { resource } = change
      assert(!state.resources.has(resource.resourceId), `resource ${resource.resourceId} exists`)
      put(state.resources, resource.resourceId, resource)
      return true
    }
    case 'move-resource': {
      const resource = state.resources.get(change.resourceId)
      if (resource === undefined || !sameGuard(resourceGuard(resource), change.from)) return false
      put(state.resources, change.resourceId, { ...resource, state: change.state })
      return true
    }
    case 'remove-resource':
      put(state.resources, change.resourceId, undefined)
      return true
    case 'save-allocation':
      put(state.allocations, change.allocation.group, change.allocation)
      return true
    case 'add-process': {
      const { process, plan, tasks } = change
      assert(!state.processes.has(process.processId), `process ${process.processId} exists`)
      const entries = tasks.map(({ task, input }) => ({ task, input, output: undefined }))
      put(state.processes, process.processId, { process, plan, tasks: entries, attempts: new Map() })
      return true
    }
    case 'remove-process':
      put(state.processes, change.processId, undefined)
      return true
    case 'move-process':
    case 'move-task':
    case 'begin-attempt':
    case 'end-attempt':
      return changeProcess(state, change, undo)
    default:
      return unreachable(change)
  }
}

type ProcessChange = Extract<StateChange, { kind: 'move-process' | 'move-task' | 'begin-attempt' | 'end-attempt' }>

function changeProcess(state: MemoryState, change: ProcessChange, undo: (() => void)[]): boolean {
  const processId = change.kind === 'begin-attempt' ? change.attempt.processId : change.processId
  const entry = state.processes.get(processId)
  if (entry === undefined) return false
  switch (change.kind) {
    case 'move-process': {
      const before = entry.process
      if (!sameGuard(processGuard(before), change.from)) return false
      undo.push(() => {
        entry.process = before
      })
      entry.process = { ...before, state: change.state, ...(change.result !== undefined && { result: change.result }) }
      return true
    }
    case 'move-task': {
      const slot = entry.tasks[change.taskId - 1]
      if (slot === undefined || !sameGuard(taskGuard(slot.task), change.from)) return false
      const { task, output } = slot
      undo.push(() => {
        slot.task = task
        slot.output = output
      })
      slot.task = { ...task, state: change.state, output: change.output?.figures ?? task.output }
      slot.output = change.output?.payload ?? output
      return true
    }
    case 'begin-attempt': {
      const key = attemptKey(change.attempt)
      assert(!entry.attempts.has(key), `attempt ${key} exists`)
      undo.push(() => entry.attempts.delete(key))
      entry.attempts.set(key, change.attempt)
      return true
    }
    case 'end-attempt': {
      const before = must(entry.attempts.get(attemptKey(change)), `attempt ${attemptKey(change)}`)
      if (before.end !== undefined) return false
      undo.push(() => entry.attempts.set(attemptKey(change), before))
      entry.attempts.set(attemptKey(change), { ...before, end: change.end })
      return true
    }
    default:
      return unreachable(change)
  }
}

function sameGuard<T extends object>(actual: T, wanted: T): boolean {
  return (Object.keys(wanted) as (keyof T)[]).every((key) => actual[key] === wanted[key])
}
