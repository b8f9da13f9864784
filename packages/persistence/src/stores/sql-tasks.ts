import type { ProcessId, TableId } from '@moraine/lifecycle/identity'
import { ASSIGNED_TASK } from '@moraine/lifecycle/task-status'
import type { DiscardStore } from '@moraine/management/records/discard'
import type { Pause } from '@moraine/management/records/pause'
import {
  type DispatchableProcess,
  NO_TASKS,
  type TaskCounts,
  type TaskStore,
} from '@moraine/management/records/process-store'
import type { EpochMs } from '@moraine/stdx/brand'
import { type Kysely, sql } from 'kysely'
import { discardFromRow } from '../rows/discard-row.ts'
import { fromNullableJson } from '../rows/json-column.ts'
import { settingsFromJson } from '../rows/table-row.ts'
import { attemptFromRow, taskFromRow } from '../rows/task-row.ts'
import type { Database } from '../schema.ts'
import { askInParts } from './keys-in-parts.ts'

export function sqlTasks(db: Kysely<Database>): { readonly tasks: TaskStore; readonly discards: DiscardStore } {
  const tasks: TaskStore = {
    async findTask(processId, taskId) {
      const row = await db
        .selectFrom('task')
        .selectAll()
        .where('process_id', '=', processId)
        .where('task_id', '=', taskId)
        .executeTakeFirst()
      return row && taskFromRow(row)
    },
    async listTasks(processId) {
      const query = db.selectFrom('task').selectAll().where('process_id', '=', processId).orderBy('task_id')
      return (await query.execute()).map(taskFromRow)
    },
    async pageTasks(processId, { offset, limit }) {
      const query = db.selectFrom('task').selectAll().where('process_id', '=', processId).orderBy('task_id')
      return (await query.limit(limit).offset(offset).execute()).map(taskFromRow)
    },
    countTasks: (processIds) => countTasks(db, processIds),
    async listPlanned(processId, limit) {
      const rows = await db
        .selectFrom('task')
        .selectAll()
        .where('process_id', '=', processId)
        .where('status', '=', 'planned')
        .orderBy('task_id')
        .limit(limit)
        .execute()
      return rows.map(taskFromRow)
    },
    async listAssigned({ optimizerId, processId } = {}) {
      let query = db
        .selectFrom('task')
        .selectAll()
        .where('status', 'in', ASSIGNED_TASK)
        .orderBy('process_id')
        .orderBy('task_id')
      if (optimizerId !== undefined) query = query.where('optimizer_id', '=', optimizerId)
      if (processId !== undefined) query = query.where('process_id', '=', processId)
      return (await query.execute()).map(taskFromRow)
    },
    async findInput(processId, taskId) {
      const row = await db
        .selectFrom('task_input')
        .select('input')
        .where('process_id', '=', processId)
        .where('task_id', '=', taskId)
        .executeTakeFirst()
      return row?.input
    },
    async findOutput(processId, taskId) {
      const row = await db
        .selectFrom('task_output')
        .select('output')
        .where('process_id', '=', processId)
        .where('task_id', '=', taskId)
        .executeTakeFirst()
      return row?.output
    },
    listDispatchable: (group) => listDispatchable(db, group),
    sumAttemptTime: (since, now) => sumAttemptTime(db, since, now),
    async listAttempts(processId, taskIds) {
      const ordered = [...new Set(taskIds)].sort((a, b) => a - b)
      const rows = await askInParts(ordered, (some) =>
        db
          .selectFrom('task_attempt')
          .selectAll()
          .where('process_id', '=', processId)
          .where('task_id', 'in', some)
          .orderBy('task_id')
          .orderBy('attempt')
          .execute(),
      )
      return rows.map(attemptFromRow)
    },
    async countGroupTasks() {
      const rows = await db
        .selectFrom('optimizing_process as process')
        .innerJoin('task', 'task.process_id', 'process.process_id')
        .where('process.status', '=', 'executing')
        .select(({ fn }) => ['process.group_name', 'task.status', fn.countAll<number>().as('tasks')])
        .groupBy(['process.group_name', 'task.status'])
        .execute()
      return rows.map(({ group_name: group, status, tasks }) => ({ group, status, tasks: Number(tasks) }))
    },
  }
  return { tasks, discards: sqlDiscards(db) }
}

function sqlDiscards(db: Kysely<Database>): DiscardStore {
  return {
    async listDueDiscards({ from, until }, limit) {
      let asked = db.selectFrom('output_discard').where('due_at', '<=', until)
      if (from !== undefined) asked = asked.where('due_at', '>=', from)
      const rows = await asked
        .selectAll()
        .orderBy('due_at')
        .orderBy('process_id')
        .orderBy('task_id')
        .orderBy('attempt')
        .limit(limit)
        .execute()
      return rows.map(discardFromRow)
    },
    async pageDiscards({ tableId, offset, limit }) {
      let asked = db.selectFrom('output_discard')
      if (tableId !== undefined) asked = asked.where('table_id', '=', tableId)
      const { total } = await asked.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
      const rows = await asked
        .selectAll()
        .orderBy('process_id')
        .orderBy('task_id')
        .orderBy('attempt')
        .limit(limit)
        .offset(offset)
        .execute()
      return { discards: rows.map(discardFromRow), total: Number(total) }
    },
  }
}

async function countTasks(
  db: Kysely<Database>,
  processIds: readonly ProcessId[],
): Promise<ReadonlyMap<ProcessId, TaskCounts>> {
  const counts = new Map(processIds.map((processId) => [processId, { ...NO_TASKS }]))
  const rows = await askInParts([...counts.keys()], (some) =>
    db
      .selectFrom('task')
      .select(({ fn }) => ['process_id', 'status', fn.countAll<number>().as('tasks')])
      .where('process_id', 'in', some)
      .groupBy(['process_id', 'status'])
      .execute(),
  )
  for (const { process_id, status, tasks } of rows) {
    const count = counts.get(process_id)
    if (count !== undefined) count[status] = Number(tasks)
  }
  return counts
}

async function listDispatchable(db: Kysely<Database>, group: string): Promise<readonly DispatchableProcess[]> {
  const rows = await db
    .selectFrom('optimizing_process as process')
    .innerJoin('task', 'task.process_id', 'process.process_id')
    .where('process.status', '=', 'executing')
    .where('process.group_name', '=', group)
    .where('task.status', '=', 'planned')
    .select(({ fn }) => [
      'process.process_id',
      'process.table_id',
      'process.quota',
      'process.is_requested',
      fn.countAll<number>().as('planned'),
    ])
    .groupBy(['process.process_id', 'process.table_id', 'process.quota', 'process.is_requested'])
    .orderBy('process.process_id')
    .execute()
  if (rows.length === 0) return []
  const running = await countRunning(db)
  const assigned = await lastAssigned(
    db,
    rows.map(({ process_id }) => process_id),
  )
  const tables = await restraintsOf(
    db,
    rows.map(({ table_id }) => table_id),
  )
  return rows.flatMap((row): readonly DispatchableProcess[] => {
    const restraints = tables.get(row.table_id)
    if (restraints === undefined) return []
    const process = {
      processId: row.process_id,
      tableId: row.table_id,
      quota: row.quota,
      plannedTasks: Number(row.planned),
      runningTasks: running.get(row.table_id) ?? 0,
      lastAssignedAt: assigned.get(row.process_id) ?? (0 as EpochMs),
      isRequested: row.is_requested === 1,
      ...restraints,
    }
    return [process]
  })
}

async function restraintsOf(
  db: Kysely<Database>,
  tableIds: readonly TableId[],
): Promise<ReadonlyMap<TableId, Pick<DispatchableProcess, 'catalog' | 'settings' | 'pause'>>> {
  const rows = await askInParts([...new Set(tableIds)], (some) =>
    db
      .selectFrom('managed_table')
      .select(['table_id', 'catalog_name', 'settings', 'pause'])
      .where('table_id', 'in', some)
      .execute(),
  )
  return new Map(
    rows.map((row) => [
      row.table_id,
      {
        catalog: row.catalog_name,
        settings: settingsFromJson(row.settings),
        pause: fromNullableJson<Pause>(row.pause),
      },
    ]),
  )
}

async function countRunning(db: Kysely<Database>): Promise<ReadonlyMap<TableId, number>> {
  const rows = await db
    .selectFrom('task')
    .select(({ fn }) => ['table_id', fn.countAll<number>().as('tasks')])
    .where('status', 'in', ASSIGNED_TASK)
    .groupBy('table_id')
    .execute()
  return new Map(rows.map(({ table_id, tasks }) => [table_id, Number(tasks)]))
}

async function lastAssigned(
  db: Kysely<Database>,
  processIds: readonly ProcessId[],
): Promise<ReadonlyMap<ProcessId, EpochMs>> {
  const rows = await askInParts(processIds, (some) =>
    db
      .selectFrom('task_attempt')
      .select(({ fn }) => ['process_id', fn.max('scheduled_at').as('last')])
      .where('process_id', 'in', some)
      .groupBy('process_id')
      .execute(),
  )
  return new Map(rows.map(({ process_id, last }) => [process_id, last]))
}

async function sumAttemptTime(
  db: Kysely<Database>,
  since: EpochMs,
  now: EpochMs,
): Promise<ReadonlyMap<TableId, number>> {
  const begin = sql<number>`case when scheduled_at > ${since} then scheduled_at else ${since} end`
  const end = sql<number>`coalesce(ended_at, ${now})`
  const rows = await db
    .selectFrom('task_attempt')
    .select(['table_id', sql<number>`sum(case when ${end} > ${begin} then ${end} - ${begin} else 0 end)`.as('used_ms')])
    .where((expression) => expression.or([expression('ended_at', 'is', null), expression('ended_at', '>', since)]))
    .groupBy('table_id')
    .execute()
  const used = rows.map(({ table_id, used_ms }) => [table_id, Number(used_ms)] as const)
  return new Map(used.filter(([, ms]) => ms > 0))
}
