import { MoraineError } from '@moraine/stdx/error'
import type { Kysely } from 'kysely'
import type { Database } from '../schema.ts'
import { findMissing } from './migrate.ts'

/**
 * For a server that may not change tables.
 *
 * @throws {MoraineError} `unsupported` if the database is older or newer than this server; `not-found` if it is empty
 */
export async function checkMigrated(db: Kysely<Database>): Promise<void> {
  const missing = await findMissing(db)
  const [next] = missing
  if (next === undefined) return
  throw new MoraineError(
    'unsupported',
    `the database lacks ${missing.length} migrations from ${next.version} (${next.name}) on, and database.auto-create-tables is off: start one server with it on`,
  )
}
