import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Kysely, type KyselyPlugin, sql } from 'kysely'
import { MIGRATIONS, migrate } from '../migrations/migrate.ts'
import type { ColumnTypes, Migration } from '../migrations/migration.ts'
import type { Database } from '../schema.ts'

/** An empty database. */
export type RawDatabase = {
  readonly db: Kysely<Database>
  readonly types: ColumnTypes
  close(): Promise<void>
}

/**
 * Every migration, on an engine: it keeps what the version before has stored, and can be run again after it was cut off
 * behind any of its statements, whether or not the engine takes back what it had done.
 */
export function migrationsConformance(name: string, open: () => Promise<RawDatabase>): void {
  describe(`${name}: migrations`, () => {
    for (const migration of MIGRATIONS) {
      test(`${migration.version} (${migration.name}) keeps what is stored, wherever it is cut off`, async () => {
        for (let statements = 0; await isCutOff(open, migration, statements); statements += 1);
      })
    }
  })
}

/** Whether the migration has more than so many statements. */
async function isCutOff(open: () => Promise<RawDatabase>, migration: Migration, statements: number): Promise<boolean> {
  const { db, types, close } = await open()
  try {
    const before = MIGRATIONS.filter(({ version }) => version < migration.version)
    await migrate(db, types, before)
    const stored = await storeInEveryTable(db)
    const cut: Migration = {
      ...migration,
      up: (inside) => migration.up(inside.withPlugin(cutAfter(statements)), types),
    }
    const isCut = await migrate(db, types, [...before, cut]).then(
      () => false,
      (error: unknown) => {
        assert.equal(error, CUT)
        return true
      },
    )
    await migrate(db, types, [...before, migration])
    await migrate(db, types, [...before, migration])
    for (const [table, row] of stored) {
      if (migration.remakes?.includes(table) !== true) await assertHolds(db, table, row)
    }
    await storeInEveryTable(db, 'again')
    return isCut
  } finally {
    await close()
  }
}

const CUT = new Error('cut off')

function cutAfter(statements: number): KyselyPlugin {
  let made = 0
  return {
    transformQuery({ node }) {
      made += 1
      if (made > statements) throw CUT
      return node
    },
    transformResult: async ({ result }) => result,
  }
}

type Row = Readonly<Record<string, string | number>>

/** A row with a value in every column of every table, but for the migrations' own. */
async function storeInEveryTable(db: Kysely<Database>, text = 'text'): Promise<ReadonlyMap<string, Row>> {
  const stored = new Map<string, Row>()
  for (const { name, columns } of await db.introspection.getTables()) {
    if (name === 'schema_migration') continue
    const row = Object.fromEntries(
      columns.map((column) => [column.name, /char|text/i.test(column.dataType) ? text : text.length]),
    )
    await sql`insert into ${sql.table(name)} (${sql.join(Object.keys(row).map((column) => sql.ref(column)))})
      values (${sql.join(Object.values(row))})`.execute(db)
    stored.set(name, row)
  }
  return stored
}

async function assertHolds(db: Kysely<Database>, table: string, row: Row): Promise<void> {
  const { rows } = await sql<Row>`select * from ${sql.table(table)}`.execute(db)
  const known = rows.map((found) => Object.fromEntries(Object.keys(row).map((column) => [column, found[column]])))
  assert.ok(
    known.some((found) => JSON.stringify(found) === JSON.stringify(row)),
    `${table} has lost ${JSON.stringify(row)}: ${JSON.stringify(rows)}`,
  )
}
