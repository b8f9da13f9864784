import { isKind, MoraineError } from '@moraine/stdx/error'
import type { InternalPointer, PointerChange, PointerKind, TablePointers } from '../internal/table-pointers.ts'
import { formatIdentifier, type Namespace } from '../table-identifier.ts'
import { type JdbcRow, type JdbcSession, type JdbcStatement, jdbc, jdbcText } from './jdbc-database.ts'
import { jdbcWhere } from './jdbc-dialect.ts'
import { jdbcNamespaces } from './jdbc-namespaces.ts'
import { JDBC_NAME_LENGTH_MAX, JDBC_VALUE_LENGTH_MAX } from './jdbc-schema.ts'
import { checkJdbcLength, type JdbcStore, jdbcNamespaceText, newJdbcNamespaceText } from './jdbc-store.ts'

/**
 * The rows of Iceberg's JdbcCatalog as the pointers of a catalog. A commit is an update that finds its row only if the
 * metadata location is still what it was, as with all writers of these tables.
 */
export function jdbcPointers(store: JdbcStore): TablePointers {
  const { database } = store
  const namespaces = jdbcNamespaces(store)

  return {
    ...namespaces,

    async listPointers(catalog, namespace, kind, { after, limit }) {
      const text = jdbcNamespaceText(namespace)
      if (text === undefined) return []
      const where = jdbcWhere(database.dialect, { catalog_name: catalog, table_namespace: text })
      const beyond = after === undefined ? jdbcText('') : jdbc` AND table_name > ${after}`
      const read = () =>
        database.query(
          jdbc`SELECT * FROM iceberg_tables WHERE ${where}${ofKind(store, kind)}${beyond} ORDER BY table_name LIMIT ${jdbcText(String(limit))}`,
        )
      let rows = await read()
      // Since this catalog was opened, the schema has got views.
      if (noteVersion(store, rows[0])) rows = await read()
      // One that is damaged takes no others out of the list: whoever asks for it is told.
      return rows.map((row) =>
        toPointer({ ...row, metadata_location: row['metadata_location'] ?? '' }, catalog, namespace),
      )
    },

    async findPointer(catalog, namespace, name) {
      const text = jdbcNamespaceText(namespace)
      if (text === undefined) return undefined
      const where = whereTable(store, { catalog, namespace: text, name })
      const [row] = await database.query(jdbc`SELECT * FROM iceberg_tables WHERE ${where}`)
      noteVersion(store, row)
      return row === undefined ? undefined : toPointer(row, catalog, namespace)
    },

    async addPointer(pointer) {
      const insert = insertion(store, pointer)
      const isImplied = pointer.kind === 'table' && !store.isStrict
      if (!isImplied && (await namespaces.findNamespace(pointer.catalog, pointer.namespace)) === undefined) {
        return 'no-namespace'
      }
      return (await unlessRefused(['already-exists'], () => database.execute(insert))) === 1 ? 'added' : 'exists'
    },

    async swapPointer(pointer, next) {
      return (await unlessRefused(['conflict'], () => database.execute(swap(store, pointer, next)))) === 1
    },

    async changePointers(changes) {
      for (const { before, after } of changes) {
        if (before !== undefined || !store.isStrict) continue
        if ((await namespaces.findNamespace(after.catalog, after.namespace)) === undefined) return 'refused'
      }
      // In one order for all, so that nobody waits in a circle.
      const ordered = [...changes].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
      const made = await unlessRefused(['already-exists', 'conflict'], () =>
        database.transaction(async (session) => {
          for (const change of ordered) await makeChange(store, session, change)
          return 1
        }),
      )
      return made === 1 ? 'made' : 'refused'
    },

    async renamePointer({ kind, catalog, namespace, name }, to) {
      const from = newJdbcNamespaceText(namespace)
      const target = newJdbcNamespaceText(to.namespace)
      checkJdbcLength(`the name ${to.name}`, to.name, JDBC_NAME_LENGTH_MAX)
      if ((await namespaces.findNamespace(catalog, to.namespace)) === undefined) return 'no-namespace'
      const where = jdbc`${whereTable(store, { catalog, namespace: from, name })}${ofKind(store, kind)}`
      try {
        const found = await database.execute(
          jdbc`UPDATE iceberg_tables SET table_namespace = ${target}, table_name = ${to.name} WHERE ${where}`,
        )
        return found === 1 ? 'renamed' : 'absent'
      } catch (error) {
        if (isKind(error, 'already-exists')) return 'exists'
        throw error
      }
    },

    async removePointer(catalog, namespace, name, kind) {
      const text = jdbcNamespaceText(namespace)
      if (text === undefined) return false
      const where = jdbc`${whereTable(store, { catalog, namespace: text, name })}${ofKind(store, kind)}`
      return (await database.execute(jdbc`DELETE FROM iceberg_tables WHERE ${where}`)) === 1
    },
  }
}

/** Makes one change of several, or ends them all as `conflict`. */
async function makeChange(store: JdbcStore, session: JdbcSession, { before, after }: PointerChange): Promise<void> {
  const statement = before === undefined ? insertion(store, after) : swap(store, before, after.metadataLocation)
  if ((await session.execute(statement)) === 1) return
  throw new MoraineError('conflict', `${formatIdentifier(after)} is not what it was`)
}

function keyOf({ after: { namespace, name } }: PointerChange): string {
  return JSON.stringify([namespace, name])
}

function whereTable(
  { database: { dialect } }: JdbcStore,
  { catalog, namespace, name }: { readonly catalog: string; readonly namespace: string; readonly name: string },
): JdbcStatement {
  return jdbcWhere(dialect, { catalog_name: catalog, table_namespace: namespace, table_name: name })
}

function swap(store: JdbcStore, { kind, catalog, namespace, name, metadataLocation }: InternalPointer, next: string) {
  checkJdbcLength(`metadata location ${next}`, next, JDBC_VALUE_LENGTH_MAX)
  const table = whereTable(store, { catalog, namespace: newJdbcNamespaceText(namespace), name })
  const where = jdbc`${table} AND ${jdbcWhere(store.database.dialect, { metadata_location: metadataLocation })}`
  return jdbc`UPDATE iceberg_tables SET metadata_location = ${next}, previous_metadata_location = ${metadataLocation} WHERE ${where}${ofKind(store, kind)}`
}

function insertion(
  { schemaVersion }: JdbcStore,
  { kind, catalog, namespace, name, metadataLocation }: InternalPointer,
) {
  const text = newJdbcNamespaceText(namespace)
  checkJdbcLength(`the name ${name}`, name, JDBC_NAME_LENGTH_MAX)
  checkJdbcLength(`metadata location ${metadataLocation}`, metadataLocation, JDBC_VALUE_LENGTH_MAX)
  const values = jdbc`${catalog}, ${text}, ${name}, ${metadataLocation}, NULL`
  const columns = 'catalog_name, table_namespace, table_name, metadata_location, previous_metadata_location'
  return schemaVersion === 'V0'
    ? jdbc`INSERT INTO iceberg_tables (${jdbcText(columns)}) VALUES (${values})`
    : jdbc`INSERT INTO iceberg_tables (${jdbcText(columns)}, iceberg_type) VALUES (${values}, ${kind.toUpperCase()})`
}

/** In a V1 schema, tables from before it have no type. */
function ofKind({ schemaVersion }: JdbcStore, kind: PointerKind): JdbcStatement {
  if (schemaVersion === 'V0') return jdbcText('')
  return jdbcText(
    kind === 'view' ? " AND iceberg_type = 'VIEW'" : " AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)",
  )
}

/** Whether a row shows that the schema has become V1. */
function noteVersion(store: JdbcStore, row: JdbcRow | undefined): boolean {
  if (store.schemaVersion === 'V1' || row === undefined || !('iceberg_type' in row)) return false
  store.schemaVersion = 'V1'
  return true
}

function toPointer(row: JdbcRow, catalog: string, namespace: Namespace): InternalPointer {
  const { table_name: name, metadata_location: metadataLocation, iceberg_type: type } = row
  if (name === null || name === undefined || metadataLocation === null || metadataLocation === undefined) {
    const identifier = formatIdentifier({ namespace, name: name ?? '?' })
    throw new MoraineError('corrupt', `${identifier} has no metadata_location in iceberg_tables of catalog ${catalog}`)
  }
  return { kind: kindOf(type, { namespace, name }), catalog, namespace, name, metadataLocation }
}

function kindOf(type: string | null | undefined, identifier: { namespace: Namespace; name: string }): PointerKind {
  if (type === null || type === undefined || type === 'TABLE') return 'table'
  if (type === 'VIEW') return 'view'
  const text = `${formatIdentifier(identifier)} is neither table nor view but ${type} in iceberg_tables`
  throw new MoraineError('unsupported', text)
}

/** The count of rows; none where the database refused because others were first or in the way. */
async function unlessRefused(
  reasons: readonly ('already-exists' | 'conflict')[],
  change: () => Promise<number>,
): Promise<number> {
  try {
    return await change()
  } catch (error) {
    if (reasons.some((reason) => isKind(error, reason))) return 0
    throw error
  }
}
