import { exception, method, service } from '@moraine/thrift/service'
import { f, opt, struct } from '@moraine/thrift/struct'
import { readTree, type ThriftStruct, writeTree } from '@moraine/thrift/thrift-tree'
import { bool, i32, i64, list, map, string, type ThriftType } from '@moraine/thrift/thrift-type'
import { WireType } from '@moraine/thrift/wire-type'

// The part of hive_metastore.thrift (Apache Hive) that an Iceberg catalog needs. It is the same in Hive 2.3, 3 and 4,
// except that Hive 4 is giving up the calls without a request struct.

/** A struct of which a part is changed and all else must stay as it is, fields of later versions included. */
const tree: ThriftType<ThriftStruct> = { wireType: WireType.struct, read: readTree, write: writeTree }

const message = { message: opt(1, string) }
export const metaException = exception('MetaException', message)
const unknownDb = exception('UnknownDBException', message)
export const alreadyExists = exception('AlreadyExistsException', message)
export const invalidObject = exception('InvalidObjectException', message)
export const noSuchObject = exception('NoSuchObjectException', message)
export const invalidOperation = exception('InvalidOperationException', message)
export const noSuchLock = exception('NoSuchLockException', message)
const noSuchTxn = exception('NoSuchTxnException', message)
const txnAborted = exception('TxnAbortedException', message)
const txnOpen = exception('TxnOpenException', message)

const environmentContext = struct('EnvironmentContext', { properties: f(1, map(string, string)) })
const getTableRequest = struct('GetTableRequest', { dbName: f(1, string), tblName: f(2, string) })
const getTableResult = struct('GetTableResult', { table: f(1, tree) })
const getTablesRequest = struct('GetTablesRequest', { dbName: f(1, string), tblNames: f(2, list(string)) })
const getTablesResult = struct('GetTablesResult', { tables: f(1, list(tree)) })

export const LockType = { exclusive: 3 } as const
export const LockLevel = { db: 1, table: 2 } as const
export const LockState = { acquired: 1, waiting: 2 } as const

const lockComponent = struct('LockComponent', {
  type: f(1, i32),
  level: f(2, i32),
  dbname: f(3, string),
  tablename: opt(4, string),
})
const lockRequest = struct('LockRequest', {
  component: f(1, list(lockComponent)),
  user: f(3, string),
  hostname: f(4, string),
  agentInfo: opt(5, string),
})
const lockResponse = struct('LockResponse', { lockid: f(1, i64), state: f(2, i32), errorMessage: opt(3, string) })
const ofLock = { lockid: f(1, i64) }
const showLocksRequest = struct('ShowLocksRequest', { dbname: opt(1, string), tablename: opt(2, string) })
const shownLock = struct('ShowLocksResponseElement', {
  lockid: f(1, i64),
  dbname: f(2, string),
  tablename: opt(3, string),
  state: f(5, i32),
  user: f(10, string),
  hostname: f(11, string),
  agentInfo: opt(13, string),
})
const showLocksResponse = struct('ShowLocksResponse', { locks: opt(1, list(shownLock)) })

export const hiveMetastore = service('ThriftHiveMetastore', {
  get_all_databases: method({}, list(string), [metaException]),
  get_database: method({ name: f(1, string) }, tree, [noSuchObject, metaException]),
  create_database: method({ database: f(1, tree) }, null, [alreadyExists, invalidObject, metaException]),
  alter_database: method({ dbname: f(1, string), db: f(2, tree) }, null, [metaException, noSuchObject]),
  drop_database: method({ name: f(1, string), deleteData: f(2, bool), cascade: f(3, bool) }, null, [
    noSuchObject,
    invalidOperation,
    metaException,
  ]),

  get_all_tables: method({ db_name: f(1, string) }, list(string), [metaException]),
  get_table: method({ dbname: f(1, string), tbl_name: f(2, string) }, tree, [metaException, noSuchObject]),
  get_table_req: method({ req: f(1, getTableRequest) }, getTableResult, [metaException, noSuchObject]),
  get_table_objects_by_name: method({ dbname: f(1, string), tbl_names: f(2, list(string)) }, list(tree), [
    metaException,
    invalidOperation,
    unknownDb,
  ]),
  get_table_objects_by_name_req: method({ req: f(1, getTablesRequest) }, getTablesResult, [
    metaException,
    invalidOperation,
    unknownDb,
  ]),
  create_table_with_environment_context: method(
    { tbl: f(1, tree), environment_context: f(2, environmentContext) },
    null,
    [alreadyExists, invalidObject, metaException, noSuchObject],
  ),
  alter_table_with_environment_context: method(
    {
      dbname: f(1, string),
      tbl_name: f(2, string),
      new_tbl: f(3, tree),
      environment_context: f(4, environmentContext),
    },
    null,
    [invalidOperation, metaException],
  ),
  drop_table: method({ dbname: f(1, string), name: f(2, string), deleteData: f(3, bool) }, null, [
    noSuchObject,
    metaException,
  ]),

  lock: method({ rqst: f(1, lockRequest) }, lockResponse, [noSuchTxn, txnAborted]),
  check_lock: method({ rqst: f(1, struct('CheckLockRequest', ofLock)) }, lockResponse, [
    noSuchTxn,
    txnAborted,
    noSuchLock,
  ]),
  heartbeat: method({ ids: f(1, struct('HeartbeatRequest', ofLock)) }, null, [noSuchLock, noSuchTxn, txnAborted]),
  unlock: method({ rqst: f(1, struct('UnlockRequest', ofLock)) }, null, [noSuchLock, txnOpen]),
  show_locks: method({ rqst: f(1, showLocksRequest) }, showLocksResponse),
})
