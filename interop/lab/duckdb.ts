import { isKind } from '@moraine/stdx/error'
import type { JsonObject, JsonValue } from '@moraine/stdx/exact-json'
import { listOf, record, required, text } from '@moraine/stdx/exact-json-decode'
import { type JsonLinesWorker, type Started, startWorker } from './json-lines-worker.ts'

/**
 * DuckDB with its own Iceberg extension, in a process of its own. Some tables make the extension crash its process:
 * that read fails, and the next one gets a new process.
 */
export type DuckDb = {
  /** Engine and versions, for reports. */
  readonly versions: string
  /** Opens a REST catalog. A crash closes it. */
  attach(name: string, endpoint: string, warehouse: string): Promise<void>
  /** Runs one statement to its end. */
  sql(statement: string, signal?: AbortSignal): Promise<void>
  /** Canonical rows, sorted. */
  readRows(source: DuckDbSource, signal?: AbortSignal): Promise<readonly string[]>
  stop(): Promise<void>
}

/** `relation`: what FROM takes, as `lake.db.t AT (VERSION => 1)` or `(SELECT 1)`. */
export type DuckDbSource =
  | { readonly metadataFile: string; readonly snapshotId?: bigint }
  | { readonly relation: string }

export async function startDuckDb(signal?: AbortSignal): Promise<Started<DuckDb>> {
  const started = await startWorker('duckdb.sh', ['worker'], signal)
  return started.kind === 'started' ? { kind: 'started', engine: await duckDbOf(started.engine) } : started
}

async function duckDbOf(first: JsonLinesWorker): Promise<DuckDb> {
  const word = await first.firstWord
  const version = (name: string) => (word.kind === 'ready' ? required(word.facts, name, text) : '')
  let worker: JsonLinesWorker | undefined = first
  const current = async (signal?: AbortSignal): Promise<JsonLinesWorker> => {
    if (worker !== undefined) return worker
    const started = await startWorker('duckdb.sh', ['worker'], signal)
    if (started.kind === 'unavailable') throw new Error(started.why)
    worker = started.engine
    return worker
  }
  const request = async (operation: JsonObject, signal?: AbortSignal): Promise<JsonValue> => {
    try {
      return await (await current(signal)).request(operation, signal)
    } catch (error) {
      if (isKind(error, 'unavailable')) worker = undefined
      throw error
    }
  }
  return {
    versions: `DuckDB ${version('duckdb')}, Iceberg extension ${version('iceberg')}`,
    attach: async (name, endpoint, warehouse) => void (await request({ attach: { name, endpoint, warehouse } })),
    sql: async (statement, signal) => void (await request({ sql: statement }, signal)),
    async readRows(source, signal) {
      const answer = await request({ read: sourceJson(source) }, signal)
      return required(record(answer, { document: 'answer of DuckDB', kind: 'corrupt' }), 'rows', listOf(text))
    },
    stop: async () => worker?.stop(),
  }
}

function sourceJson(source: DuckDbSource): JsonObject {
  if ('relation' in source || source.snapshotId === undefined) return source
  return { ...source, snapshotId: String(source.snapshotId) }
}
