import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Schema } from '@moraine/iceberg/schema/schema'
import type { IcebergType, NestedField, SimpleKind } from '@moraine/iceberg/schema/type'
import type { DataInput, DeleteInput, RewriteGroup } from '@moraine/maintenance/plan/rewrite-plan'
import type { RewriteResult } from '@moraine/maintenance/plan/rewrite-result'
import type { RewriteTask, TaskTable } from '@moraine/maintenance/plan/rewrite-task'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { parquetMetadata, parquetReadObjects, type SchemaElement } from 'hyparquet'
import { type ColumnSource, type ParquetWriteOptions, parquetWriteBuffer } from 'hyparquet-writer'
import { DuckDbPool } from '../duckdb/duckdb-pool.ts'
import { executeTask } from '../execute-task.ts'
import type { TaskContext } from '../task-context.ts'

/** A place to make small tables in, run tasks on them and read what comes out with a reader that is not DuckDB. */
export type RewriteLab = {
  readonly root: string
  readonly pool: DuckDbPool
  readonly context: TaskContext
  /** Writes a Parquet file with hyparquet-writer, exactly as the schema elements say. */
  writeFile(name: string, elements: readonly SchemaElement[], columns: Columns, options?: SampleWriteOptions): string
  /** Writes a Parquet file with DuckDB. `copy` holds options of COPY. */
  writeSql(name: string, sql: string, copy?: string): Promise<string>
  run(task: RewriteTask, context?: Partial<TaskContext>): Promise<RewriteResult>
  /** Files left in the work directory and in the table's output directory. */
  leftovers(): { readonly work: readonly string[]; readonly output: readonly string[] }
  close(): Promise<void>
}

export type Columns = Readonly<Record<string, readonly unknown[]>>
export type SampleWriteOptions = Partial<Pick<ParquetWriteOptions, 'rowGroupSize' | 'codec' | 'pageSize'>>

export function openLab(): RewriteLab {
  const root = mkdtempSync(join(tmpdir(), 'moraine-rewrite-'))
  mkdirSync(join(root, 'data'))
  mkdirSync(join(root, 'out'))
  const pool = new DuckDbPool({ clock: systemClock, size: 1, graceMs: 2000, memoryLimitBytes: 256 * 1024 * 1024 })
  const context: TaskContext = {
    io: localFileIO(systemRandom),
    workDir: join(root, 'work'),
    pool,
    random: systemRandom,
    clock: systemClock,
    signal: new AbortController().signal,
    timeoutMs: 120_000,
    onProgress: () => undefined,
  }
  return {
    root,
    pool,
    context,
    writeFile(name, elements, columns, options = {}) {
      const path = join(root, 'data', name)
      const buffer = parquetWriteBuffer({
        schema: [...elements],
        columnData: Object.entries(columns).map(([column, data]) => ({
          name: column,
          data: data as ColumnSource['data'],
          // The writer's dictionaries, too, take -0 for 0.
          ...(data.some((value) => Object.is(value, -0)) && { encoding: 'PLAIN' as const }),
        })),
        codec: 'UNCOMPRESSED',
        ...options,
      })
      writeFileSync(path, Buffer.from(buffer))
      return path
    },
    async writeSql(name, sql, copy = '') {
      const path = join(root, 'data', name)
      const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
      const connection = await instance.connect()
      await connection.run(`COPY (${sql}) TO '${path}' (FORMAT parquet${copy === '' ? '' : `, ${copy}`})`)
      connection.disconnectSync()
      instance.closeSync()
      return path
    },
    run: (task, overrides = {}) => executeTask(task, { ...context, ...overrides }),
    leftovers: () => ({ work: listing(context.workDir), output: listing(join(root, 'out')) }),
    async close() {
      await pool.close()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

function listing(directory: string): readonly string[] {
  try {
    return readdirSync(directory).toSorted()
  } catch {
    return []
  }
}

/** Id, name and type of a field; tests name simple types by their word. */
export type FieldWords = readonly [number, string, IcebergType | SimpleKind, Partial<NestedField>?]

export function fieldsOf(...fields: FieldWords[]): NestedField[] {
  return fields.map(([id, name, type, more]) => ({
    id,
    name,
    required: false,
    type: typeof type === 'string' ? { kind: type } : type,
    ...more,
  }))
}

export function schemaOf(...fields: FieldWords[]): Schema {
  return { schemaId: 1, fields: fieldsOf(...fields), identifierFieldIds: [] }
}

let attempts = 0

/** A task over the given files, in an unpartitioned table unless told otherwise. */
export function taskOf(
  lab: RewriteLab,
  table: Partial<TaskTable> & Pick<TaskTable, 'schema'>,
  group: Partial<RewriteGroup> & Pick<RewriteGroup, 'inputs'>,
  output: Partial<RewriteTask['output']> = {},
): RewriteTask {
  attempts += 1
  return {
    taskVersion: 1,
    baseSequenceNumber: 100,
    table: {
      name: 'lab.table',
      formatVersion: 2,
      partitionSpecs: [{ specId: 0, fields: [] }],
      sortOrder: { orderId: 0, fields: [] },
      ...table,
    },
    group: {
      groupId: 1,
      specId: 0,
      partition: [],
      partitionPath: '',
      method: { kind: 'rewrite', reason: 'a test asks for it' },
      deletes: [],
      targetSizeBytes: 128 * 1024 * 1024,
      ...group,
    },
    output: {
      directory: `${join(lab.root, 'out')}/`,
      filePrefix: `00001-attempt${attempts}`,
      compression: 'zstd',
      rowGroupSizeBytes: 128 * 1024 * 1024,
      ...output,
    },
    storage: {},
  }
}

/** The manifest's view of a data file. */
export function dataInput(filePath: string, more: Partial<DataInput> = {}): DataInput {
  return {
    filePath,
    fileFormat: 'parquet',
    recordCount: rowsIn(filePath),
    fileSizeBytes: statSync(filePath).size,
    dataSequenceNumber: 1,
    deletes: [],
    ...more,
  }
}

export function deleteFileInput(
  filePath: string,
  more: Partial<DeleteInput> & Pick<DeleteInput, 'content'>,
): DeleteInput {
  return {
    filePath,
    fileFormat: 'parquet',
    specId: 0,
    partition: [],
    recordCount: more.fileFormat === 'puffin' ? 0 : rowsIn(filePath),
    fileSizeBytes: statSync(filePath).size,
    dataSequenceNumber: 2,
    ...(more as Pick<DeleteInput, 'content'>),
  }
}

function rowsIn(path: string): number {
  return Number(parquetMetadata(toArrayBuffer(readFileSync(path))).num_rows)
}

/** Rows of the output files in order, as hyparquet reads them: times and dates as the integers that are stored. */
export async function outputRows(result: RewriteResult): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = []
  for (const file of result.dataFiles) rows.push(...(await storedRows(file.filePath)))
  return rows
}

export async function storedRows(path: string): Promise<Record<string, unknown>[]> {
  const raw = (value: unknown) => value
  return parquetReadObjects({
    file: toArrayBuffer(readFileSync(path)),
    parsers: {
      timestampFromMilliseconds: raw,
      timestampFromMicroseconds: raw,
      timestampFromNanoseconds: raw,
      dateFromDays: raw,
    } as never,
    compressors: COMPRESSORS,
  })
}

/** The schema elements of a file's footer, below the root, without what differs from writer to writer. */
export function storedSchema(path: string): readonly Partial<SchemaElement>[] {
  const { schema } = parquetMetadata(toArrayBuffer(readFileSync(path)))
  return schema.slice(1)
}

const COMPRESSORS = {
  ZSTD: (bytes: Uint8Array) => new Uint8Array(zstdDecompressSync(bytes)),
  GZIP: (bytes: Uint8Array) => new Uint8Array(gunzipSync(bytes)),
}

function toArrayBuffer(bytes: Buffer): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}
