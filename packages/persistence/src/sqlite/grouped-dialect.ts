import { must } from '@moraine/stdx/assert'
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
import { ReadTurns } from './read-turns.ts'
import { type Transaction, WriteGroups } from './write-groups.ts'

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
  readonly #turns = new ReadTurns((next) => void setImmediate(next))

  constructor(database: NodeSqlite) {
    this.#database = database
    this.#groups = new WriteGroups(database, (flush) => void setImmediate(flush))
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<GroupedConnection> {
    return new GroupedConnection(this.#database, this.#groups, this.#turns)
  }

  async beginTransaction(connection: GroupedConnection): Promise<void> {
    connection.transaction = await this.#groups.begin()
  }

  async commitTransaction(connection: GroupedConnection): Promise<void> {
    await this.#groups.commit(transactionOf(connection))
    connection.transaction = undefined
  }

  async rollbackTransaction(connection: GroupedConnection): Promise<void> {
    const transaction = transactionOf(connection)
    connection.transaction = undefined
    await this.#groups.rollback(transaction)
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#groups.flush()
    this.#database.close()
  }
}

function transactionOf({ transaction }: GroupedConnection): Transaction {
  return must(transaction, 'the transaction of the connection')
}

class GroupedConnection implements DatabaseConnection {
  transaction: Transaction | undefined
  readonly #database: NodeSqlite
  readonly #groups: WriteGroups
  readonly #turns: ReadTurns

  constructor(database: NodeSqlite, groups: WriteGroups, turns: ReadTurns) {
    this.#database = database
    this.#groups = groups
    this.#turns = turns
  }

  async executeQuery<Row>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<Row>> {
    const statement = () => this.#database.execute<Row>(sql, parameters)
    if (this.transaction !== undefined) return this.#groups.inside(this.transaction, statement)
    if (!SelectQueryNode.is(query)) return this.#groups.run(statement, 'write')
    await this.#turns.take()
    const result = await this.#groups.run(statement, 'read')
    this.#turns.note(result.rows.length)
    return result
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query)
  }
}
