import { ENDED_PROCESS } from '@moraine/lifecycle/process-status'
import type { ProcessStore } from '@moraine/management/records/process-store'
import type { Kysely } from 'kysely'
import { processFromRow } from '../rows/process-row.ts'
import type { Database } from '../schema.ts'

export function sqlProcesses(db: Kysely<Database>): ProcessStore {
  return {
    async findProcess(processId) {
      const row = await db
        .selectFrom('optimizing_process')
        .selectAll()
        .where('process_id', '=', processId)
        .executeTakeFirst()
      return row && processFromRow(row)
    },
    async findPlan(processId) {
      const row = await db
        .selectFrom('process_plan')
        .select('plan')
        .where('process_id', '=', processId)
        .executeTakeFirst()
      return row?.plan
    },
    async listProcesses({ tableId, statuses, type, offset, limit }) {
      let query = db.selectFrom('optimizing_process').where('table_id', '=', tableId)
      if (statuses !== undefined) query = query.where('status', 'in', statuses)
      if (type !== undefined) query = query.where('optimizing_type', '=', type)
      const { total } = await query.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
      const rows = await query.selectAll().orderBy('process_id', 'desc').limit(limit).offset(offset).execute()
      return { processes: rows.map(processFromRow), total: Number(total) }
    },
    async listOpenProcesses({ status, after, limit }) {
      let asked = db.selectFrom('optimizing_process').where('status', '=', status)
      if (after !== undefined) asked = asked.where('process_id', '>', after)
      return (await asked.selectAll().orderBy('process_id').limit(limit).execute()).map(processFromRow)
    },
    async listFinished(before, limit) {
      const rows = await db
        .selectFrom('optimizing_process')
        .select('process_id')
        .where('status', 'in', ENDED_PROCESS)
        .where('ended_at', '<', before)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('output_discard')
                .select('attempt')
                .whereRef('process_id', '=', 'optimizing_process.process_id'),
            ),
          ),
        )
        .orderBy('process_id')
        .limit(limit)
        .execute()
      return rows.map((row) => row.process_id)
    },
  }
}
