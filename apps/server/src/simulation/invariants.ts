import type { TableId } from '@moraine/lifecycle/identity'
import { openProcessId } from '@moraine/management/records/managed-table'
import { runningAssignment } from '@moraine/management/records/task'
import type { StateChange } from '@moraine/management/store/state-change'
import type { MemoryState } from '@moraine/testkit/memory-stores/memory-state'
import { checkRows, type Lake } from './lake.ts'

/** The first rule that the present state breaks; `undefined` if all hold. Looked at after every step. */
export function brokenInvariant(state: MemoryState, lake: Lake): string | undefined {
  for (const table of lake.tables.values()) checkRows(lake, table)
  return lake.violations[0] ?? brokenAttempts(state) ?? brokenOwnership(state) ?? brokenEnd(state, lake)
}

/** A task has at most one live attempt, and only while it is assigned. */
function brokenAttempts({ processes }: MemoryState): string | undefined {
  for (const { tasks, attempts, process } of processes.values()) {
    const live = new Map<number, number[]>()
    for (const { taskId, attempt, end } of attempts.values()) {
      if (end === undefined) live.set(taskId, [...(live.get(taskId) ?? []), attempt])
    }
    for (const { task } of tasks) {
      const running = runningAssignment(task)?.attempt
      const [actual, ...more] = live.get(task.taskId) ?? []
      if (actual === running && more.length === 0) continue
      const all = [actual, ...more].filter((attempt) => attempt !== undefined)
      return `task ${process.processId}/${task.taskId} is ${task.state.status} with live attempts [${all}]`
    }
  }
  return undefined
}

/** A table executes or commits exactly while the process it names does, and no process runs without its table. */
function brokenOwnership({ tables, processes }: MemoryState): string | undefined {
  for (const table of tables.values()) {
    const processId = openProcessId(table)
    const status = processId && processes.get(processId)?.process.state.status
    if (processId !== undefined && status !== table.state.phase) {
      return `table ${table.tableId} is ${table.state.phase}, its process ${processId} is ${status}`
    }
  }
  for (const { process } of processes.values()) {
    const { status } = process.state
    const table = tables.get(process.tableId)
    const open = status === 'executing' || status === 'committing'
    if (open && (table === undefined || openProcessId(table) !== process.processId)) {
      return `process ${process.processId} is ${status} without its table`
    }
  }
  return undefined
}

/** A process whose work is in its table is not called failed, and no task is tried more often than it may be. */
function brokenEnd({ processes }: MemoryState, lake: Lake): string | undefined {
  for (const { process, tasks } of processes.values()) {
    const { processId, executeRetries } = process
    const inTable = [...lake.tables.values()].some(({ committed }) => committed.has(processId))
    if (inTable && process.state.status === 'failed') return `process ${processId} failed, but it did commit`
    const often = tasks.find(({ task }) => task.state.failures > executeRetries + 1)
    if (often !== undefined) return `task ${processId}/${often.task.taskId} failed ${often.task.state.failures} times`
  }
  return undefined
}

/** What was decided before a table was held is written this much later at most: a server may stand still in between. */
const LATE_MS = 3 * 60_000

/** A table that somebody has held for long, by a pause or a lease, is not planned, and none of its tasks is handed out. */
export function brokenHold(state: MemoryState, changes: readonly StateChange[], nowMs: number): string | undefined {
  for (const change of changes) {
    const begun = workBegunBy(change)
    const since = begun && heldSince(state, begun.tableId, nowMs)
    if (begun !== undefined && since !== undefined && since < nowMs - LATE_MS) {
      return `table ${begun.tableId} has been held for ${nowMs - since} ms, and ${begun.work}`
    }
  }
  return undefined
}

function heldSince({ tables, blockers }: MemoryState, tableId: TableId, nowMs: number): number | undefined {
  const leases = [...blockers.values()].filter(
    (lease) => lease.tableId === tableId && lease.operations.includes('optimize') && lease.expiresAt > nowMs,
  )
  return tables.get(tableId)?.pause?.since ?? leases[0]?.createdAt
}

function workBegunBy(change: StateChange): { readonly tableId: TableId; readonly work: string } | undefined {
  if (change.kind === 'begin-attempt') return { tableId: change.attempt.tableId, work: 'a task of it is handed out' }
  const isPlanned = change.kind === 'patch-table' && change.patch.state?.phase === 'planning'
  return isPlanned ? { tableId: change.tableId, work: 'it is planned' } : undefined
}

/** A result that is accepted must come from the attempt that the task is under; every payload and reason names its own. */
export function brokenAcceptance(changes: readonly StateChange[]): string | undefined {
  for (const change of changes) {
    if (change.kind !== 'end-attempt' && change.kind !== 'move-task') continue
    const { processId, taskId } = change
    const claimed = claimedAttempt(change)
    const current = change.kind === 'move-task' ? change.from.attempts : change.attempt
    if (claimed !== undefined && Number(claimed) !== current) {
      return `task ${processId}/${taskId} accepts the report of attempt ${claimed} in attempt ${current}`
    }
  }
  return undefined
}

function claimedAttempt(change: Extract<StateChange, { kind: 'end-attempt' | 'move-task' }>): string | undefined {
  if (change.kind === 'move-task') return /-(\d+)-out/.exec(change.output?.payload ?? '')?.[1]
  return change.end.outcome === 'failed' ? /in attempt (\d+)/.exec(change.end.reason ?? '')?.[1] : undefined
}
