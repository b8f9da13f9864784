import { DuckDBInstance } from '@duckdb/node-api'

// One half of a plain DuckDB rewrite, in a process of its own: one statement, one thread, no verification, no commit.
const [sql = '', spill = ''] = process.argv.slice(2)
const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '512MB', temp_directory: spill })
const connection = await instance.connect()
await connection.run(sql)
