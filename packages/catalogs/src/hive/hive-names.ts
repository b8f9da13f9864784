import { MoraineError } from '@moraine/stdx/error'
import { checkIdentifier, checkNamespace, type Namespace, type TableIdentifier } from '../table-identifier.ts'

/** The database that a namespace is. Hive takes upper case for lower case, so what is looked for may be in either. */
export function hiveDatabase(namespace: Namespace): string {
  checkNamespace(namespace)
  const [database = '', ...rest] = namespace
  if (rest.length > 0) {
    throw new MoraineError('unsupported', `namespace ${namespace.join('.')}: those of Hive have one level, not more`)
  }
  return database.toLowerCase()
}

/** The identifier as the metastore has it. */
export function hiveIdentifier(identifier: TableIdentifier): TableIdentifier {
  checkIdentifier(identifier)
  return { namespace: [hiveDatabase(identifier.namespace)], name: identifier.name.toLowerCase() }
}

/** Refuses, as `unsupported`, a name for a new database that would not come back as it was given. */
export function checkNewDatabase(namespace: Namespace): void {
  const name = hiveDatabase(namespace)
  refuseCase(namespace[0] ?? '', 'namespace')
  if (!/^\w+$/.test(name) || name.length > NAME_LENGTH_MAX) throw refused('namespace', name, 'letters, digits and _')
}

/** Likewise for a new table. Which signs a name may have is up to the metastore: Hive 3 takes `/`, Hive 4 most others. */
export function checkNewTable({ namespace, name }: TableIdentifier): void {
  checkIdentifier({ namespace, name })
  hiveDatabase(namespace)
  refuseCase(name, 'table')
  if (!TABLE_NAME.test(name) || name.length > NAME_LENGTH_MAX) {
    throw refused('table', name, 'ASCII letters, digits, and signs other than \\ @ `')
  }
}

const TABLE_NAME = /^[\w "#$%&'()*+,\-./:;<=>?[\]^{|}~!]+$/
const NAME_LENGTH_MAX = 128

function refuseCase(name: string, what: string): void {
  if (name !== name.toLowerCase()) {
    throw new MoraineError(
      'unsupported',
      `Hive keeps names in lower case: ${what} ${name} would become ${name.toLowerCase()}`,
    )
  }
}

function refused(what: string, name: string, holds: string): MoraineError {
  const text = `Hive cannot hold a ${what} named ${name}: it takes up to ${NAME_LENGTH_MAX} ${holds}`
  return new MoraineError('unsupported', text)
}
