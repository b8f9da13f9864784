import { isKind, MoraineError } from '@moraine/stdx/error'
import { type JdbcDatabase, jdbcText } from './jdbc-database.ts'
import { jdbcTableOptions } from './jdbc-dialect.ts'
import { CREATES_JDBC_TABLES, type JdbcSchemaVersion, type JdbcSettings } from './jdbc-settings.ts'

/** Of namespaces; their sum is what the index of a MySQL table can hold in utf8mb4. */
export const JDBC_NAME_LENGTH_MAX = 255
export const JDBC_VALUE_LENGTH_MAX = 1000

/** Whether a database could be reached and has not the tables of a catalog. */
export function lacksJdbcTables(error: unknown): boolean {
  return isKind(error, 'not-found') && error.context['missing'] !== undefined
}

/**
 * Creates the two tables of a catalog if they are missing, and finds out which version they are. A V0 schema becomes V1
 * where that is asked for; a V1 schema stays one.
 *
 * @throws {MoraineError} `not-found` if the tables are missing and are not to be created
 */
export async function prepareJdbcSchema(database: JdbcDatabase, settings: JdbcSettings): Promise<JdbcSchemaVersion> {
  if (settings.createsTables) await createTables(database)
  const version = await versionOf(database)
  if (version === 'V1' || settings.schemaVersion === 'V0') return version
  // Another client may be doing the same.
  await ignoring('already-exists', () => database.execute(jdbcText(ADD_TYPE)))
  return versionOf(database)
}

/**
 * The database of a catalog that was found to have its tables. One that has them no more says nothing of what is in the
 * catalog, as `not-found` would: its clients would take their tables for dropped.
 */
export function withJdbcTables(database: JdbcDatabase): JdbcDatabase {
  const known = async <T>(asking: Promise<T>): Promise<T> => {
    try {
      return await asking
    } catch (cause) {
      if (!isKind(cause, 'not-found')) throw cause
      const remedy =
        'the tables of the catalog, which were there, are gone or others; put them back, or restore the database'
      throw new MoraineError('unavailable', `${cause.message}: ${remedy}`, { cause })
    }
  }
  return {
    ...database,
    query: (statement) => known(database.query(statement)),
    execute: (statement) => known(database.execute(statement)),
    transaction: (work) => known(database.transaction(work)),
  }
}

async function createTables(database: JdbcDatabase): Promise<void> {
  const options = jdbcTableOptions(database.dialect)
  for (const [name, columns] of Object.entries(TABLES)) {
    if (await has(database, `SELECT 1 FROM ${name} WHERE 1 = 0`)) continue
    await ignoring('already-exists', () => database.execute(jdbcText(`CREATE TABLE ${name} (${columns})${options}`)))
  }
}

async function versionOf(database: JdbcDatabase): Promise<JdbcSchemaVersion> {
  for (const name of Object.keys(TABLES)) {
    if (await has(database, `SELECT 1 FROM ${name} WHERE 1 = 0`)) continue
    throw new MoraineError(
      'not-found',
      `${database.place} has no table ${name}; create it, or leave out ${CREATES_JDBC_TABLES}=false`,
      { context: { missing: name } },
    )
  }
  return (await has(database, 'SELECT iceberg_type FROM iceberg_tables WHERE 1 = 0')) ? 'V1' : 'V0'
}

async function has(database: JdbcDatabase, sql: string): Promise<boolean> {
  try {
    await database.query(jdbcText(sql))
    return true
  } catch (error) {
    if (isKind(error, 'not-found')) return false
    throw error
  }
}

async function ignoring(kind: MoraineError['kind'], run: () => Promise<unknown>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!isKind(error, kind)) throw error
  }
}

/** As Iceberg's JdbcCatalog creates them. */
const TABLES = {
  iceberg_tables: `catalog_name VARCHAR(255) NOT NULL, table_namespace VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL,
    metadata_location VARCHAR(1000), previous_metadata_location VARCHAR(1000),
    PRIMARY KEY (catalog_name, table_namespace, table_name)`,
  iceberg_namespace_properties: `catalog_name VARCHAR(255) NOT NULL, namespace VARCHAR(255) NOT NULL, property_key VARCHAR(255),
    property_value VARCHAR(1000), PRIMARY KEY (catalog_name, namespace, property_key)`,
} as const

const ADD_TYPE = 'ALTER TABLE iceberg_tables ADD COLUMN iceberg_type VARCHAR(5)'
