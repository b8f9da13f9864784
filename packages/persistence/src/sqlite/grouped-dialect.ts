import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { NodeSqlite } from './node-sqlite.ts'
import { WriteGroups } from './write-groups.ts'

/** Kysely over one SQLite database, with group commit. */
export function groupedDialect(database: NodeSqlite): Dialect {
  return {
    createDriver: () => new GroupedDriver(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new ConcurrentAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  }
}

/** Statements may come side by side: who has to wait for whom is for the groups to say. */
class ConcurrentAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

class GroupedDriver implements Driver {
  readonly #database: NodeSqlite
  readonly #groups: WriteGroups

  constructor(database: NodeSqlite) {
    this.#database = database
    this.#groups = new WriteGroups(database, (flush) => void setImmediate(flush))
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<GroupedConnection> {
    return new GroupedConnection(this.#database, this.#groups)
  }

  async beginTransaction(connection: GroupedConnection): Promise<void> {
    await this.#groups.begin()
    connection.isInTransaction = true
  }

  async commitTransaction(connection: GroupedConnection): Promise<void> {
    connection.isInTransaction = false
    await this.#groups.commit()
  }

  async rollbackTransaction(connection: GroupedConnection): Promise<void> {
    connection.isInTransaction = false
    this.#groups.rollback()
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#groups.flush()
    this.#database.close()
  }
}

class GroupedConnection implements DatabaseConnection {
  isInTransaction = false
  readonly #database: NodeSqlite
  readonly #groups: WriteGroups

  constructor(database: NodeSqlite, groups: WriteGroups) {
    this.#database = database
    this.#groups = groups
  }

  async executeQuery<Row>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<Row>> {
    const statement = () => this.#database.execute<Row>(sql, parameters)
    if (this.isInTransaction) return this.#groups.inside(statement)
    return this.#groups.run(statement, SelectQueryNode.is(query) ? 'read' : 'write')
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query)
  }
}
