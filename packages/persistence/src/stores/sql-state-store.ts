import { assertLegal } from '@moraine/management/store/assert-legal'
import type { StateChange } from '@moraine/management/store/state-change'
import type { ApplyOutcome, StateStore } from '@moraine/management/store/state-store'
import { unreachable } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Kysely, UpdateResult } from 'kysely'
import type { EngineWords } from '../engine-words.ts'
import { nameHash } from '../name-hash.ts'
import { discardToRow } from '../rows/discard-row.ts'
import { optimizerStateToRow, optimizerToRow } from '../rows/optimizer-row.ts'
import { processStateToRow, processToRow, resultToJson } from '../rows/process-row.ts'
import { resourceStateToRow, resourceToRow } from '../rows/resource-row.ts'
import { patchToRow } from '../rows/table-row.ts'
import { attemptToRow, taskStateToRow, taskToRow } from '../rows/task-row.ts'
import type { Database } from '../schema.ts'
import { holdsGroup } from './group-use.ts'
import { saveAllocation } from './sql-allocations.ts'
import { holdFence } from './sql-leases.ts'

export function sqlStateStore(db: Kysely<Database>, words: EngineWords): StateStore {
  return {
    async apply(changes, fence) {
      if (changes.length === 0) return { kind: 'applied' }
      for (const change of changes) assertLegal(change)
      const [only] = changes
      // By itself it is whole without a transaction, which others would have to wait for.
      if (fence === undefined && changes.length === 1 && only !== undefined && isOneStatement(only)) {
        return (await applyChange(db, words, only)) ? { kind: 'applied' } : { kind: 'lost', change: only }
      }
      try {
        // What others changed is found out by the guards, each of which keeps its row until the end.
        const transaction = db.transaction().setIsolationLevel('read committed')
        await transaction.execute(async (inside) => {
          if (fence !== undefined && !(await holdFence(inside, words, fence))) throw new Refusal({ kind: 'deposed' })
          for (const change of changes) {
            if (!(await applyChange(inside, words, change))) throw new Refusal({ kind: 'lost', change })
          }
        })
        return { kind: 'applied' }
      } catch (error) {
        if (error instanceof Refusal) return error.outcome
        throw error
      }
    },
  }
}

/** Leaves the transaction, which is then rolled back. */
class Refusal extends Error {
  readonly outcome: Exclude<ApplyOutcome, { readonly kind: 'applied' }>
  constructor(outcome: Refusal['outcome']) {
    super(outcome.kind)
    this.outcome = outcome
  }
}

function isOneStatement({ kind }: StateChange): boolean {
  return kind === 'patch-table' || kind === 'move-optimizer'
}

/** Whether the change's guard held. */
async function applyChange(db: Kysely<Database>, words: EngineWords, change: StateChange): Promise<boolean> {
  switch (change.kind) {
    case 'patch-table':
      return won(
        await db
          .updateTable('managed_table')
          .set((expression) => ({ ...patchToRow(change.patch), version: expression('version', '+', 1) }))
          .where('table_id', '=', change.tableId)
          .where('version', '=', change.from.version)
          .where('phase', '=', change.from.phase)
          .executeTakeFirst(),
      )
    case 'rename-table':
      return renameTable(db, change)
    case 'remove-table':
      return removeTable(db, change)
    case 'set-clocks':
      return setClocks(db, change)
    case 'add-process':
      return addProcess(db, change)
    case 'move-process':
      return won(
        await db
          .updateTable('optimizing_process')
          .set({
            ...processStateToRow(change.state),
            ...(change.result !== undefined && { result: resultToJson(change.result) }),
          })
          .where('process_id', '=', change.processId)
          .where('status', '=', change.from.status)
          .where('commit_attempts', '=', change.from.commitAttempts)
          .executeTakeFirst(),
      )
    case 'remove-process':
      return removeProcess(db, change)
    case 'move-task':
      return moveTask(db, change)
    case 'begin-attempt':
      await db.insertInto('task_attempt').values(attemptToRow(change.attempt)).execute()
      return true
    case 'end-attempt':
      return won(
        await db
          .updateTable('task_attempt')
          .set({ ended_at: change.end.endedAt, outcome: change.end.outcome, reason: change.end.reason ?? null })
          .where('process_id', '=', change.processId)
          .where('task_id', '=', change.taskId)
          .where('attempt', '=', change.attempt)
          .where('ended_at', 'is', null)
          .executeTakeFirst(),
      )
    case 'add-discard':
    case 'postpone-discard':
    case 'name-discards':
    case 'remove-discard':
      return changeDiscard(db, change)
    case 'hold-group':
      return holdsGroup(db, change.group, words.holdRows)
    case 'add-optimizer':
      await db.insertInto('optimizer').values(optimizerToRow(change.optimizer, change.tokenHash)).execute()
      return true
    case 'move-optimizer':
      return won(
        await db
          .updateTable('optimizer')
          .set(optimizerStateToRow(change.state))
          .where('optimizer_id', '=', change.optimizerId)
          .where('status', '=', change.from.status)
          .where('touched_at', '=', change.from.touchedAt)
          .executeTakeFirst(),
      )
    case 'remove-optimizer':
      await db.deleteFrom('optimizer').where('optimizer_id', '=', change.optimizerId).execute()
      return true
    case 'add-resource':
    case 'move-resource':
    case 'remove-resource':
      return changeResource(db, change)
    case 'save-allocation':
      await saveAllocation(db, change.allocation)
      return true
    default:
      return unreachable(change)
  }
}

type ChangeOf<Kind extends StateChange['kind']> = Extract<StateChange, { kind: Kind }>

async function renameTable(db: Kysely<Database>, change: ChangeOf<'rename-table'>): Promise<boolean> {
  const { catalog, namespace, name } = change.name
  const hash = nameHash(catalog, namespace, name)
  const taken = await db.selectFrom('managed_table').select('table_id').where('name_hash', '=', hash).executeTakeFirst()
  if (taken !== undefined) return false
  return won(
    await db
      .updateTable('managed_table')
      .set((expression) => ({
        name_hash: hash,
        catalog_name: catalog,
        namespace: JSON.stringify(namespace),
        table_name: name,
        version: expression('version', '+', 1),
      }))
      .where('table_id', '=', change.tableId)
      .where('version', '=', change.from.version)
      .where('phase', '=', change.from.phase)
      .executeTakeFirst(),
  )
}

async function removeTable(db: Kysely<Database>, change: ChangeOf<'remove-table'>): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('managed_table')
    .where('table_id', '=', change.tableId)
    .where('version', '=', change.from.version)
    .where('phase', '=', change.from.phase)
    .executeTakeFirst()
  for (const owned of ['partition_clock', 'table_blocker'] as const) {
    await db.deleteFrom(owned).where('table_id', '=', change.tableId).execute()
  }
  return numDeletedRows === 1n
}

const NEVER = 0 as EpochMs

async function setClocks(db: Kysely<Database>, change: ChangeOf<'set-clocks'>): Promise<boolean> {
  const column = `${change.type}_at` as const
  for (const key of change.partitionKeys) {
    const partition = { table_id: change.tableId, partition_hash: nameHash(key) }
    const known = await db
      .updateTable('partition_clock')
      .set({ [column]: change.at })
      .where('table_id', '=', partition.table_id)
      .where('partition_hash', '=', partition.partition_hash)
      .executeTakeFirst()
    if (won(known)) continue
    await db
      .insertInto('partition_clock')
      .values({
        ...partition,
        partition_key: key,
        minor_at: NEVER,
        major_at: NEVER,
        full_at: NEVER,
        [column]: change.at,
      })
      .execute()
  }
  return true
}

// Rows of one insert: engines limit the number of parameters of a statement.
const ROWS_PER_INSERT = 200

async function addProcess(db: Kysely<Database>, change: ChangeOf<'add-process'>): Promise<boolean> {
  const { process, plan, tasks } = change
  await db.insertInto('optimizing_process').values(processToRow(process)).execute()
  await db.insertInto('process_plan').values({ process_id: process.processId, plan }).execute()
  for (let start = 0; start < tasks.length; start += ROWS_PER_INSERT) {
    const some = tasks.slice(start, start + ROWS_PER_INSERT)
    const inputs = some.map(({ task, input }) => ({ process_id: task.processId, task_id: task.taskId, input }))
    await db
      .insertInto('task')
      .values(some.map(({ task }) => taskToRow(task)))
      .execute()
    await db.insertInto('task_input').values(inputs).execute()
  }
  return true
}

async function removeProcess(db: Kysely<Database>, { processId }: ChangeOf<'remove-process'>): Promise<boolean> {
  const owned = ['process_plan', 'task', 'task_input', 'task_output', 'task_attempt', 'optimizing_process'] as const
  for (const table of owned) await db.deleteFrom(table).where('process_id', '=', processId).execute()
  return true
}

async function moveTask(db: Kysely<Database>, change: ChangeOf<'move-task'>): Promise<boolean> {
  const { processId, taskId, output } = change
  const moved = await db
    .updateTable('task')
    .set({
      ...taskStateToRow(change.state),
      ...(output !== undefined && { output_figures: JSON.stringify(output.figures) }),
    })
    .where('process_id', '=', processId)
    .where('task_id', '=', taskId)
    .where('status', '=', change.from.status)
    .where('attempts', '=', change.from.attempts)
    .executeTakeFirst()
  if (!won(moved)) return false
  if (output !== undefined) {
    const row = { process_id: processId, task_id: taskId, output: output.payload }
    await db.insertInto('task_output').values(row).execute()
  }
  return true
}

async function changeDiscard(
  db: Kysely<Database>,
  change: ChangeOf<'add-discard' | 'postpone-discard' | 'name-discards' | 'remove-discard'>,
): Promise<boolean> {
  switch (change.kind) {
    case 'add-discard': {
      const { processId, taskId, attempt } = change.discard
      const known = await db
        .selectFrom('output_discard')
        .select('attempt')
        .where('process_id', '=', processId)
        .where('task_id', '=', taskId)
        .where('attempt', '=', attempt)
        .executeTakeFirst()
      if (known === undefined) await db.insertInto('output_discard').values(discardToRow(change.discard)).execute()
      return true
    }
    case 'postpone-discard':
      await db
        .updateTable('output_discard')
        .set((expression) => ({
          due_at: change.dueAt,
          reason: change.reason,
          tries: expression('tries', '+', 1),
        }))
        .where('process_id', '=', change.key.processId)
        .where('task_id', '=', change.key.taskId)
        .where('attempt', '=', change.key.attempt)
        .execute()
      return true
    case 'name-discards':
      await db
        .updateTable('output_discard')
        .set({ table_name: JSON.stringify(change.table) })
        .where('table_id', '=', change.tableId)
        .execute()
      return true
    case 'remove-discard':
      await db
        .deleteFrom('output_discard')
        .where('process_id', '=', change.key.processId)
        .where('task_id', '=', change.key.taskId)
        .where('attempt', '=', change.key.attempt)
        .execute()
      return true
    default:
      return unreachable(change)
  }
}

async function changeResource(
  db: Kysely<Database>,
  change: ChangeOf<'add-resource' | 'move-resource' | 'remove-resource'>,
): Promise<boolean> {
  if (change.kind === 'add-resource') {
    await db.insertInto('resource').values(resourceToRow(change.resource)).execute()
    return true
  }
  if (change.kind === 'remove-resource') {
    await db.deleteFrom('resource').where('resource_id', '=', change.resourceId).execute()
    return true
  }
  return won(
    await db
      .updateTable('resource')
      .set(resourceStateToRow(change.state))
      .where('resource_id', '=', change.resourceId)
      .where('status', '=', change.from.status)
      .where('attempts', '=', change.from.attempts)
      .executeTakeFirst(),
  )
}

function won({ numUpdatedRows }: UpdateResult): boolean {
  return numUpdatedRows === 1n
}
