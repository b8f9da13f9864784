import { MoraineError } from '@moraine/stdx/error'
import { type JdbcDatabase, jdbc } from './jdbc-database.ts'

/**
 * The update of a commit, to a row that cannot be: no table has an empty name. The database judges it as it does others,
 * and finds nothing to change.
 *
 * @throws {MoraineError} as a commit would, where rows cannot be changed
 */
export async function probeJdbcCommit(database: JdbcDatabase): Promise<string> {
  const changed = await database.execute(
    jdbc`UPDATE iceberg_tables SET metadata_location = ${'none'}, previous_metadata_location = ${'none'} WHERE catalog_name = ${''} AND table_namespace = ${''} AND table_name = ${''} AND metadata_location = ${'no such file'}`,
  )
  if (changed === 0) return 'rows of tables can be changed; an update that fits none was made'
  throw new MoraineError('verification-failed', `${database.place} changed a row that cannot be`)
}
