import { type JdbcDatabase, jdbc } from './jdbc-database.ts'
import { JDBC_CATALOG_NAME } from './jdbc-settings.ts'

/** Names the catalogs whose rows are in the database, if there are some and none of this one. */
export async function explainEmptyJdbc(database: JdbcDatabase, name: string): Promise<string | undefined> {
  const rows = await database.query(
    jdbc`SELECT catalog_name FROM iceberg_tables UNION SELECT catalog_name FROM iceberg_namespace_properties ORDER BY 1`,
  )
  const names = rows.flatMap(({ catalog_name }) => catalog_name ?? [])
  if (names.length === 0 || names.includes(name)) return undefined
  const more = names.length > NAMES_MAX ? ' and others' : ''
  const found = names.slice(0, NAMES_MAX).map((each) => `'${each}'`)
  return `the database has rows of catalogs ${found.join(', ')}${more}, none of '${name}': say by the property ${JDBC_CATALOG_NAME} what its writers call it`
}

const NAMES_MAX = 10
