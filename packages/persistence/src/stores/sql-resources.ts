import { LIVE_OPTIMIZER } from '@moraine/lifecycle/optimizer-status'
import { LIVE_RESOURCE } from '@moraine/lifecycle/resource-status'
import type { OptimizerStore } from '@moraine/management/records/optimizer'
import type { ResourceStore } from '@moraine/management/records/resource'
import type { ResourceGroupStore } from '@moraine/management/records/resource-group'
import type { Kysely } from 'kysely'
import type { EngineWords } from '../engine-words.ts'
import { fromJson } from '../rows/json-column.ts'
import { optimizerFromRow } from '../rows/optimizer-row.ts'
import { resourceFromRow } from '../rows/resource-row.ts'
import type { Database } from '../schema.ts'
import { findGroupUse, holdsGroup } from './group-use.ts'

export function sqlResources(
  db: Kysely<Database>,
  words: EngineWords,
): {
  readonly optimizers: OptimizerStore
  readonly resources: ResourceStore
  readonly groups: ResourceGroupStore
} {
  return { optimizers: sqlOptimizers(db), resources: sqlLaunches(db), groups: sqlGroups(db, words) }
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
        .where('status', 'in', LIVE_OPTIMIZER)
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
        .where('status', 'in', LIVE_OPTIMIZER)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },
    async lastGoneAt(resourceId) {
      const row = await db
        .selectFrom('optimizer')
        .select('gone_at')
        .where('resource_id', '=', resourceId)
        .where('gone_at', 'is not', null)
        .orderBy('gone_at', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row?.gone_at ?? undefined
    },
    async lastAttemptEnds(group) {
      const rows = await db
        .selectFrom('optimizer')
        .where('status', 'in', LIVE_OPTIMIZER)
        .where('group_name', '=', group)
        .select(({ selectFrom }) => [
          'optimizer_id',
          selectFrom('task_attempt')
            .whereRef('task_attempt.optimizer_id', '=', 'optimizer.optimizer_id')
            .where('ended_at', 'is not', null)
            .select('ended_at')
            .orderBy('ended_at', 'desc')
            .limit(1)
            .as('ended_at'),
        ])
        .orderBy('optimizer_id')
        .execute()
      return new Map(
        rows.flatMap(({ optimizer_id, ended_at }) => (ended_at === null ? [] : [[optimizer_id, ended_at]])),
      )
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

function sqlLaunches(db: Kysely<Database>): ResourceStore {
  const lastEnded = (group: string, limit: number) =>
    db
      .selectFrom('resource')
      .selectAll()
      .where('status', '=', 'ended')
      .where('group_name', '=', group)
      .orderBy('ended_at', 'desc')
      .orderBy('resource_id', 'desc')
      .limit(limit)
  return {
    async findResource(resourceId) {
      const query = db.selectFrom('resource').selectAll().where('resource_id', '=', resourceId)
      const row = await query.executeTakeFirst()
      return row && resourceFromRow(row)
    },
    async listResources(group) {
      let query = db
        .selectFrom('resource')
        .selectAll()
        .where('status', 'in', LIVE_RESOURCE)
        .orderBy('requested_at')
        .orderBy('resource_id')
      if (group !== undefined) query = query.where('group_name', '=', group)
      return (await query.execute()).map(resourceFromRow)
    },
    listLastEnded: async (group, limit) => (await lastEnded(group, limit).execute()).map(resourceFromRow),
    async listFailed(group, limit) {
      const rows = await lastEnded(group, limit).where('is_failure', '=', 1).execute()
      return rows.map(resourceFromRow)
    },
    async listEnded(before, limit) {
      const rows = await db
        .selectFrom('resource')
        .select('resource_id')
        .where('status', '=', 'ended')
        .where('ended_at', '<', before)
        .limit(limit)
        .execute()
      return rows.map((row) => row.resource_id)
    },
  }
}

function sqlGroups(db: Kysely<Database>, words: EngineWords): ResourceGroupStore {
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
    addGroup: ({ name, container, properties }) =>
      db.transaction().execute(async (transaction) => {
        const known = transaction.selectFrom('resource_group').select('name').where('name', '=', name)
        if ((await known.executeTakeFirst()) !== undefined) return false
        const values = { name, container, properties: JSON.stringify(properties) }
        await transaction.insertInto('resource_group').values(values).execute()
        return true
      }),
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
    findUse: (name) => findGroupUse(db, name),
    removeGroup: (name) =>
      // Whoever registers in it holds it: either is seen here, or sees that it is gone.
      db
        .transaction()
        .setIsolationLevel('read committed')
        .execute(async (transaction) => {
          await holdsGroup(transaction, name, words.takeRows)
          const use = await findGroupUse(transaction, name)
          if (use !== undefined) return use
          await transaction.deleteFrom('group_allocation').where('group_name', '=', name).execute()
          await transaction.deleteFrom('resource_group').where('name', '=', name).execute()
          return undefined
        }),
  }
}
