import type { Transaction } from 'kysely'
import type { Database } from '../schema.ts'

/** The next number of a sequence, from a row of its own: auto-increment differs from engine to engine. */
export async function nextNumber(db: Transaction<Database>, name: string): Promise<number> {
  const raised = await db
    .updateTable('id_sequence')
    .set((expression) => ({ last_value: expression('last_value', '+', 1) }))
    .where('name', '=', name)
    .executeTakeFirst()
  if (raised.numUpdatedRows === 0n) await db.insertInto('id_sequence').values({ name, last_value: 1 }).execute()
  const row = await db.selectFrom('id_sequence').select('last_value').where('name', '=', name).executeTakeFirstOrThrow()
  return row.last_value
}
