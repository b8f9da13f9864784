import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RewriteTask } from '@moraine/maintenance/plan/rewrite-task'
import { uuidV7 } from '@moraine/stdx/random'
import { makeDirectories } from '@moraine/storage/make-directories'
import { liveRowsSql } from './deletes/live-rows.ts'
import { loadDeletes, stageDeletes } from './deletes/load-deletes.ts'
import { type RowHash, readRowHash, rowHashAggregates } from './evidence/row-hash.ts'
import { readPlan } from './read-plan/read-plan.ts'
import { groupByShape } from './read-plan/row-source.ts'
import { stageInputs } from './staging/stage-inputs.ts'
import type { TaskContext } from './task-context.ts'

/**
 * Reads every column of every live row of a group as a query would: all files opened, all deletes applied. The hash of
 * the rows does not depend on their order, so scans before and after a rewrite can be compared.
 */
export async function scanLiveRows(
  task: RewriteTask,
  context: TaskContext,
): Promise<RowHash & { readonly elapsedMs: number }> {
  const directory = join(context.workDir, `scan-${uuidV7(context.random, context.clock.now())}`)
  await makeDirectories(directory)
  try {
    const plan = readPlan(task)
    const startedAt = context.clock.monotonicMs()
    const inputs = await stageInputs(task.group.inputs, plan, context, directory)
    const staged = await stageDeletes(task.group, plan, context, directory)
    const { value } = await context.pool.withSession(
      directory,
      async (session) => {
        const deletes = await loadDeletes(session, task.group, inputs, staged, plan)
        const live = liveRowsSql(groupByShape(inputs), plan.columns, deletes)
        const [row] = await session.query(`SELECT ${rowHashAggregates(plan.fields, plan.names)} FROM (\n${live}\n)`)
        return readRowHash(row ?? {})
      },
      context.signal,
    )
    return { ...value, elapsedMs: context.clock.monotonicMs() - startedAt }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
