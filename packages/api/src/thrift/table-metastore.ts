import { exception, method, service } from '@moraine/thrift/service'
import { f, opt, struct } from '@moraine/thrift/struct'
import { binary, bool, i32, i64, list, map, string } from '@moraine/thrift/thrift-type'

// The table service as Amoro's IDL declares it (amoro_table_metastore.thrift). Java leaves off what is null: only what a call
// means nothing without is required of callers.

const message = { message: f(1, string) }

export const alreadyExistsException = exception('AlreadyExistsException', message)
export const invalidObjectException = exception('InvalidObjectException', message)
export const noSuchObjectException = exception('NoSuchObjectException', message)
export const metadataException = exception('MetaException', message)
export const notSupportedException = exception('NotSupportedException', message)
export const operationConflictException = exception('OperationConflictException', message)

const texts = map(string, string)

const tableIdentifier = struct('TableIdentifier', {
  catalog: f(1, string),
  database: f(2, string),
  tableName: f(3, string),
})

const catalogMeta = struct('CatalogMeta', {
  catalogName: f(1, string),
  catalogType: f(2, string),
  storageConfigs: opt(3, texts),
  authConfigs: opt(4, texts),
  catalogProperties: opt(5, texts),
})

const primaryKeySpec = struct('PrimaryKeySpec', { fields: opt(1, list(string)) })

const tableMeta = struct('TableMeta', {
  tableIdentifier: f(1, tableIdentifier),
  keySpec: opt(2, primaryKeySpec),
  properties: opt(3, texts),
  locations: opt(4, texts),
  format: opt(5, string),
})

/** `BlockableOperation` */
export const BlockableOperationCode = { optimize: 0, batchWrite: 1 } as const

const blocker = struct('Blocker', {
  blockerId: f(1, string),
  operations: opt(2, list(i32)),
  properties: opt(3, texts),
})

/** Of a {@link blocker}, in milliseconds: clients take one without the first two for illegal. */
export const EXPIRATION_PROPERTY = 'expiration.time'
export const BLOCKER_TIMEOUT_PROPERTY = 'blocker.timeout'
export const CREATE_TIME_PROPERTY = 'create.time'

const partitionFieldData = struct('PartitionFieldData', { name: opt(1, string), value: opt(2, string) })

const dataFile = struct('DataFile', {
  fileType: opt(1, string),
  path: opt(2, string),
  fileSize: opt(3, i64),
  mask: opt(4, i64),
  index: opt(5, i64),
  specId: opt(6, i64),
  partition: opt(7, list(partitionFieldData)),
  recordCount: opt(8, i64),
  upperBounds: opt(9, map(string, binary)),
})

const tableChange = struct('TableChange', {
  innerTable: opt(1, string),
  addFiles: opt(2, list(dataFile)),
  deleteFiles: opt(3, list(dataFile)),
  snapshotId: opt(4, i64),
  snapshotSequence: opt(5, i64),
  parentSnapshotId: opt(6, i64),
})

const updateColumn = struct('UpdateColumn', {
  name: opt(1, string),
  parent: opt(2, string),
  type: opt(3, string),
  doc: opt(4, string),
  operate: opt(5, string),
  isOptional: opt(6, string),
  newName: opt(7, string),
})

const schemaUpdateMeta = struct('SchemaUpdateMeta', {
  schemaId: opt(1, i32),
  updateColumns: opt(2, list(updateColumn)),
})

const tableCommitMeta = struct('TableCommitMeta', {
  tableIdentifier: opt(1, tableIdentifier),
  action: opt(2, string),
  changes: opt(3, list(tableChange)),
  commitTime: opt(4, i64),
  properties: opt(5, texts),
  /** `CommitMetaProducer`: 0 optimize, 1 ingestion, 2 data expiration, 3 clean dangling delete. */
  commitMetaProducer: opt(6, i32),
  schemaUpdateMeta: opt(7, schemaUpdateMeta),
})

const database = { catalogName: f(1, string), database: f(2, string) }
const table = { tableIdentifier: f(1, tableIdentifier) }
const blockerOfTable = { ...table, blockerId: f(2, string) }

/** `AmoroTableMetastore`, by the name that its clients call it. */
export const tableMetastore = service('TableMetastore', {
  ping: method({}, null),
  getCatalogs: method({}, list(catalogMeta)),
  getCatalog: method({ name: f(1, string) }, catalogMeta, [noSuchObjectException]),
  getDatabases: method({ catalogName: f(1, string) }, list(string), [noSuchObjectException]),
  createDatabase: method(database, null, [noSuchObjectException, alreadyExistsException]),
  dropDatabase: method(database, null, [noSuchObjectException, notSupportedException]),
  createTableMeta: method({ tableMeta: f(1, tableMeta) }, null, [
    alreadyExistsException,
    invalidObjectException,
    metadataException,
  ]),
  listTables: method(database, list(tableMeta), [noSuchObjectException]),
  getTable: method(table, tableMeta, [noSuchObjectException]),
  removeTable: method({ ...table, deleteData: opt(2, bool) }, null, [noSuchObjectException, metadataException]),
  tableCommit: method({ commit: opt(1, tableCommitMeta) }, null, [metadataException]),
  allocateTransactionId: method({ ...table, transactionSignature: opt(2, string) }, i64),
  block: method({ ...table, operations: opt(2, list(i32)), properties: opt(3, texts) }, blocker, [
    operationConflictException,
  ]),
  releaseBlocker: method(blockerOfTable, null),
  renewBlocker: method(blockerOfTable, i64, [noSuchObjectException]),
  getBlockers: method(table, list(blocker)),
})
