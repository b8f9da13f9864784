import { join } from 'node:path'
import { BIGINT, type DuckDBConnection, DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api'
import { sqlText } from '../sql/sql-text.ts'
import { bucketFunctions } from './bucket-functions.ts'
import type { SqlRow } from './child-protocol.ts'

/**
 * The DuckDB database of one task, inside a child process. It can read and write below the task directory and nowhere
 * else, loads no extension, reaches no network, and its settings cannot be changed by a statement.
 */
export class TaskDatabase {
  readonly #instance: DuckDBInstance
  readonly #connection: DuckDBConnection

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance
    this.#connection = connection
  }

  static async open(taskDirectory: string, memoryLimitBytes: number): Promise<TaskDatabase> {
    const instance = await DuckDBInstance.create(':memory:', {
      // One thread keeps the order of rows, and costs less in two processes than two threads do in one.
      threads: '1',
      memory_limit: `${Math.floor(memoryLimitBytes / 1024)}KiB`,
      // Two databases that share a spill directory corrupt each other's files.
      temp_directory: join(taskDirectory, 'spill'),
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    })
    const connection = await instance.connect()
    for (const statement of lockdown(taskDirectory)) await connection.run(statement)
    for (const each of bucketFunctions()) connection.registerScalarFunction(each)
    return new TaskDatabase(instance, connection)
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql)
  }

  async query(sql: string): Promise<readonly SqlRow[]> {
    const reader = await this.#connection.runAndReadAll(sql)
    return reader.getRowObjectsJS()
  }

  async appendKeys(table: string, keys: BigInt64Array): Promise<void> {
    const appender = await this.#connection.createAppender(table)
    for (let start = 0; start < keys.length; start += VECTOR_ROWS) {
      const part = Array.from(keys.subarray(start, start + VECTOR_ROWS))
      const chunk = DuckDBDataChunk.create([BIGINT], part.length)
      chunk.setColumnValues(0, part)
      appender.appendDataChunk(chunk)
    }
    appender.closeSync()
  }

  async readKeys(sql: string): Promise<BigInt64Array> {
    const result = await this.#connection.stream(sql)
    const parts: BigInt64Array[] = []
    let length = 0
    for await (const chunk of result) {
      // The statement's one column is a BIGINT without nulls.
      const part = BigInt64Array.from(chunk.getColumnValues(0) as bigint[])
      parts.push(part)
      length += part.length
    }
    const keys = new BigInt64Array(length)
    let at = 0
    for (const part of parts) {
      keys.set(part, at)
      at += part.length
    }
    return keys
  }

  /** How far the running statement is, from 0 to 1; `undefined` if DuckDB cannot tell. */
  progress(): number | undefined {
    const { percentage } = this.#connection.progress
    return percentage < 0 ? undefined : Math.min(1, percentage / 100)
  }

  interrupt(): void {
    this.#connection.interrupt()
  }

  close(): void {
    this.#connection.disconnectSync()
    this.#instance.closeSync()
  }
}

const VECTOR_ROWS = 2048

// In this order: paths before access is taken away, and the lock last. `allowed_directories` cannot be given to `create`.
function lockdown(taskDirectory: string): readonly string[] {
  return [
    `SET allowed_directories=[${sqlText(`${taskDirectory}/`)}]`,
    'SET enable_external_access=false',
    // Without these three, progress stays unknown.
    'SET enable_progress_bar=true',
    'SET enable_progress_bar_print=false',
    'SET progress_bar_time=0',
    // Either may turn a join round when there are more deletes than rows, and then the order of rows is lost.
    "SET disabled_optimizers='join_order,build_side_probe_side'",
    // Conversions between timestamps with and without zone must not depend on where the optimizer runs.
    "SET TimeZone='UTC'",
    'SET lock_configuration=true',
  ]
}
