import { type CreateIndexNode, type CreateTableNode, MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler } from 'kysely'
import type { ServerDialect } from '../server/server-database.ts'

/** @param collation for all text: one in which names are equal only if they are written alike */
export function mysqlDialect(collation: string): ServerDialect {
  return {
    createAdapter: () => new MysqlAdapter(),
    createQueryCompiler: () => new MysqlCompiler(collation),
    createIntrospector: (db) => new MysqlIntrospector(db),
  }
}

class MysqlCompiler extends MysqlQueryCompiler {
  readonly #collation: string

  constructor(collation: string) {
    super()
    this.#collation = collation
  }

  /** Whatever the defaults of the database are: they may take `Orders` for `orders`, or lose what is not committed. */
  protected override visitCreateTable(node: CreateTableNode): void {
    super.visitCreateTable(node)
    this.append(` engine = InnoDB default character set utf8mb4 collate ${this.#collation}`)
  }

  /** MySQL does not know `if not exists` here: the pool takes its refusal for what it is. */
  protected override visitCreateIndex(node: CreateIndexNode): void {
    const { ifNotExists: _, ...plain } = node
    super.visitCreateIndex(plain)
  }
}
