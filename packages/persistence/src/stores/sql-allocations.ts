import type { AllocationStore, GroupAllocation } from '@moraine/management/records/group-allocation'
import type { Kysely } from 'kysely'
import { fromJson } from '../rows/json-column.ts'
import type { Database } from '../schema.ts'

export function sqlAllocations(db: Kysely<Database>): AllocationStore {
  const rows = () => db.selectFrom('group_allocation').select('allocation')
  return {
    async findAllocation(group) {
      const row = await rows().where('group_name', '=', group).executeTakeFirst()
      return row && fromJson<GroupAllocation>(row.allocation)
    },
    async listAllocations() {
      const all = await rows().orderBy('group_name').execute()
      return all.map(({ allocation }) => fromJson<GroupAllocation>(allocation))
    },
  }
}

export async function saveAllocation(db: Kysely<Database>, saved: GroupAllocation): Promise<void> {
  const allocation = JSON.stringify(saved)
  const replaced = await db
    .updateTable('group_allocation')
    .set({ allocation })
    .where('group_name', '=', saved.group)
    .executeTakeFirst()
  if (replaced.numUpdatedRows > 0n) return
  await db.insertInto('group_allocation').values({ group_name: saved.group, allocation }).execute()
}
