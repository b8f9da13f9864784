import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DummyDriver, Kysely, type QueryResult, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { Database } from '../schema.ts'
import { preparedQuery } from './prepared-query.ts'

/** A database that notes what it is asked, and has no rows. */
function setUp() {
  const asked: { readonly sql: string; readonly parameters: readonly unknown[] }[] = []
  class NotingDriver extends DummyDriver {
    override async acquireConnection() {
      return {
        async executeQuery<Row>(query: { sql: string; parameters: readonly unknown[] }): Promise<QueryResult<Row>> {
          asked.push({ sql: query.sql, parameters: query.parameters })
          return { rows: [] }
        },
        async *streamQuery(): AsyncGenerator<never> {},
      }
    }
  }
  const db = new Kysely<Database>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new NotingDriver(),
      createIntrospector: (each) => new SqliteIntrospector(each),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })
  return { asked, db }
}

test('a query is built once, and run with the values of each call among those of its own', async () => {
  const { asked, db } = setUp()
  let builds = 0
  const find = preparedQuery((name: string, address: string) => {
    builds += 1
    return db
      .selectFrom('lease')
      .select('epoch')
      .where('address', '=', address)
      .where('epoch', '>', 7)
      .where('name', '=', name)
      .where('holder', '!=', name)
  })
  await find(db, 'a', 'b')
  await find(db, 'c', 'd')
  assert.equal(builds, 1)
  assert.deepEqual(
    asked.map(({ parameters }) => parameters),
    [
      ['b', 7, 'a', 'a'],
      ['d', 7, 'c', 'c'],
    ],
  )
  assert.equal(asked[0]?.sql, asked[1]?.sql)
})
