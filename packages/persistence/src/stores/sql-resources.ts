import type { OptimizerStore } from '@moraine/management/resources/optimizer'
import type { ResourceGroupStore } from '@moraine/management/resources/resource-group'
import type { Kysely } from 'kysely'
import { fromJson } from '../rows/json-column.ts'
import { optimizerFromRow } from '../rows/optimizer-row.ts'
import type { Database } from '../schema.ts'

export function sqlResources(db: Kysely<Database>): {
  readonly optimizers: OptimizerStore
  readonly groups: ResourceGroupStore
} {
  return { optimizers: sqlOptimizers(db), groups: sqlGroups(db) }
}

function sqlOptimizers(db: Kysely<Database>): OptimizerStore {
  return {
    async findOptimizer(optimizerId) {
      const query = db.selectFrom('optimizer').selectAll().where('optimizer_id', '=', optimizerId)
      const row = await query.executeTakeFirst()
      return row && optimizerFromRow(row)
    },
    async findOptimizerByToken(tokenHash) {
      const query = db.selectFrom('optimizer').selectAll().where('token_hash', '=', tokenHash)
      const row = await query.executeTakeFirst()
      return row && optimizerFromRow(row)
    },
    async listLiveOptimizers(group) {
      let query = db
        .selectFrom('optimizer')
        .selectAll()
        .where('status', 'in', ['active', 'draining'])
        .orderBy('registered_at')
        .orderBy('optimizer_id')
      if (group !== undefined) query = query.where('group_name', '=', group)
      return (await query.execute()).map(optimizerFromRow)
    },
    async touchOptimizer(optimizerId, now) {
      const { numUpdatedRows } = await db
        .updateTable('optimizer')
        .set({ touched_at: now })
        .where('optimizer_id', '=', optimizerId)
        .where('status', 'in', ['active', 'draining'])
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },
    async listGone(before, limit) {
      const rows = await db
        .selectFrom('optimizer')
        .select('optimizer_id')
        .where('status', '=', 'gone')
        .where('gone_at', '<', before)
        .limit(limit)
        .execute()
      return rows.map((row) => row.optimizer_id)
    },
  }
}

function sqlGroups(db: Kysely<Database>): ResourceGroupStore {
  return {
    async listGroups() {
      const rows = await db
        .selectFrom('resource_group')
        .select(['name', 'container', 'properties'])
        .orderBy('name')
        .execute()
      return rows.map((row) => ({ ...row, properties: fromJson(row.properties) }))
    },
    async findGroup(name) {
      const row = await db
        .selectFrom('resource_group')
        .select(['name', 'container', 'properties'])
        .where('name', '=', name)
        .executeTakeFirst()
      return row && { ...row, properties: fromJson(row.properties) }
    },
    async saveGroup({ name, container, properties }) {
      const values = { container, properties: JSON.stringify(properties) }
      await db.transaction().execute(async (transaction) => {
        const replaced = await transaction
          .updateTable('resource_group')
          .set(values)
          .where('name', '=', name)
          .executeTakeFirst()
        if (replaced.numUpdatedRows === 0n) {
          await transaction
            .insertInto('resource_group')
            .values({ name, ...values })
            .execute()
        }
      })
    },
    async removeGroup(name) {
      await db.deleteFrom('resource_group').where('name', '=', name).execute()
    },
  }
}
