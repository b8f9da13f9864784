// The calls of AmoroTableMetastore that connectors and tools make, written down apart from the service's own declaration.

struct TableIdentifier { 1: string catalog; 2: string database; 3: string tableName }

exception AlreadyExistsException { 1: string message }
exception InvalidObjectException { 1: string message }
exception MetaException { 1: string message }
exception NoSuchObjectException { 1: string message }
exception NotSupportedException { 1: string message }
exception OperationConflictException { 1: string message }

struct CatalogMeta {
  1: required string catalogName
  2: required string catalogType
  3: map<string, string> storageConfigs
  4: map<string, string> authConfigs
  5: map<string, string> catalogProperties
}

struct PrimaryKeySpec { 1: list<string> fields }

struct TableMeta {
  1: TableIdentifier tableIdentifier
  2: PrimaryKeySpec keySpec
  3: optional map<string, string> properties
  4: map<string, string> locations
  5: string format
}

enum BlockableOperation { OPTIMIZE = 0, BATCH_WRITE = 1 }

struct Blocker {
  1: string blockerId
  2: list<BlockableOperation> operations
  3: map<string, string> properties
}

service AmoroTableMetastore {
  void ping()
  list<CatalogMeta> getCatalogs()
  CatalogMeta getCatalog(1: string name) throws (1: NoSuchObjectException e)
  list<string> getDatabases(1: string catalogName) throws (1: NoSuchObjectException e)
  void createDatabase(1: string catalogName, 2: string database)
    throws (1: NoSuchObjectException e1, 2: AlreadyExistsException e2)
  void dropDatabase(1: string catalogName, 2: string database)
    throws (1: NoSuchObjectException e1, 2: NotSupportedException e2)
  void createTableMeta(1: TableMeta tableMeta)
    throws (1: AlreadyExistsException e1, 2: InvalidObjectException e2, 3: MetaException e3)
  list<TableMeta> listTables(1: string catalogName, 2: string database) throws (1: NoSuchObjectException e)
  TableMeta getTable(1: TableIdentifier tableIdentifier) throws (1: NoSuchObjectException e)
  void removeTable(1: TableIdentifier tableIdentifier, 2: bool deleteData)
    throws (1: NoSuchObjectException e1, 2: MetaException e2)
  i64 allocateTransactionId(1: TableIdentifier tableIdentifier, 2: string transactionSignature)
  Blocker block(1: TableIdentifier tableIdentifier, 2: list<BlockableOperation> operations, 3: map<string, string> properties)
    throws (1: OperationConflictException e)
  void releaseBlocker(1: TableIdentifier tableIdentifier, 2: string blockerId)
  i64 renewBlocker(1: TableIdentifier tableIdentifier, 2: string blockerId) throws (1: NoSuchObjectException e)
  list<Blocker> getBlockers(1: TableIdentifier tableIdentifier)
}
