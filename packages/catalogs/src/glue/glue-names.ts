import { MoraineError } from '@moraine/stdx/error'
import { checkIdentifier, checkNamespace, type Namespace, type TableIdentifier } from '../table-identifier.ts'
import type { GlueSettings } from './glue-settings.ts'

/** The database that a namespace is. Glue keeps names in lower case, so what is looked for may be in either. */
export function glueDatabase(namespace: Namespace): string {
  checkNamespace(namespace)
  const [database = '', ...rest] = namespace
  if (rest.length > 0) {
    throw new MoraineError('unsupported', `namespace ${namespace.join('.')}: those of Glue have one level, not more`)
  }
  return database.toLowerCase()
}

/** The identifier as Glue has it. */
export function glueIdentifier(identifier: TableIdentifier): TableIdentifier {
  checkIdentifier(identifier)
  return { namespace: [glueDatabase(identifier.namespace)], name: identifier.name.toLowerCase() }
}

type Validation = Pick<GlueSettings, 'skipsNameValidation'>

/**
 * Refuses, as `unsupported`, a name for a new database that would come back as another, and one that not all of AWS's
 * engines take, unless `glue.skip-name-validation` allows it.
 */
export function checkNewGlueDatabase(namespace: Namespace, validation: Validation): void {
  glueDatabase(namespace)
  checkNewName(namespace[0] ?? '', 'namespace', 252, validation)
}

/** Likewise for a new table. */
export function checkNewGlueTable(identifier: TableIdentifier, validation: Validation): void {
  checkIdentifier(identifier)
  glueDatabase(identifier.namespace)
  checkNewName(identifier.name, 'table', 255, validation)
}

function checkNewName(name: string, what: string, lengthMax: number, { skipsNameValidation }: Validation): void {
  if (name !== name.toLowerCase()) {
    throw new MoraineError(
      'unsupported',
      `Glue keeps names in lower case: ${what} ${name} would become ${name.toLowerCase()}`,
    )
  }
  if (skipsNameValidation || (/^[a-z0-9_]+$/.test(name) && name.length <= lengthMax)) return
  throw new MoraineError(
    'unsupported',
    `${what} ${name}: AWS's engines take up to ${lengthMax} lower case letters, digits and _; glue.skip-name-validation=true lets others pass`,
  )
}
