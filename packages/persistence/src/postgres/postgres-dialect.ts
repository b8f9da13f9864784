import {
  type ColumnDefinitionNode,
  type DatabaseIntrospector,
  type DataTypeNode,
  type Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
} from 'kysely'
import type { ServerDialect } from '../server/server-database.ts'

export const POSTGRES_DIALECT: ServerDialect = {
  createAdapter: () => new PostgresAdapter(),
  createQueryCompiler: () => new ExactTextCompiler(),
  createIntrospector: ownSchema,
}

/** Text is ordered by its bytes, as with the other engines, and not by the rules of a language. */
class ExactTextCompiler extends PostgresQueryCompiler {
  #isInColumn = false

  protected override visitColumnDefinition(node: ColumnDefinitionNode): void {
    this.#isInColumn = true
    super.visitColumnDefinition(node)
    this.#isInColumn = false
  }

  protected override visitDataType(node: DataTypeNode): void {
    super.visitDataType(node)
    if (this.#isInColumn && /^(varchar|text)/.test(node.dataType)) this.append(' collate "C"')
  }
}

/** Tables of the schema in use: others may hold tables of the same names. */
function ownSchema(db: Kysely<unknown>): DatabaseIntrospector {
  const all = new PostgresIntrospector(db)
  return {
    getSchemas: () => all.getSchemas(),
    async getTables(options) {
      const { rows } = await sql<{ name: string }>`select current_schema() as name`.execute(db)
      const tables = await all.getTables(options)
      return tables.filter(({ schema }) => schema === rows[0]?.name)
    },
  }
}
