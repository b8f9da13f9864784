import { MoraineError } from '@moraine/stdx/error'
import type { Namespace } from '../table-identifier.ts'
import { type JdbcDatabase, jdbcLength } from './jdbc-database.ts'
import { JDBC_NAME_LENGTH_MAX } from './jdbc-schema.ts'
import type { JdbcSchemaVersion } from './jdbc-settings.ts'

/** What the parts of a JDBC catalog work with. */
export type JdbcStore = {
  readonly database: JdbcDatabase
  readonly isStrict: boolean
  /** Others may make a V1 schema of a V0 one at any time. */
  schemaVersion: JdbcSchemaVersion
}

/** As it stands in the database; `undefined` for a namespace that no row can have, since a dot is in one of its levels. */
export function jdbcNamespaceText(namespace: Namespace): string | undefined {
  return namespace.some((level) => level.includes('.')) ? undefined : namespace.join('.')
}

/** Likewise for a namespace that something is to be put in. */
export function newJdbcNamespaceText(namespace: Namespace): string {
  const text = jdbcNamespaceText(namespace)
  if (text === undefined) {
    throw new MoraineError(
      'unsupported',
      `namespace ${JSON.stringify(namespace)}: a JDBC catalog joins levels by dots, so none may have one`,
    )
  }
  checkJdbcLength(`the name of namespace ${text}`, text, JDBC_NAME_LENGTH_MAX)
  return text
}

/** Databases differ in whether they refuse text that is too long for its column, cut it, or take it all. */
export function checkJdbcLength(what: string, text: string, lengthMax: number): void {
  if (jdbcLength(text) > lengthMax) {
    throw new MoraineError(
      'invalid-input',
      `${what} is longer than the ${lengthMax} characters that a JDBC catalog holds`,
    )
  }
}
