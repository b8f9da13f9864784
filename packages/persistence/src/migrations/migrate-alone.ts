import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { Kysely } from 'kysely'
import type { Database } from '../schema.ts'
import { MIGRATIONS, migrate } from './migrate.ts'
import type { ColumnTypes, Migration } from './migration.ts'

/** A lock that lives as long as the connection that has it. */
export type MigrationLock = {
  /** Whether it could be had now. */
  take(connection: Kysely<Database>): Promise<boolean>
  give(connection: Kysely<Database>): Promise<unknown>
}

/** Migrations of big tables take their time. */
const PATIENCE_MS = 10 * 60_000
const LOOK_AGAIN_MS = 100

/**
 * Migrates while no other server does: of two that start at once, the second finds done what the first did.
 *
 * @throws {MoraineError} as `migrate`; `unavailable` if another takes too long
 */
export async function migrateAlone(
  db: Kysely<Database>,
  { lock, types, clock }: { readonly lock: MigrationLock; readonly types: ColumnTypes; readonly clock: Clock },
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  await db.connection().execute(async (connection) => {
    const since = clock.monotonicMs()
    while (!(await lock.take(connection))) {
      if (clock.monotonicMs() - since > PATIENCE_MS) {
        throw new MoraineError('unavailable', 'another server has been migrating the database for ten minutes')
      }
      await clock.sleep(LOOK_AGAIN_MS)
    }
    try {
      await migrate(connection, types, migrations)
    } finally {
      // Where the connection is lost, the lock is, too.
      await lock.give(connection).catch(() => undefined)
    }
  })
}
