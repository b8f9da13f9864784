import { isKind, MoraineError } from '@moraine/stdx/error'
import type { TablePointers } from '../internal/table-pointers.ts'
import type { Properties } from '../properties.ts'
import type { Namespace } from '../table-identifier.ts'
import { type JdbcSession, type JdbcStatement, jdbc, jdbcLength, jdbcText } from './jdbc-database.ts'
import { jdbcBeginsWith, jdbcForUpdate, jdbcNextLevel, jdbcWhere } from './jdbc-dialect.ts'
import { JDBC_NAME_LENGTH_MAX, JDBC_VALUE_LENGTH_MAX } from './jdbc-schema.ts'
import { checkJdbcLength, type JdbcStore, jdbcNamespaceText, newJdbcNamespaceText } from './jdbc-store.ts'

type JdbcNamespaces = Pick<
  TablePointers,
  'listNamespaces' | 'findNamespace' | 'addNamespace' | 'swapNamespaceProperties' | 'removeNamespace'
>

/** The property that shows a namespace without others. It is in no answer, and cannot be set. */
const EXISTS = 'exists'

/**
 * Namespaces as Iceberg's JdbcCatalog keeps them: rows of properties. One that has tables or other namespaces is there
 * without any, too.
 */
export function jdbcNamespaces({ database }: JdbcStore): JdbcNamespaces {
  const { dialect } = database
  const whereNamespace = (catalog: string, namespace: string) =>
    jdbcWhere(dialect, { catalog_name: catalog, namespace })
  const propertiesOf = async (session: JdbcSession, catalog: string, text: string, suffix = jdbcText('')) => {
    const where = whereNamespace(catalog, text)
    const rows = await session.query(
      jdbc`SELECT property_key, property_value FROM iceberg_namespace_properties WHERE ${where}${suffix}`,
    )
    return new Map(rows.map(({ property_key: key, property_value: value }) => [key ?? '', value ?? '']))
  }
  /** Whether the namespace has tables, views or namespaces. */
  const isOccupied = async (session: JdbcSession, catalog: string, text: string): Promise<boolean> => {
    const tables = jdbc`SELECT 1 FROM iceberg_tables WHERE ${jdbcWhere(dialect, { catalog_name: catalog })}`
    const names = jdbc`SELECT 1 FROM iceberg_namespace_properties WHERE ${jdbcWhere(dialect, { catalog_name: catalog })}`
    const looks = [
      jdbc`${tables} AND ${jdbcWhere(dialect, { table_namespace: text })} LIMIT 1`,
      jdbc`${tables} AND ${jdbcBeginsWith(dialect, 'table_namespace', `${text}.`)} LIMIT 1`,
      jdbc`${names} AND ${jdbcBeginsWith(dialect, 'namespace', `${text}.`)} LIMIT 1`,
    ]
    for (const look of looks) if ((await session.query(look)).length > 0) return true
    return false
  }
  const insert = (session: JdbcSession, catalog: string, text: string, key: string, value: string) =>
    session.execute(
      jdbc`INSERT INTO iceberg_namespace_properties (catalog_name, namespace, property_key, property_value) VALUES (${catalog}, ${text}, ${key}, ${value})`,
    )
  const find = async (catalog: string, text: string): Promise<Properties | undefined> => {
    const properties = await propertiesOf(database, catalog, text)
    const isThere = properties.size > 0 || (await isOccupied(database, catalog, text))
    return isThere ? visible(properties) : undefined
  }

  return {
    async listNamespaces(catalog, parent, { after = '', limit }) {
      const text = jdbcNamespaceText(parent)
      if (text === undefined) return []
      const prefix = parent.length === 0 ? '' : `${text}.`
      const children = (table: string, column: string): JdbcStatement => {
        const beneath = prefix === '' ? jdbcText('') : jdbc` AND ${jdbcBeginsWith(dialect, column, prefix)}`
        const child = jdbcNextLevel(dialect, column, jdbcLength(prefix))
        const where = jdbcWhere(dialect, { catalog_name: catalog })
        return jdbc`SELECT ${child} AS child FROM ${jdbcText(table)} WHERE ${where}${beneath}`
      }
      const all = jdbc`${children('iceberg_tables', 'table_namespace')} UNION ${children('iceberg_namespace_properties', 'namespace')}`
      const rows = await database.query(
        jdbc`SELECT child FROM (${all}) found WHERE child > ${after} ORDER BY child LIMIT ${jdbcText(String(limit))}`,
      )
      return rows.map(({ child }) => [...parent, child ?? ''])
    },

    async findNamespace(catalog, namespace) {
      const text = jdbcNamespaceText(namespace)
      return text === undefined ? undefined : find(catalog, text)
    },

    async addNamespace(catalog, namespace, properties) {
      const text = newJdbcNamespaceText(namespace)
      checkProperties(namespace, properties)
      if ((await find(catalog, text)) !== undefined) return 'exists'
      const isAdded = await unlessTaken(() =>
        database.transaction(async (session) => {
          await insert(session, catalog, text, EXISTS, 'true')
          for (const [key, value] of Object.entries(properties)) await insert(session, catalog, text, key, value)
          return true
        }),
      )
      return isAdded ? 'added' : 'exists'
    },

    async swapNamespaceProperties(catalog, namespace, expected, properties) {
      const text = newJdbcNamespaceText(namespace)
      checkProperties(namespace, properties)
      if ((await find(catalog, text)) === undefined) return false
      return unlessTaken(() =>
        database.transaction(async (session) => {
          const present = await propertiesOf(session, catalog, text, jdbcForUpdate(dialect))
          // Whoever changes the namespace holds this row, whatever else it has.
          if (!present.has(EXISTS)) await insert(session, catalog, text, EXISTS, 'true')
          if (!isSame(visible(present), expected)) return false
          // Only what changes: other writers, who compare nothing, may be changing the rest.
          for (const key of changedKeys(expected, properties)) {
            if (present.has(key)) {
              const where = jdbc`${whereNamespace(catalog, text)} AND ${jdbcWhere(dialect, { property_key: key })}`
              await session.execute(jdbc`DELETE FROM iceberg_namespace_properties WHERE ${where}`)
            }
            const value = Object.hasOwn(properties, key) ? properties[key] : undefined
            if (value !== undefined) await insert(session, catalog, text, key, value)
          }
          return true
        }),
      )
    },

    async removeNamespace(catalog, namespace) {
      const text = jdbcNamespaceText(namespace)
      if (text === undefined) return 'absent'
      return orTryAgain(text, () =>
        database.transaction(async (session) => {
          const present = await propertiesOf(session, catalog, text, jdbcForUpdate(dialect))
          if (await isOccupied(session, catalog, text)) return 'not-empty'
          if (present.size === 0) return 'absent'
          await session.execute(jdbc`DELETE FROM iceberg_namespace_properties WHERE ${whereNamespace(catalog, text)}`)
          return 'removed'
        }),
      )
    },
  }
}

/** Whoever has the key, or is in the way, was first. */
async function unlessTaken(change: () => Promise<boolean>): Promise<boolean> {
  try {
    return await change()
  } catch (error) {
    if (isKind(error, 'already-exists') || isKind(error, 'conflict')) return false
    throw error
  }
}

/** Here `conflict` would mean that the namespace is not empty. */
async function orTryAgain<T>(name: string, change: () => Promise<T>): Promise<T> {
  try {
    return await change()
  } catch (cause) {
    if (!isKind(cause, 'conflict')) throw cause
    throw new MoraineError('unavailable', `namespace ${name} is being changed by others; try again`, { cause })
  }
}

function visible(properties: ReadonlyMap<string, string>): Properties {
  return Object.fromEntries([...properties].filter(([key]) => key !== EXISTS))
}

function changedKeys(before: Properties, after: Properties): readonly string[] {
  const [was, is] = [new Map(Object.entries(before)), new Map(Object.entries(after))]
  return [...new Set([...was.keys(), ...is.keys()])].filter((key) => was.get(key) !== is.get(key))
}

function isSame(one: Properties, other: Properties): boolean {
  return changedKeys(one, other).length === 0
}

function checkProperties(namespace: Namespace, properties: Properties): void {
  const name = namespace.join('.')
  for (const [key, value] of Object.entries(properties)) {
    if (key === EXISTS) {
      const text = `namespace ${name}: the property ${EXISTS} is a JDBC catalog's own; choose another name`
      throw new MoraineError('invalid-input', text)
    }
    checkJdbcLength(`the name of property ${key} of namespace ${name}`, key, JDBC_NAME_LENGTH_MAX)
    checkJdbcLength(`property ${key} of namespace ${name}`, value, JDBC_VALUE_LENGTH_MAX)
  }
}
