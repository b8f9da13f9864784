import { MoraineError } from '@moraine/stdx/error'
import type { Kysely } from 'kysely'
import type { Database } from '../schema.ts'
import { initial } from './0001-initial.ts'
import { views } from './0002-views.ts'
import { answeredRequests } from './0003-answered-requests.ts'
import { droppedTables } from './0004-dropped-tables.ts'
import { catalogConfigs } from './0005-catalog-configs.ts'
import { principals } from './0006-principals.ts'
import { metricsReports } from './0007-metrics-reports.ts'
import { pointerFolders } from './0008-pointer-folders.ts'
import { leases } from './0009-leases.ts'
import { tableHolds } from './0010-table-holds.ts'
import { places } from './0011-places.ts'
import { catalogVersions } from './0012-catalog-versions.ts'
import { uploadedFiles } from './0013-uploaded-files.ts'
import { claimedKeys } from './0014-claimed-keys.ts'
import { resources } from './0015-resources.ts'
import { groupAllocations } from './0016-group-allocations.ts'
import { placesByAnyName } from './0017-places-by-any-name.ts'
import { keptOutputs } from './0018-kept-outputs.ts'
import { answersToRequests } from './0019-answers-to-requests.ts'
import { requestedTables } from './0020-requested-tables.ts'
import type { ColumnTypes, Migration } from './migration.ts'

/** All steps, in order of version, without gaps. */
export const MIGRATIONS: readonly Migration[] = [
  initial,
  views,
  answeredRequests,
  droppedTables,
  catalogConfigs,
  principals,
  metricsReports,
  pointerFolders,
  leases,
  tableHolds,
  places,
  catalogVersions,
  uploadedFiles,
  claimedKeys,
  resources,
  groupAllocations,
  placesByAnyName,
  keptOutputs,
  answersToRequests,
  requestedTables,
]

type MigratedDatabase = Database & { schema_migration: { version: number; name: string } }

/**
 * Brings the database to the newest version, each step in a transaction with its entry in `schema_migration`, so that a
 * crash leaves it at some version and never between two.
 *
 * @throws {MoraineError} `unsupported` if a newer server has migrated it already.
 */
export async function migrate(
  db: Kysely<Database>,
  types: ColumnTypes,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  const migrated = withVersions(db)
  await db.schema
    .createTable('schema_migration')
    .ifNotExists()
    .addColumn('version', 'integer', (column) => column.primaryKey())
    .addColumn('name', 'varchar(255)', (column) => column.notNull())
    .execute()
  for (const migration of await findMissing(db, migrations)) {
    await migrated.transaction().execute(async (transaction) => {
      await migration.up(transaction as unknown as Kysely<Database>, types)
      const { version, name } = migration
      await transaction.insertInto('schema_migration').values({ version, name }).execute()
    })
  }
}

/**
 * The steps that the database has not been through.
 *
 * @throws {MoraineError} `unsupported` if it has been through others, of a newer server
 */
export async function findMissing(
  db: Kysely<Database>,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<readonly Migration[]> {
  const last = await withVersions(db)
    .selectFrom('schema_migration')
    .select(['version', 'name'])
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  const newest = migrations.at(-1)?.version ?? 0
  if (last !== undefined && last.version > newest) {
    throw new MoraineError(
      'unsupported',
      `the database is at version ${last.version} (${last.name}), this server knows versions up to ${newest}: run a server at least as new as the one that wrote it`,
    )
  }
  return migrations.filter(({ version }) => version > (last?.version ?? 0))
}

function withVersions(db: Kysely<Database>): Kysely<MigratedDatabase> {
  return db as unknown as Kysely<MigratedDatabase>
}
