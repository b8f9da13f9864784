import { systemClock } from '@moraine/stdx/clock'
import type { CallFailure } from '@moraine/thrift/call-failure'
import type { BoundService, Handlers } from '@moraine/thrift/dispatch'
import { startThriftServer } from '@moraine/thrift/server'
import { structOf, type ThriftStruct, textValue } from '@moraine/thrift/thrift-tree'
import { DatabaseField, parametersField, TableField, textField } from '../hive-struct.ts'
import {
  alreadyExists,
  hiveMetastore,
  invalidOperation,
  LockState,
  metaException,
  noSuchLock,
  noSuchObject,
} from '../metastore-thrift.ts'

/**
 * A metastore in memory that speaks Hive's protocol, with its locks; like a real one it has a database `default` and
 * knows nothing of Iceberg.
 */
export type FakeMetastore = {
  readonly port: number
  readonly tables: Map<string, ThriftStruct>
  readonly locks: readonly FakeLock[]
  /** Forgets all locks, as those without heartbeats. */
  expireLocks(): void
  /** Runs before a call is carried out. */
  beforeCall: (method: string) => void | Promise<void>
  /** Runs when it is carried out, before the answer. */
  afterCall: (method: string) => void | Promise<void>
  readonly failures: readonly CallFailure[]
  stop(): Promise<void>
}

export type FakeLock = {
  readonly id: bigint
  readonly target: string
  readonly agentInfo: string
  readonly user: string
}

export type FakeOptions = {
  /** Whether it compares the parameter that a change expects (HIVE-26882), as Hive 4 does. */
  readonly comparesPointers?: boolean
  /** Whether it has given up the calls without a request struct, or does not have the others yet. */
  readonly speaks?: 'all' | 'only-requests' | 'no-requests'
}

type Methods = typeof hiveMetastore.methods

export async function startFakeMetastore({
  comparesPointers = false,
  speaks = 'all',
}: FakeOptions = {}): Promise<FakeMetastore> {
  const databases = new Map([['default', structOf({ [DatabaseField.name]: textValue('default') })]])
  const tables = new Map<string, ThriftStruct>()
  const locks: FakeLock[] = []
  const failures: CallFailure[] = []
  const parts = [
    databaseHandlers(databases, tables),
    tableHandlers(databases, tables, comparesPointers),
    lockHandlers(locks),
  ]
  const handlers: Record<string, (args: never, context: never) => unknown> = Object.assign({}, ...parts)
  const fake = {
    tables,
    locks,
    failures,
    expireLocks: () => locks.splice(0),
    beforeCall: (_: string): void | Promise<void> => undefined,
    afterCall: (_: string): void | Promise<void> => undefined,
  }
  for (const [name, handler] of Object.entries(handlers)) {
    handlers[name] = async (args, context) => {
      await fake.beforeCall(name)
      const result = await handler(args, context)
      await fake.afterCall(name)
      return result
    }
  }
  const gone = GONE[speaks]
  const methods = Object.fromEntries(Object.entries(hiveMetastore.methods).filter(([name]) => !gone.includes(name)))
  const server = await startThriftServer({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    transport: 'unframed',
    // As a metastore: one call of a connection after the other.
    maxCallsPerConnection: 1,
    services: [{ service: { name: hiveMetastore.name, methods }, handlers: handlers as BoundService['handlers'] }],
    onFailure: (failure) => failures.push(failure),
  })
  return Object.assign(fake, {
    port: server.port,
    stop: () => server.stop(0),
  })
}

const GONE: Readonly<Record<'all' | 'only-requests' | 'no-requests', readonly string[]>> = {
  all: [],
  'only-requests': ['get_table', 'get_table_objects_by_name'],
  'no-requests': ['get_table_req', 'get_table_objects_by_name_req'],
}

function databaseHandlers(databases: Map<string, ThriftStruct>, tables: Map<string, ThriftStruct>) {
  const find = (name: string) => {
    const database = databases.get(name)
    if (database === undefined) throw noSuchObject.make({ message: name })
    return database
  }
  return {
    get_all_databases: () => [...databases.keys()],
    get_database: ({ name }) => find(name),
    create_database({ database }) {
      const name = textField(database, DatabaseField.name) ?? ''
      if (databases.has(name))
        throw alreadyExists.make({
          message: `Database ${name} already exists`,
        })
      databases.set(name, database)
    },
    alter_database({ dbname, db }) {
      find(dbname)
      databases.set(dbname, db)
    },
    drop_database({ name }) {
      find(name)
      if ([...tables.keys()].some((key) => key.startsWith(`${name}\u0000`))) {
        throw invalidOperation.make({ message: `Database ${name} is not empty` })
      }
      databases.delete(name)
    },
  } satisfies Partial<Handlers<Methods>>
}

export function keyOf(database: string, table: string): string {
  return `${database}\u0000${table}`
}

function tableHandlers(
  databases: ReadonlyMap<string, ThriftStruct>,
  tables: Map<string, ThriftStruct>,
  comparesPointers: boolean,
) {
  const find = (database: string, name: string) => {
    const table = tables.get(keyOf(database, name))
    if (table === undefined)
      throw noSuchObject.make({
        message: `${database}.${name} table not found`,
      })
    return table
  }
  const named = (database: string, names: readonly string[]) =>
    names.flatMap((name) => tables.get(keyOf(database, name)) ?? [])
  const keyOfTable = (table: ThriftStruct) =>
    keyOf(textField(table, TableField.dbName) ?? '', textField(table, TableField.tableName) ?? '')
  return {
    get_all_tables: ({ db_name }) =>
      [...tables.keys()].flatMap((key) => (key.startsWith(`${db_name}\u0000`) ? [key.slice(db_name.length + 1)] : [])),
    get_table: ({ dbname, tbl_name }) => find(dbname, tbl_name),
    get_table_req: ({ req }) => ({ table: find(req.dbName, req.tblName) }),
    get_table_objects_by_name: ({ dbname, tbl_names }) => named(dbname, tbl_names),
    get_table_objects_by_name_req: ({ req }) => ({ tables: named(req.dbName, req.tblNames) }),
    create_table_with_environment_context({ tbl }) {
      const key = keyOfTable(tbl)
      if (!databases.has(textField(tbl, TableField.dbName) ?? '')) throw noSuchObject.make({ message: 'no database' })
      if (tables.has(key)) throw alreadyExists.make({ message: 'Table already exists' })
      tables.set(key, tbl)
    },
    alter_table_with_environment_context({ dbname, tbl_name, new_tbl, environment_context: { properties } }) {
      const key = keyOf(dbname, tbl_name)
      const current = tables.get(key)
      if (current === undefined)
        throw invalidOperation.make({
          message: `${dbname}.${tbl_name} doesn't exist`,
        })
      const expected = properties.get('expected_parameter_key') ?? ''
      const found = parametersField(current, TableField.parameters).get(expected)
      if (comparesPointers && expected !== '' && found !== properties.get('expected_parameter_value')) {
        throw metaException.make({
          message: `The table has been modified. The parameter value for key '${expected}' is '${found}'. The expected was value was '${properties.get('expected_parameter_value')}'`,
        })
      }
      const moved = keyOfTable(new_tbl)
      if (moved !== key && tables.has(moved))
        throw invalidOperation.make({ message: `new table ${moved} already exists` })
      tables.delete(key)
      tables.set(moved, new_tbl)
    },
    drop_table({ dbname, name }) {
      find(dbname, name)
      tables.delete(keyOf(dbname, name))
    },
  } satisfies Partial<Handlers<Methods>>
}

/** Exclusive locks only, each in the order of its request; one on a database stands in the way of those on its tables. */
function lockHandlers(locks: FakeLock[]) {
  let lastId = 0n
  const excludes = (a: string, b: string) => a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`)
  const stateOf = (id: bigint) => {
    const at = locks.findIndex((lock) => lock.id === id)
    const lock = locks[at]
    if (lock === undefined) throw noSuchLock.make({ message: `No such lock lockid:${id}` })
    const isBlocked = locks.slice(0, at).some(({ target }) => excludes(target, lock.target))
    return { lockid: id, state: isBlocked ? LockState.waiting : LockState.acquired }
  }
  return {
    lock({ rqst: { component, agentInfo = 'Unknown', user } }) {
      const [first] = component
      lastId += 1n
      const target = [first?.dbname, first?.tablename].filter((part) => part !== undefined).join('.')
      locks.push({ id: lastId, target, agentInfo, user })
      return stateOf(lastId)
    },
    check_lock: ({ rqst: { lockid } }) => stateOf(lockid),
    heartbeat({ ids: { lockid } }) {
      stateOf(lockid)
    },
    unlock({ rqst: { lockid } }) {
      stateOf(lockid)
      locks.splice(
        locks.findIndex(({ id }) => id === lockid),
        1,
      )
    },
    show_locks: () => ({
      locks: locks.map(({ id, target, agentInfo, user }) => {
        const [dbname = '', tablename] = target.split('.')
        return {
          ...stateOf(id),
          dbname,
          ...(tablename === undefined ? {} : { tablename }),
          agentInfo,
          user,
          hostname: 'h',
        }
      }),
    }),
  } satisfies Partial<Handlers<Methods>>
}
