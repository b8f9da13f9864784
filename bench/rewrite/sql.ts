import { DuckDBInstance } from '@duckdb/node-api'

/** A DuckDB of the bench's own, for making tables and checking them; never part of what is measured. */
export type Sql = {
  run(sql: string): Promise<void>
  rows(sql: string): Promise<readonly (readonly unknown[])[]>
  close(): void
}

export async function openSql(): Promise<Sql> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '2GB', temp_directory: '' })
  const connection = await instance.connect()
  return {
    run: async (sql) => {
      await connection.run(sql)
    },
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRows(),
    close: () => {
      connection.disconnectSync()
      instance.closeSync()
    },
  }
}
